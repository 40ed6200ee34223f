"""`python -m sra_shared.migrate`, the first step of a deploy: the tables, the reader's password, the remaining steps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from sra_cli.app import run
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.settings import build_environment
from sra_shared.kit.database.reader_limits import READER
from sra_testing.databases import create_database, drop_database, execute_sql, run_async
from sra_testing.probe_service import request_ready

OWNER, OWNER_PASSWORD = "plain_owner", "owner-of-one-database"
PASSWORD = "reads-and-'nothing\\else"


def migrate(dsn: str, **settings: str) -> tuple[int, str, str]:
    """Run the command as a deploy does; return its exit code, its messages, and its log."""
    done = subprocess.run(
        [sys.executable, "-m", "sra_shared.migrate"],
        env=build_environment({"DATABASE_URL": dsn, **settings}),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def log_in(dsn: str, user: str, password: str) -> str:
    """Return the address for another user."""
    address = urlsplit(dsn)
    return urlunsplit(address._replace(netloc=f"{user}:{password}@{address.hostname}:{address.port}"))


def read_as_reader(dsn: str, password: str) -> int:
    async def read() -> int:
        connection = await asyncpg.connect(dsn, user=READER, password=password)
        try:
            return int(await connection.fetchval("SELECT 1"))
        finally:
            await connection.close()

    return run_async(read())


@pytest.fixture
def plain_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """An empty database whose owner may make no roles; sra_reader is there and cannot log in."""
    dsn = create_database(postgres_server)
    name = dsn.rsplit("/", 1)[-1]
    execute_sql(
        postgres_server.build_dsn(),
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}')"
        f" THEN CREATE ROLE {READER}; END IF; END $$",
        f"ALTER ROLE {READER} NOLOGIN",
        f"CREATE ROLE {OWNER} LOGIN PASSWORD '{OWNER_PASSWORD}'",
        f'ALTER DATABASE "{name}" OWNER TO {OWNER}',
    )
    execute_sql(dsn, f"GRANT ALL ON SCHEMA public TO {OWNER}")
    yield log_in(dsn, OWNER, OWNER_PASSWORD)
    drop_database(postgres_server, dsn)
    execute_sql(postgres_server.build_dsn(), f"DROP ROLE {OWNER}")


def test_password_of_the_reader_is_set(empty_database: str) -> None:
    code, result, log = migrate(empty_database, SRA_READER_PASSWORD=PASSWORD)
    assert code == 0, log
    assert "revision" in result
    assert "administrator" not in result
    assert PASSWORD not in result + log
    assert read_as_reader(empty_database, PASSWORD) == 1
    # a changed one replaces it at the next deploy
    assert migrate(empty_database, SRA_READER_PASSWORD="another-password")[0] == 0
    assert read_as_reader(empty_database, "another-password") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        read_as_reader(empty_database, PASSWORD)


def test_an_owner_who_may_not_set_a_password_gets_the_statement(
    plain_database: str,
    postgres_server: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    password = "set-by-an-administrator"
    code, result, log = migrate(plain_database, SRA_READER_PASSWORD=password)
    assert code == 0, log
    statements = [line.strip() for line in result.splitlines() if line.startswith("  ")]
    assert [statement.split()[0] for statement in statements[:2]] == ["ALTER", "GRANT"]
    limits = [statement.removesuffix(";") for statement in statements[2:]]
    assert f'GRANT {READER} TO "{OWNER}"' in limits
    # a later reader sees it too, where the password is set
    ready = request_ready(plain_database, sra_reader_password=password)
    assert ready["ready"] is True
    assert "sra_reader cannot log in" in ready["warnings"][0]
    (advice,) = request_ready(plain_database)["warnings"]
    assert advice == f"Limits of the reading roles are not set; an administrator must run: {'; '.join(limits)}."
    monkeypatch.setenv("DATABASE_URL", plain_database)
    assert run(["status"]) == 0
    monkeypatch.setenv("SRA_READER_PASSWORD", password)
    capsys.readouterr()
    assert run(["status"]) == 1
    assert "ALTER ROLE sra_reader LOGIN PASSWORD" in capsys.readouterr().out.replace("\n", " ")

    as_typed = [statement.replace("(the value of SRA_READER_PASSWORD)", password) for statement in statements]
    execute_sql(postgres_server.build_dsn(plain_database.rsplit("/", 1)[-1]), *as_typed)
    assert run(["status"]) == 0
    assert "administrator" not in migrate(plain_database, SRA_READER_PASSWORD=password)[1]
    assert request_ready(plain_database, sra_reader_password=password)["warnings"] == []
    # the role logs in, but with another password than the one that is set now
    assert "administrator" in migrate(plain_database, SRA_READER_PASSWORD="rotated-since")[1]


def test_older_code_does_not_change_a_newer_database(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    execute_sql(database, "UPDATE alembic_version SET version_num = '9999'")
    code, result, log = migrate(database)
    assert code == 0, log
    assert "9999, which is newer than this code" in result
    monkeypatch.setenv("DATABASE_URL", database)
    assert run(["migrate", "--json"]) == 0
    response = capsys.readouterr()
    assert '"revision": "9999"' in response.out
    assert "newer than this code" in response.err
    assert run(["status"]) == 0


def test_wrong_settings_are_named() -> None:
    code, _, log = migrate("postgres://h/d", DB_POOL_MIN_SIZE="many")
    assert code == 5
    assert "DB_POOL_MIN_SIZE" in log
    code, _, log = migrate("mysql://h/d")
    assert code == 5
    assert "DATABASE_URL" in log


def test_an_unreachable_database_fails_the_deploy_in_one_line() -> None:
    code, _, log = migrate("postgres://u:hidden-password@127.0.0.1:1/d")
    assert code == 1
    assert "migration_failed" in log
    assert "Traceback" not in log
    assert "hidden-password" not in log


def test_with_an_administrator_the_owner_and_the_roles_are_made(
    empty_database: str, postgres_server: EmbeddedPostgres
) -> None:
    """As compose does: what the services connect as owns the database and is no superuser."""
    administrator = postgres_server.administrator
    own = {"DB_ADMIN_PASSWORD": administrator.password, "SRA_READER_PASSWORD": PASSWORD}
    owned = log_in(empty_database, OWNER, OWNER_PASSWORD)
    try:
        for _ in range(2):
            code, result, log = migrate(owned, **own)
            assert code == 0, log
            assert "administrator" not in result
            assert not [secret for secret in (*own.values(), OWNER_PASSWORD) if secret in result + log]
        assert read_as_reader(empty_database, PASSWORD) == 1
        # a service needs no more than this
        assert request_ready(owned, sra_reader_password=PASSWORD)["warnings"] == []
        code, _, log = migrate(owned, **own | {"DB_ADMIN_PASSWORD": "a wrong one"})
        assert (code, "DB_ADMIN_PASSWORD" in log, "a wrong one" in log) == (5, True, False)
        code, _, log = migrate(empty_database, **own)
        assert (code, "does not name another user" in log) == (5, True)
    finally:
        execute_sql(empty_database, f"DROP OWNED BY {OWNER}")
        execute_sql(
            postgres_server.build_dsn(),
            f'ALTER DATABASE "{empty_database.rsplit("/", 1)[-1]}" OWNER TO {administrator.user}',
            f"DROP ROLE {OWNER}",
        )
