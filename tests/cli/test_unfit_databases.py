"""Databases that cannot be used: each command reports what is missing in one sentence, and its statement fixes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sra_cli.app import run
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.settings import build_environment
from sra_testing.databases import create_database, drop_database, execute_sql
from sra_testing.fundata import navps, write_csv
from sra_testing.kept_logs import keep_logs
from sra_testing.probe_service import request_ready

PASSWORD = "tenant-of-one-database"
STATEMENT = re.compile(r"((?:CREATE|GRANT|ALTER) [^;]+);")


@dataclass(frozen=True)
class Tenant:
    """A plain role and an empty database of somebody else, with what an administrator can do to both."""

    server: EmbeddedPostgres
    role: str
    database: str
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    tree: Path

    def address(self, *, password: str = PASSWORD, database: str = "") -> str:
        """The address that the tenant uses."""
        return f"postgresql://{self.role}:{password}@127.0.0.1:{self.server.port}/{database or self.database}"

    def administer(self, *statements: str, database: str = "") -> None:
        """Execute statements as the administrator; {role} and {database} are those of the tenant."""
        filled = [one.format(role=self.role, database=self.database) for one in statements]
        execute_sql(self.server.build_dsn(database or "postgres"), *filled)

    def call(self, *words: str, address: str = "") -> tuple[int, dict[str, Any]]:
        """Carry out a command; what it said is one object, without traceback or password."""
        self.monkeypatch.setenv("DATABASE_URL", address or self.address())
        self.monkeypatch.setenv("FMP_API_KEY", "a-key")
        self.capfd.readouterr()
        code = run([*words, "--json"])
        said = self.capfd.readouterr()
        assert "Traceback" not in said.err, said.err
        assert "Internal error" not in said.err, said.err
        assert PASSWORD not in said.out + said.err
        return code, json.loads(said.out)

    def load(self, **options: str) -> tuple[int, dict[str, Any]]:
        """Load a small tree."""
        return self.call("load", str(self.tree), **options)

    def list_commands(self) -> list[tuple[str, ...]]:
        """Return the commands that write."""
        up = ("up", "--exit-when-done", "--home", str(self.tree / "home"))
        return [("migrate",), ("load", str(self.tree)), ("fmp", "quote"), up]


@pytest.fixture
def tenant(
    postgres_server: EmbeddedPostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Tenant]:
    dsn = create_database(postgres_server)
    role = f"tenant_{uuid.uuid4().hex[:8]}"
    write_csv(tmp_path, "quotes/FundDailyNAVPSSeed.csv", [navps("1", "2025-01-02", "10")])
    made = Tenant(postgres_server, role, dsn.rpartition("/")[2], monkeypatch, capfd, tmp_path)
    made.administer(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    with keep_logs():
        yield made
    drop_database(postgres_server, dsn)
    made.administer(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def read_statements(response: dict[str, Any]) -> list[str]:
    return STATEMENT.findall(response["next_step"])


def test_missing_rights_are_reported_one_after_the_other(tenant: Tenant) -> None:
    code, response = tenant.call("migrate")
    assert code == 5
    assert "schema public" in response["error"]
    on_schema, on_database = read_statements(response)
    code, response = tenant.load()
    assert (code, "./sra migrate" in response["next_step"]) == (5, True)
    tenant.administer(on_schema, database=tenant.database)
    code, response = tenant.call("migrate")
    assert (code, read_statements(response)) == (5, [on_database])
    assert "schema public" not in response["error"]
    tenant.administer(on_database)
    assert tenant.call("migrate")[0] == 0
    assert tenant.load()[0] == 0


def test_a_missing_database_is_created_by_the_statement(tenant: Tenant) -> None:
    address = tenant.address(database=f"{tenant.database}_new")
    for words in tenant.list_commands():
        code, response = tenant.call(*words, address=address)
        assert (code, f"no database {tenant.database}_new" in response["error"]) == (5, True), words
    tenant.administer(*read_statements(response))
    try:
        code, response = tenant.load(address=address)
        assert (code, "./sra migrate" in response["next_step"]) == (5, True)
    finally:
        tenant.administer("DROP DATABASE {database}_new")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_wrong_encoding_is_named_with_the_statement_that_fixes_it(encoding: str, tenant: Tenant) -> None:
    name = f"{tenant.database}_{encoding.lower()}"
    tenant.administer(f"CREATE DATABASE {name} OWNER {tenant.role} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        for words in tenant.list_commands():
            code, response = tenant.call(*words, address=tenant.address(database=name))
            assert code == 5, words
            assert encoding in response["error"]
            assert "UTF8" in response["error"]
        (statement,) = read_statements(response)
        tenant.administer(statement)
        tenant.administer(f"DROP DATABASE {name}_utf8")
        assert f"{encoding}, but SRA Data needs UTF8" in request_ready(tenant.address(database=name))["missing"][0]
    finally:
        tenant.administer(f"DROP DATABASE {name} WITH (FORCE)")


FAULTS: dict[str, tuple[str, int, str]] = {
    "no right to connect": ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", 5, "GRANT CONNECT ON DATABASE"),
    "may not log in": ("ALTER ROLE {role} NOLOGIN", 5, "ALTER ROLE"),
    "database closed": ("ALTER DATABASE {database} ALLOW_CONNECTIONS false", 5, "ALLOW_CONNECTIONS true"),
    "limit of the role": ("ALTER ROLE {role} CONNECTION LIMIT 0", 1, "ALTER ROLE"),
    "limit of the database": ("ALTER DATABASE {database} CONNECTION LIMIT 0", 1, "ALTER DATABASE"),
    "role reads only": ("ALTER ROLE {role} SET default_transaction_read_only = on", 5, "ALTER ROLE"),
    "database reads only": ("ALTER DATABASE {database} SET default_transaction_read_only = on", 5, "ALTER DATABASE"),
    "role here reads only": (
        "ALTER ROLE {role} IN DATABASE {database} SET default_transaction_read_only = on",
        5,
        "IN DATABASE",
    ),
    "guards off": ("ALTER ROLE {role} SET session_replication_role = replica", 5, "RESET session_replication_role"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_statement_that_is_given_fixes_the_fault(fault: str, tenant: Tenant) -> None:
    breaking, expected, words_of_it = FAULTS[fault]
    tenant.administer(breaking)
    for words in tenant.list_commands():
        code, response = tenant.call(*words)
        assert code == expected, (words, response)
        assert words_of_it in response["next_step"], words
        assert response["error"].count(". ") == 0, response["error"]
    mending = [one for one in read_statements(response) if not one.startswith("CREATE ROLE")]
    tenant.administer(*mending)
    code, response = tenant.load()
    assert (code, "./sra migrate" in response["next_step"]) == (5, True), response


def test_a_wrong_password_and_a_barred_user_are_distinguished(tenant: Tenant) -> None:
    code, response = tenant.load(address=tenant.address(password="another"))
    assert (code, "password" in response["error"], "ALTER ROLE" in response["next_step"]) == (5, True, True)
    rules = tenant.server.data_folder / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host all {tenant.role} all reject\n{before}")
    try:
        tenant.administer("SELECT pg_reload_conf()")
        code, response = tenant.load()
        assert (code, "pg_hba.conf" in response["next_step"], tenant.role in response["error"]) == (5, True, True)
    finally:
        rules.write_text(before)
        tenant.administer("SELECT pg_reload_conf()")


def test_tables_of_another_role_are_named_with_their_owner(tenant: Tenant, database: str) -> None:
    name = database.rpartition("/")[2]
    for words in [("migrate",), ("load", str(tenant.tree))]:
        code, response = tenant.call(*words, address=tenant.address(database=name))
        assert (code, read_statements(response)) == (5, [f'GRANT "postgres" TO "{tenant.role}"'])


def run_module(module: str, dsn: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        env=build_environment({"DATABASE_URL": dsn, "FMP_API_KEY": "", **settings}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "address",
    [
        lambda tenant: tenant.address(),
        lambda tenant: tenant.address(database="nowhere"),
        lambda tenant: tenant.address(password="wrong-password"),
    ],
    ids=["no rights", "no database", "wrong password"],
)
def test_the_first_step_of_a_deploy_reports_it_in_one_line(address: Callable[[Tenant], str], tenant: Tenant) -> None:
    done = run_module("sra_shared.migrate", address(tenant))
    assert done.returncode == 5
    (line,) = done.stderr.splitlines()
    result = json.loads(line)
    assert result["event"] == "migration_refused"
    assert STATEMENT.search(result["next_step"])
    assert PASSWORD not in line


def test_a_service_waits_for_it_and_logs_the_fix_once(tenant: Tenant) -> None:
    with keep_logs() as logs:
        ready = request_ready(tenant.address(password="wrong-password"))
    (result,) = [line for line in logs if line["event"] == "database_refuses"]
    assert STATEMENT.search(result["next_step"])
    assert [line for line in logs if "exception" in line] == []
    assert ready["ready"] is False
    assert "refuses this service" in ready["missing"][0]
    assert tenant.role not in ready["missing"][0]
