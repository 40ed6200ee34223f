"""Commands that read a database: migrate, status, runs, rejects, psql."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import open_connection
from sra_shared.runs import RunRequest, TaskType, request_run
from sra_testing.databases import execute_sql, run_async

REJECT = """
INSERT INTO rejected_record (run_id, source, dataset, file_path, line, reason, detail, raw, resolved_at)
VALUES (gen_random_uuid(), 'fundata', '{dataset}', 'quotes/a.csv', {line}, '{reason}', 'why', '\\xff41', {resolved})"""

HOLD = (
    "UPDATE task_execution_log SET status = 'held', task_type = 'daily_quotes', source = 'fmp' WHERE task_id = '{run}'",
    "INSERT INTO run_unit (task_id, unit, dataset, status) VALUES ('{run}', 'universe', 'universe', 'held')",
    "INSERT INTO run_unit (task_id, unit, dataset, status) VALUES ('{run}', 'quote', 'quote', 'completed')",
)


@pytest.fixture
def command(database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Run a command with --json on the test's database; return its exit code and its object."""
    monkeypatch.setenv("DATABASE_URL", database)

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        capfd.readouterr()
        code = run([*words, "--json"])
        said = capfd.readouterr().out
        assert said.count("\n") == 1, said
        return code, json.loads(said)

    return call


def start_run(dsn: str) -> str:
    async def start() -> str:
        connection = await open_connection(dsn, application_name="test")
        try:
            requested = await request_run(connection, RunRequest(task_type=TaskType.CSV_IMPORT), source="fundata")
            return str(requested.task.task_id)
        finally:
            await connection.close()

    return run_async(start())


def test_migrate_creates_everything_and_can_be_repeated(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database.replace("postgresql://", "postgres://") + "?sslmode=disable")
    for _ in range(2):
        assert run(["migrate", "--sandbox", "--json"]) == 0
        response = json.loads(capsys.readouterr().out)
        assert (response["status"], response["sandbox"], response["reader_ready"]) == ("completed", True, True)


def test_the_variable_also_creates_a_sandbox(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("SRA_SANDBOX", "1")
    assert run(["migrate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sandbox"] is True


def test_a_real_database_never_becomes_a_sandbox(command: Any) -> None:
    code, response = command("migrate", "--sandbox")
    assert code == 5
    assert "real data" in response["error"]


def test_status_of_a_migrated_database(command: Any, database: str) -> None:
    start_run(database)
    code, response = command("status")
    assert (code, response["status"], response["problems"]) == (0, "healthy", [])
    assert response["database"]["sandbox"] is False
    assert "***" in response["database"]["address"]
    assert [row["task_type"] for row in response["runs"]] == ["csv_import"]


def test_status_of_a_database_that_was_never_migrated(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    assert run(["status"]) == 1
    assert "./sra migrate" in capsys.readouterr().out
    assert run(["runs"]) == 5
    assert "./sra migrate" in capsys.readouterr().err


def test_runs_are_listed_shown_and_cancelled(command: Any, database: str) -> None:
    run_id = start_run(database)
    code, listed = command("runs", "--status", "queued")
    assert (code, [row["task_id"] for row in listed["runs"]]) == (0, [run_id])
    assert command("runs", "--status", "failed")[1] == {"runs": []}
    code, shown = command("runs", "show", run_id[:8])
    assert (code, shown["task_id"], shown["units"]) == (0, run_id, [])
    assert command("runs", run_id[:8]) == command("runs", run_id) == (0, shown)
    code, wrong = command("runs", "shwo", run_id)
    assert (code, "shwo" in wrong["error"]) == (5, True)
    code, cancelled = command("runs", "cancel", run_id)
    assert (code, cancelled["status"]) == (0, "cancelled")
    code, listed = command("audit", "--action", "cancel", "--since", "2020-01-01")
    (entry,) = listed["entries"]
    assert (code, entry["subject_ids"], entry["role"], entry["token_name"]) == (0, [run_id], "operator", "cli")
    assert entry["address"] == getpass.getuser()
    assert command("audit", "--since", "2999-01-01T00:00")[1] == {"entries": []}
    assert command("audit", "--since", "yesterday")[0] == 5


def test_a_held_run_is_released_by_a_run_for_the_held_part(command: Any, database: str) -> None:
    run_id = start_run(database)
    code, response = command("runs", "release", run_id)
    assert code == 5
    assert "not held" in response["error"]
    execute_sql(
        database,
        *(statement.format(run=run_id) for statement in HOLD),
    )
    code, released = command("runs", "release", run_id)
    assert (code, released["status"], released["parent_id"]) == (0, "queued", run_id)
    (entry,) = command("audit")[1]["entries"]
    assert (entry["action"], entry["subject_ids"]) == ("release", [run_id, released["task_id"]])
    assert released["parameters"] == {"datasets": ["universe"], "released": True}
    assert command("psql", "-c", "SELECT count(*) AS jobs FROM jobs.pgqueuer")[1]["rows"] == [{"jobs": 1}]


@pytest.mark.parametrize("text", ["nothing", "", "%"])
def test_an_unknown_run_is_reported(command: Any, text: str) -> None:
    code, response = command("runs", "show", text)
    assert code == 5
    assert "No run" in response["error"]


def test_rejects_are_counted_and_listed(command: Any, database: str) -> None:
    execute_sql(
        database,
        REJECT.format(dataset="FundDailyNAVPS", line=7, reason="negative_navps", resolved="NULL"),
        REJECT.format(dataset="FundDailyNAVPS", line=8, reason="negative_navps", resolved="now()"),
        REJECT.format(dataset="FundGeneral", line=2, reason="field_count", resolved="NULL"),
    )
    code, response = command("rejects")
    assert code == 0
    assert response["counts"] == [
        {"dataset": "FundDailyNAVPS", "reason": "negative_navps", "rejected": 2, "open": 1, "dismissed": 0},
        {"dataset": "FundGeneral", "reason": "field_count", "rejected": 1, "open": 1, "dismissed": 0},
    ]
    assert [(row["dataset"], row["line"], row["raw"]) for row in response["rejects"]] == [
        ("FundGeneral", 2, "\\xffA"),
        ("FundDailyNAVPS", 7, "\\xffA"),
    ]
    assert len(command("rejects", "--dataset", "FundDailyNAVPS", "--all")[1]["rejects"]) == 2
    assert command("rejects", "--reason", "'; DROP TABLE rejected_record; --")[1]["rejects"] == []


def test_rejects_are_dismissed_with_a_reason_and_reopened(command: Any, database: str) -> None:
    for line in (7, 8, 9):
        execute_sql(
            database,
            REJECT.format(
                dataset="FundGeneral", line=line, reason="field_count", resolved="now()" if line == 9 else "NULL"
            ),
        )
    execute_sql(database, "UPDATE rejected_record SET resolution = 'replayed' WHERE line = 9")
    first, second, resolved = (row["reject_id"] for row in command("rejects", "--all")[1]["rejects"][::-1])
    code, response = command("rejects", "dismiss", str(first), "--why", "Rows of a test.")
    assert (code, response) == (0, {"status": "completed", "dismissed": [first], "left": []})
    code, response = command(
        "rejects", "dismiss", str(first), str(second), str(resolved), "4711", "--why", "All of it."
    )
    assert (code, response["dismissed"], [row["reject_id"] for row in response["left"]]) == (
        2,
        [second],
        [first, resolved, 4711],
    )
    assert [row["reason"].split(" by ")[0] for row in response["left"]] == [
        f"Reject {first} was dismissed before",
        f"Reject {resolved} is resolved (replayed).",
        "Reject 4711 does not exist.",
    ]
    assert command("rejects")[1]["rejects"] == []
    assert [row["open"] for row in command("rejects")[1]["counts"]] == [0]
    listed = command("rejects", "--dismissed")[1]["rejects"]
    assert [(row["reject_id"], row["dismissal"]) for row in listed] == [
        (second, "All of it."),
        (first, "Rows of a test."),
    ]
    assert all(row["dismissed_at"] and "command line" in row["dismissed_by"] for row in listed)
    assert command("rejects", "reopen", str(first))[1]["reopened"] == [first]
    assert [row["reject_id"] for row in command("rejects")[1]["rejects"]] == [first]
    for words in (["--why", " "], ["--why", "x" * 1001]):
        assert command("rejects", "dismiss", str(first), *words)[0] == 5


def test_tables_fit_80_columns(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    start_run(database)
    execute_sql(database, REJECT.format(dataset="FundDailyNAVPS", line=7, reason="negative_navps", resolved="NULL"))
    assert run(["rejects", "dismiss", "1", "--why", "A reason that is too long for a line of eighty columns." * 2]) == 0
    for words in (["status"], ["runs"], ["rejects"], ["rejects", "--dismissed"], ["audit"]):
        assert run(words) == 0
        shown = capsys.readouterr().out
        assert max(len(line) for line in shown.splitlines()) <= 80, shown
    assert "dismiss" in shown


def test_psql_returns_rows(command: Any) -> None:
    code, response = command("psql", "-c", "SELECT 1.50::numeric AS a, 'x' AS b")
    assert (code, response["rows"]) == (0, [{"a": "1.50", "b": "x"}])
    code, response = command("psql", "-c", "SELECT nonsense")
    assert code == 1
    assert "nonsense" in response["error"]


def test_psql_itself_is_run(database: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    assert run(["psql", "-c", "SELECT 40 + 2 AS answer"]) == 0
    assert "42" in capfd.readouterr().out


def test_database_behind_a_socket_is_reached_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # the path of a socket ends at 107 bytes, and pytest's folders may be longer
    with tempfile.TemporaryDirectory(prefix="sra-") as folder:
        server = EmbeddedPostgres(tmp_path, options={"unix_socket_directories": folder})
        server.start()
        try:
            password = (tmp_path / "postgres.password").read_text().strip()
            address = f"postgresql:///postgres?host={folder}&port={server.port}&user=postgres&password={password}"
            monkeypatch.setenv("DATABASE_URL", address)
            monkeypatch.delenv("PGHOST", raising=False)
            assert run(["migrate", "--json"]) == 0
            assert run(["psql", "-c", "SELECT inet_server_addr() IS NULL AS by_socket", "--", "-At"]) == 0
            assert run(["status", "--json"]) == 0
        finally:
            server.stop()
    said = capfd.readouterr().out
    assert said.splitlines()[1] == "t"
    assert password not in said


WORK_ON_HOME = """
import sys
from pathlib import Path
from sra_cli.database import use_database
from sra_cli.home import Home
with use_database(Home(Path(sys.argv[1]))) as dsn:
    print(dsn, flush=True)
    sys.stdin.readline()
"""


def share_the_server_of_the_home(home: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Two commands and a short one at a time: the first starts the server and keeps it until the other is done."""

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", WORK_ON_HOME, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(process: subprocess.Popen[str], text: str) -> None:
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.flush()

    with start() as first:
        assert first.stdout is not None
        dsn = first.stdout.readline().strip()
        with start() as second:
            assert second.stdout is not None
            assert second.stdout.readline().strip() == dsn
            assert run(["status", *words]) == 0
            assert run(["up", "--exit-when-done", *words]) == 5
            assert str(first.pid) in capsys.readouterr().err
            assert run(["down", *words]) == 1
            say(first, "done\n")
            assert first.stderr is not None
            assert "waiting for it" in first.stderr.readline()
            execute_sql(dsn, "SELECT 1")
            say(second, "done\n")
        assert (first.wait(30), second.returncode) == (0, 0)
    with pytest.raises(OSError, match=r"Connect|connect"):
        execute_sql(dsn, "SELECT 1")
    capsys.readouterr()


def test_without_a_database_the_home_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    home = ["--home", str(tmp_path / "home"), "--json"]
    assert run(["runs", *home]) == 5
    assert "./sra up" in json.loads(capsys.readouterr().out)["next_step"]
    assert run(["migrate", *home]) == 0
    capsys.readouterr()
    assert run(["runs", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {"runs": []}
    share_the_server_of_the_home(tmp_path / "home", home, capsys)
    assert run(["down", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {"status": "completed", "stopped": []}
