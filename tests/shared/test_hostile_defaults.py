"""A role with hostile defaults: SERIALIZABLE, time-outs of milliseconds, odd forms of every value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.stack import SAMPLE
from sra_testing.databases import create_database, drop_database, execute_sql
from sra_testing.kept_logs import keep_logs
from sra_testing.stand_in import TEST_KEY, run_stand_in

ROLE, PASSWORD = "hostile_owner", "of-the-hostile-owner"
HOSTILE = {
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "search_path": "nowhere",
    "timezone": "Asia/Kathmandu",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "client_encoding": "LATIN1",
    "gin_fuzzy_search_limit": "1",
    "row_security": "off",
    "exit_on_error": "on",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "200ms",
    "idle_in_transaction_session_timeout": "1ms",
    "enable_seqscan": "off",
    "work_mem": "64kB",
}
LATER = {17: {"transaction_timeout": "1ms"}}


@pytest.fixture
def hostile_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    dsn = create_database(postgres_server)
    name = dsn.rpartition("/")[2]
    binaries = postgres_server.binaries
    assert binaries is not None
    later = [found for since, found in LATER.items() if binaries.major >= since]
    settings = HOSTILE | {key: value for found in later for key, value in found.items()}
    execute_sql(
        postgres_server.build_dsn(),
        f"CREATE ROLE {ROLE} LOGIN CREATEROLE PASSWORD '{PASSWORD}'",
        f'ALTER DATABASE "{name}" OWNER TO {ROLE}',
        *(f"ALTER ROLE {ROLE} SET {key} = {_quote(key, value)}" for key, value in settings.items()),
    )
    with keep_logs():
        yield f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{postgres_server.port}/{name}"
    drop_database(postgres_server, dsn)
    execute_sql(postgres_server.build_dsn(), f"DROP ROLE {ROLE}")


def _quote(name: str, value: str) -> str:
    # lists are no single value
    return value if name in ("search_path", "datestyle") else f"'{value}'"


def test_migrations_loads_and_a_collection_are_unaffected(
    hostile_database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", hostile_database)

    def call(*words: str) -> dict[str, Any]:
        capfd.readouterr()
        code = run([*words, "--json"])
        said = capfd.readouterr()
        assert code == 0, said.err
        response: dict[str, Any] = json.loads(said.out)
        return response

    call("migrate", "--sandbox")
    first = call("load", str(SAMPLE))
    stored = sum(file["stored"] for file in first["files"])
    assert (len(first["files"]), first["status"]) == (26, "completed")
    assert stored > 0
    for _ in range(2):
        again = call("load", str(SAMPLE))
        assert sum(file["stored"] for file in again["files"]) == 0
    with run_stand_in() as stand_in:
        monkeypatch.setenv("FMP_API_KEY", TEST_KEY)
        monkeypatch.setenv("FMP_BASE_URL", stand_in.fmp_base_url)
        monkeypatch.setenv("FMP_BULK_CALLS_PER_MINUTE", "600")
        assert call("fmp", "universe")["stored"] > 0
    rows = call("psql", "-c", "SELECT count(*) AS rows FROM fundata_data")["rows"]
    assert rows[0]["rows"] > 0
