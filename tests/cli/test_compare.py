"""`./sra compare`: the tables of a made-up predecessor against ours, on two real databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.postgres import EmbeddedPostgres
from sra_testing.databases import create_database, drop_database, execute_sql

OURS = """
INSERT INTO fmp_eod_price (symbol, date, open, high, low, close, volume, raw_json, run_id, content_hash)
SELECT s, '2025-01-01'::date + d, 1, 3, 1, 2.5 + d, 100, '{}', gen_random_uuid(), '\\x00'
FROM unnest(ARRAY['AAA', 'BBB', 'b.b', 'É']) s, generate_series(0, 9) d
"""
THEIRS = """
CREATE SCHEMA old;
CREATE TABLE old."Prices" (ticker varchar(9), day timestamp, last float8, vol bigint);
INSERT INTO old."Prices" SELECT s, '2025-01-01'::timestamp + make_interval(days => d), 2.5 + d, 100
FROM unnest(ARRAY['AAA', 'BBB', 'b.b', 'É']) s, generate_series(0, 9) d;
"""
CHANGES = """
DELETE FROM old."Prices" WHERE ticker = 'AAA' AND day = '2025-01-03';
INSERT INTO old."Prices" VALUES ('ZZZ', '2025-01-01', 1, 1), ('AAA', '2025-01-01', 9, 9), (NULL, '2025-01-01', 1, 1);
UPDATE old."Prices" SET last = last + 0.004 WHERE ticker = 'É' AND day = '2025-01-02';
UPDATE old."Prices" SET vol = NULL, last = 7 WHERE ticker = 'BBB' AND day >= '2025-01-09';
"""
MAP = """
[tables."old.Prices"]
ours = "public.fmp_eod_price"
key = { symbol = "ticker", date = "day" }
columns = { close = "last", volume = "vol" }
"""


@pytest.fixture
def predecessor(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    dsn = create_database(postgres_server)
    execute_sql(dsn, THEIRS)
    yield dsn
    drop_database(postgres_server, dsn)


@pytest.fixture
def compare(database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("DATABASE_URL", database)
    execute_sql(database, OURS)

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        capfd.readouterr()
        code = run(["compare", *words, "--json"])
        return code, json.loads(capfd.readouterr().out)

    return call


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    path = tmp_path / "map.toml"
    path.write_text(MAP)
    return path


def test_the_same_rows_under_other_names_and_types_are_the_same(compare: Any, predecessor: str, map_file: Path) -> None:
    code, found = compare("--with", predecessor, "--map", str(map_file))
    (table,) = found["tables"]
    assert (code, found["status"], table["is_same"]) == (0, "completed", True)
    assert (table["rows_here"], table["rows_there"], table["matched"]) == (40, 40, 40)


def test_each_kind_of_difference_is_counted_and_shown(compare: Any, predecessor: str, map_file: Path) -> None:
    execute_sql(predecessor, CHANGES)
    code, found = compare("--with", predecessor, "--map", str(map_file), "--examples", "2")
    (table,) = found["tables"]
    assert (code, found["status"]) == (2, "partial")
    counts = {name: value for name, value in table.items() if isinstance(value, int)}
    assert counts == {
        **{"rows_here": 40, "rows_there": 42, "matched": 39, "only_here": 1, "only_there": 1, "different": 3},
        **{"repeated_here": 0, "repeated_there": 1, "without_key_here": 0, "without_key_there": 1, "is_same": False},
    }
    assert table["columns"] == {"close": 3, "volume": 2}
    assert table["examples"]["only_here"] == [{"key": {"symbol": "AAA", "date": "2025-01-03"}}]
    assert table["examples"]["only_there"] == [{"key": {"symbol": "ZZZ", "date": "2025-01-01"}}]
    assert len(table["examples"]["different"]) == 2
    assert table["examples"]["different"][0] == {
        "key": {"symbol": "BBB", "date": "2025-01-09"},
        "values": {"close": {"here": "10.5", "there": "7"}, "volume": {"here": "100", "there": None}},
    }


def test_values_are_rounded_where_the_map_says_so(compare: Any, predecessor: str, map_file: Path) -> None:
    execute_sql(predecessor, """UPDATE old."Prices" SET last = last + 0.004""")
    assert compare("--with", predecessor, "--map", str(map_file))[0] == 2
    map_file.write_text(f"{MAP}places = {{ close = 2 }}\n")
    assert compare("--with", predecessor, "--map", str(map_file))[0] == 0


def test_without_a_map_tables_of_one_name_are_compared_by_our_key(compare: Any, predecessor: str) -> None:
    execute_sql(predecessor, "CREATE TABLE fmp_eod_price (symbol text, date date, close numeric)")
    code, found = compare("--with", predecessor)
    (table,) = found["tables"]
    assert (code, table["ours"], table["theirs"]) == (2, "public.fmp_eod_price", "public.fmp_eod_price")
    assert (table["only_here"], list(table["columns"])) == (40, ["close"])


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (MAP.replace("old.Prices", "old.gone"), "old.gone does not exist in the other database"),
        (MAP.replace("public.fmp_eod_price", "public.gone"), "public.gone does not exist in our database"),
        (MAP.replace('"last"', '"lost"'), "old.Prices has no column 'lost'"),
        (MAP.replace("close =", "shut ="), "fmp_eod_price has no column 'shut'"),
        (MAP + "places = { open = 2 }", "'open', which is not compared"),
        (MAP + "colour = 1", "colour"),
        (
            MAP.replace('"ticker"', '"day"').replace('date = "day"', 'date = "ticker"'),
            "cannot be read as the type of our column",
        ),
        ("tables = 1", "names no table"),
        ("[", "is not TOML"),
    ],
)
def test_a_map_that_does_not_fit_is_reported_in_a_sentence(
    compare: Any, predecessor: str, map_file: Path, text: str, result: str
) -> None:
    map_file.write_text(text)
    code, found = compare("--with", predecessor, "--map", str(map_file))
    assert code == 5
    assert result in found["error"]


def test_tables_without_a_common_name_need_a_map(compare: Any, predecessor: str) -> None:
    code, found = compare("--with", predecessor)
    assert (code, "same name as one of ours" in found["error"]) == (5, True)


def test_an_unreachable_database_is_reported_by_its_option_without_its_password(compare: Any) -> None:
    code, found = compare("--with", "postgresql://u:hunter2secret@127.0.0.1:1/x")
    assert (code, "other database does not respond" in found["error"]) == (5, True)
    code, found = compare("--with", "mysql://u:hunter2secret@h/x")
    assert (code, found["error"].startswith("--with does not have the scheme")) == (5, True)
    assert "hunter2secret" not in str(found)
