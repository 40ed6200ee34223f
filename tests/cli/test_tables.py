"""The output for people at 80 columns: one line per row of a production database, nothing wrapped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from fundata_ingest.catalogue import load_catalogue
from sra_cli.app import run
from sra_cli.commands.load import shorten_file
from sra_cli.ledger_view import UNIT_COLUMNS
from sra_cli.output import Output
from sra_cli.refresh_view import render_refresh
from sra_cli.status_view import list_late_datasets, render_status
from sra_cli.tables import format_duration, format_moment, make_table
from sra_shared.kit.db import Pool
from sra_shared.kit.texts import escape_controls
from sra_shared.runs import RunStatus, TaskType, list_runs
from sra_testing.databases import execute_sql

NOW = datetime(2026, 11, 23, 14, 5, 33, tzinfo=UTC)
LONGEST = "FundYearlyPerformanceRankingByClass"
MANY = 12_345_678
RUN = """
INSERT INTO task_execution_log (task_id, task_type, status, work_key, overdue, started_at, duration_seconds,
                                records_processed, errors_count)
VALUES ('{number:08d}-0000-4000-8000-000000000001', '{task_type}', '{status}', '{number}', true,
        now() - interval '5 hours', 14400, 50123456, 26)"""
REJECT = """
INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, detail, raw)
VALUES (gen_random_uuid(), 'fundata', '{dataset}', '{file}', 12345678, 'missing_identifier', '{detail}', 'x')"""
COUNTS = {"read": MANY, "stored": MANY, "unchanged": MANY, "duplicate": 1_234_567, "rejected": 12_345}


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def draw(shown: RenderableType) -> list[str]:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(shown)
    lines = captured.get().splitlines()
    assert max(len(line) for line in lines) <= 80, "\n".join(lines)
    return lines


def find_line(lines: Sequence[str], *parts: str) -> str:
    found = [line for line in lines if all(part in line for part in parts)]
    assert len(found) == 1, (parts, "\n".join(lines))
    return found[0]


def test_every_run_is_one_line(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = [(task_type, status) for task_type in TaskType for status in RunStatus]
    execute_sql(
        database,
        *(
            RUN.format(number=number, task_type=task_type, status=status)
            for number, (task_type, status) in enumerate(kinds)
        ),
    )
    monkeypatch.setenv("DATABASE_URL", database)
    assert run(["runs", "--limit", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    for number, (task_type, status) in enumerate(kinds):
        find_line(lines, f"{number:08d}", f" {task_type} ", f"{status} late", "4h 00m", "50,123,456")


def test_refresh_is_one_line_for_each_step_and_dataset() -> None:
    steps = [
        {
            "step": step,
            "status": "completed",
            "seconds": 3672.4,
            "error": None,
            "datasets": [{"dataset": name, **COUNTS}],
        }
        for step, name in (("fundata_quotes", "Pricing"), ("fundata_data", LONGEST), ("fmp", "balance_sheet_growth"))
    ]
    lines = draw(render_refresh({"status": "completed", "steps": steps}))
    assert "1h 01m" in find_line(lines, "fundata_quotes", "completed", "12,345,678")
    for name in (LONGEST, "balance_sheet_growth", "Pricing"):
        find_line(lines, name, "12,345,678", "12,345")


def test_units_of_a_run_are_one_line_each() -> None:
    lines = draw(make_table("", UNIT_COLUMNS, [[LONGEST, "completed", *COUNTS.values()]]))
    find_line(lines, LONGEST, "completed", "12,345,678", " 12,345")


def make_freshness(source: str, dataset: str, **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        "source": source,
        "dataset": dataset,
        "newest_record": NOW.date(),
        "last_success_at": NOW,
        "rows_stored": 50_123_456,
        "rows_rejected": 12_345,
        "is_late": False,
        "error": None,
    }
    return row | fields


def test_freshness_is_one_line_per_dataset_and_shows_what_is_late() -> None:
    late = {"is_late": True, "lag_sessions": 2, "expected_record": NOW.date(), "expected_at": datetime.now(UTC)}
    names = [dataset.name for dataset in load_catalogue().datasets]
    rows = [make_freshness("fundata", name) for name in names]
    rows += [make_freshness("fmp", "eod_prices", **late), make_freshness("views", "fundata_quotes_history")]
    rows += [make_freshness("views", "equity_page", is_late=True, error="The check failed: 3 rows lack a name.")]
    result = {
        "status": "healthy",
        "problems": [],
        "gateway_url": "http://127.0.0.1:8080",
        "database": {"address": "postgresql://u:***@h/d", "server": "17.2", "revision": "0009", "sandbox": False},
    }
    lines = draw(render_status(result, [], rows))
    for name in names:
        find_line(lines, f"{name} ", "2026-11-23", "50,123,456")
    assert "2 sessions late" in find_line(lines, "eod_prices", "late")
    assert [line.partition(":")[0] for line in list_late_datasets(rows)] == ["fmp eod_prices", "views equity_page"]


async def test_a_running_history_is_one_line_with_its_cost(database: str, pool: Pool) -> None:
    execute_sql(database, RUN.format(number=1, task_type="fmp_backfill", status="running"))
    cost = {"from": "2016-10-14", "to": "2026-11-28", "calls": 193_796, "minutes": 215.4, "datasets": []}
    await pool.execute("UPDATE task_execution_log SET details = $1", {"cost": cost})
    async with pool.acquire() as connection:
        tasks = await list_runs(connection)
    result = {
        "status": "healthy",
        "problems": [],
        "gateway_url": None,
        "database": {"address": "postgresql://u:***@h/d", "server": "17.2", "revision": "0009", "sandbox": False},
    }
    lines = draw(render_status(result, tasks, []))
    find_line(lines, "history", "00000001: about 193,796 calls, 215 minutes, from 2016-10-14")


def test_rejects_are_one_line_each_and_keep_place_and_reason(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    detail = "the header has 42 fields and this line has 41, of which the last is cut off in the middle of a word"
    files = [
        f"data/{LONGEST}Seed.csv",
        "quotes/Pricing2015to2025/Pricing2024to2025.csv",
        "quotes/FundDailyNAVPSSeed.csv",
    ]
    execute_sql(
        database,
        *(REJECT.format(dataset=LONGEST, file=file, detail=detail) for file in files),
    )
    monkeypatch.setenv("DATABASE_URL", database)
    assert run(["rejects"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    for file in files:
        find_line(lines, f"{shorten_file(file)}:12345678", "missing_identifier")
    find_line(lines, LONGEST, "missing_identifier", " 3 ")


def test_detail_fills_the_remaining_width() -> None:
    columns, row = (
        ("#id", "place", "reason", "~detail"),
        ["17", "FundDailyNAVPS:2345", "negative_navps", "navps is -1.25"],
    )
    assert "navps is -1.25" in find_line(draw(make_table("", columns, [row])), "FundDailyNAVPS:2345")
    long = [*row[:3], "a detail that continues and continues for longer than the line has room for it"]
    assert find_line(draw(make_table("", columns, [long])), "FundDailyNAVPS:2345").rstrip().endswith("…")


def test_long_texts_wrap_between_words() -> None:
    text = "The webhook returned 503 for each of the last five messages, so that no message arrived since yesterday."
    lines = draw(make_table("", ("began", ">what"), [[format_moment(NOW, now=NOW), text]]))
    assert " ".join(" ".join(line.split()) for line in lines[1:]).replace("11-23 14:05 ", "") == text


@pytest.mark.parametrize(
    ("moment", "shown"),
    [(NOW, "11-23 14:05"), (NOW - timedelta(days=400), "2025-10-19"), (None, "")],
)
def test_moments_are_short(moment: datetime | None, shown: str) -> None:
    assert format_moment(moment, now=NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (0.04, "0.0 s"), (83.24, "83.2 s"), (754, "12m 34s"), (14_399.6, "4h 00m"), (360_000, "100h 00m")],
)
def test_durations_are_short(seconds: float | None, shown: str) -> None:
    assert format_duration(seconds) == shown


HOSTILE = "a\x1b[2J\x9b1mb\u202ec\r\nd\x00\ud800é\xa0"


def test_foreign_texts_are_escaped_for_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    shown = "a\\x1b[2J\\x9b1mb\\u202ec\\r\\nd\\x00\\ud800é\xa0"
    assert escape_controls(HOSTILE) == shown
    output = Output(as_json=False)
    output.print_note(HOSTILE)
    output.show({}, render=lambda: make_table("", ("name",), [[HOSTILE]]))
    output.show({}, render=lambda: HOSTILE)
    Output(as_json=True).show({"name": HOSTILE})
    said = capsys.readouterr()
    for sign in "\x1b\x9b\u202e\r\x00\ud800":
        assert sign not in said.out + said.err
    assert json.loads(said.out.splitlines()[-1]) == {"name": HOSTILE}
