"""An owner without administrator rights: created, given the tables of former releases, at every start."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from sra_cli import postgres
from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.database.reader_roles import set_up_reader
from sra_shared.kit.db import Pool, open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.migrate import upgrade_database
from sra_shared.schema import administration
from sra_shared.schema.administration import Login, prepare_server
from sra_testing.databases import execute_sql, run_async

OWNER = Login("new_owner", "of-all-'that\\is-there")
READER_PASSWORD = "reads-it"
FOREIGN = """
SELECT count(*) FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid AND b.datname = current_database()
WHERE d.deptype = 'o' AND d.refobjid <> (SELECT datdba FROM pg_database WHERE datname = current_database())
"""
# what belongs to the server's first role is not recorded as depending on it; members of an extension belong to its superuser
OWNERS = """
SELECT DISTINCT pg_get_userbyid(owner) FROM (
  SELECT oid, relowner, relnamespace FROM pg_class UNION ALL SELECT oid, proowner, pronamespace FROM pg_proc
  UNION ALL SELECT oid, typowner, typnamespace FROM pg_type WHERE typcategory <> 'A'
  UNION ALL SELECT oid, nspowner, oid FROM pg_namespace WHERE nspname <> 'public'
) AS x (id, owner, schema) JOIN pg_namespace n ON n.oid = schema WHERE n.nspname IN ('public', 'sra', 'published', 'jobs')
  AND NOT EXISTS (
    SELECT FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.objid = id AND d.deptype = 'e'
  )
"""


@pytest.fixture(scope="module")
def database_template(views_template: str) -> str:
    """With all that a release before made in it, views and functions too."""
    return views_template


def prepare(dsn: str, administrator: Login, owner: Login = OWNER) -> None:
    run_async(prepare_server(dsn, administrator, owner, reader_password=READER_PASSWORD, reader_seconds=120))


async def read_owners(dsn: str) -> set[str]:
    connection = await open_connection(dsn, application_name="test")
    try:
        assert await connection.fetchval(FOREIGN) == 0
        return {row[0] for row in await connection.fetch(OWNERS)}
    finally:
        await connection.close()


def write_dsn(dsn: str, login: Login) -> str:
    return f"postgresql://{login.user}:{login.password.replace(chr(92), '%5C')}@{dsn.rsplit('@', maxsplit=1)[-1]}"


async def test_a_database_of_an_earlier_release_is_given_to_the_owner(
    database: str, pool: Pool, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES (gen_random_uuid(), 'csv_import', 'running', 'x', 'fundata')"
    )
    # killed in the middle: nothing or all is given
    statements = administration._SQL_LIST_FOREIGN
    broken = f"SELECT statement FROM ({statements}) AS s UNION ALL SELECT 'SELECT 1 / 0'"  # noqa: S608 - of the product
    monkeypatch.setattr(administration, "_SQL_LIST_FOREIGN", broken)
    with pytest.raises(asyncpg.DivisionByZeroError):
        prepare(database, postgres_server.administrator)
    assert await read_owners(database) == {"postgres"}
    monkeypatch.setattr(administration, "_SQL_LIST_FOREIGN", statements)
    for _ in range(2):
        prepare(database, postgres_server.administrator)
        assert await read_owners(database) == {OWNER.user}

    owned = write_dsn(database, OWNER)
    await upgrade_database(owned)
    state = await set_up_reader(owned, READER_PASSWORD, max_seconds=120)
    assert state.ready
    assert state.limits == ()
    connection = await open_connection(owned, application_name="test")
    role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert role is not None
    assert [name for name in ("rolsuper", "rolcreaterole", "rolcreatedb") if role[name]] == []
    await connection.execute("UPDATE task_execution_log SET status = 'queued'")
    for statement in ("UPDATE fundata_quotes SET split = ''", "ALTER SYSTEM SET fsync = off", "CREATE ROLE another"):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    await connection.close()
    await pool.execute(
        f"REASSIGN OWNED BY {OWNER.user} TO postgres; DROP OWNED BY {OWNER.user}; DROP ROLE {OWNER.user}"
    )


async def test_a_wrong_administrator_is_named(database: str, postgres_server: EmbeddedPostgres) -> None:
    with pytest.raises(ConfigError, match="rejects the password of the administrator postgres"):
        prepare(database, Login("postgres", "guess"))
    execute_sql(
        database, "DROP ROLE IF EXISTS half_administrator", "CREATE ROLE half_administrator LOGIN PASSWORD 'half'"
    )
    with pytest.raises(ConfigError, match="half_administrator is not a superuser"):
        prepare(database, Login("half_administrator", "half"))
    execute_sql(database, "DROP ROLE half_administrator")


def test_a_server_whose_first_role_was_the_owner_gets_an_administrator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As compose's volume was created; killed after each step, the conversion resumes at the next start."""
    monkeypatch.setattr(postgres, "SUPERUSER", "sra_owner")
    server = EmbeddedPostgres(tmp_path, options={"fsync": "off"})
    server.start()
    try:
        before = server.build_dsn("sra_data")
        execute_sql(server.build_dsn(), "CREATE DATABASE sra_data")
        run_async(upgrade_database(before))
        owner, administrator = server.administrator, Login("postgres", "the administrator's own")
        connect = administration._connect
        for last in (2, 3):
            calls = 0

            async def connect_some(dsn: str, login: Login, last: int = last) -> object:
                nonlocal calls
                calls += 1
                if calls > last:
                    raise KeyboardInterrupt
                return await connect(dsn, login)

            monkeypatch.setattr(administration, "_connect", connect_some)
            with pytest.raises(KeyboardInterrupt):
                prepare(before, administrator, owner)
        monkeypatch.setattr(administration, "_connect", connect)
        for _ in range(2):
            prepare(before, administrator, owner)
        # the services' address is what it was
        assert run_async(read_owners(before)) == {"sra_owner"}
        run_async(upgrade_database(before))

        async def list_superusers() -> set[str]:
            connection = await open_connection(before, application_name="test")
            rows = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolsuper")
            await connection.close()
            return {row["rolname"] for row in rows}

        assert run_async(list_superusers()) == {"postgres"}
    finally:
        server.stop()
