"""The upgrade of a database with a login code and an active run: both stay valid, and acts are recorded afterwards."""

from __future__ import annotations

from uuid import uuid4

from gateway.login_sessions import hash_code, redeem_code
from sra_shared.kit.database.revision import read_newest_revision
from sra_shared.kit.db import open_connection
from sra_shared.migrate import upgrade_database
from sra_shared.runs import request_cancel
from sra_shared.runs.audit import AuditFilter, list_audit
from sra_testing.people import SOMEBODY

BEFORE = "0020"


async def test_an_active_run_and_a_login_code_survive_the_upgrade(empty_database: str) -> None:
    await upgrade_database(empty_database, revision=BEFORE)
    connection = await open_connection(empty_database, application_name="test")
    run = uuid4()
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES ($1, 'fundata_data', 'running', 'x', 'fundata')",
        run,
    )
    put_code = "INSERT INTO login_code (code_hash, role, expires_at) VALUES ($1, 'service', now() + interval '1 hour')"
    await connection.execute(put_code, hash_code("of an earlier release"))
    await upgrade_database(empty_database)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == read_newest_revision()
    # a gateway of the former version may still make codes
    await connection.execute(put_code, hash_code("of the old gateway"))
    assert [await redeem_code(connection, code) for code in ("of an earlier release", "of the old gateway")] == [
        "service"
    ] * 2
    task = await request_cancel(connection, run, by=SOMEBODY)
    assert task is not None
    (entry,) = await list_audit(connection, AuditFilter())
    assert (entry.action, entry.subject_ids, entry.token_name) == ("cancel", [str(run)], SOMEBODY.token_name)
    await connection.close()
