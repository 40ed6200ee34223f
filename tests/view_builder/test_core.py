"""Schema core matches its files: each object once, nothing to do without a change, access only for the owner."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alembic import command

from sra_shared.kit.db import Pool, open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.migrate import upgrade_database
from sra_shared.schema.columns import read_columns
from sra_shared.schema.upgrade import _make_config, open_engine
from sra_testing.publication import read_rows
from view_builder import core
from view_builder.apply import define_views
from view_builder.core import define_core
from view_builder.inprocess import list_compiled_views
from view_builder.schemas import READERS, STAGED, Schemas
from view_builder.sql_files import CoreObject, read_core

LIST_CORE = f"SELECT name, target, comment FROM ({core.SQL_LIST_OBJECTS}) o".replace("$1", "'core'")  # noqa: S608 - our own text


async def define(pool: Pool, schemas: Schemas = READERS) -> list[str]:
    async with pool.acquire() as connection, connection.transaction():
        return await define_core(connection, schemas)


def change(monkeypatch: pytest.MonkeyPatch, *changed: CoreObject, without: str | None = None) -> None:
    """Have other files."""
    files = {**read_core(), **{item.name: item for item in changed}}
    files.pop(without or "", None)
    monkeypatch.setattr(core, "read_core", lambda: files)


async def test_each_file_is_one_object_with_its_head_as_comment(pool: Pool) -> None:
    rows = await read_rows(pool, LIST_CORE)
    assert sorted(row["name"] for row in rows) == sorted(read_core())
    for row in rows:
        assert row["comment"].startswith(read_core()[row["name"]].head)
    assert await define(pool) == []


async def test_changed_objects_are_redefined_and_unused_ones_dropped(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratio, returns = read_core()["ratio"], read_core()["return_basis"]
    other = returns.statement.replace("basis text, as_of", "basis text, newest")
    wider = ratio.statement.replace("below numeric)", "below numeric, places integer)")
    change(monkeypatch, replace(returns, statement=other), replace(ratio, statement=wider), without="scores")
    assert await define(pool) == ["ratio", "return_basis", "scores"]
    targets = {row["name"]: row["target"] for row in await read_rows(pool, LIST_CORE)}
    assert targets["ratio"] == "FUNCTION core.ratio(numeric,numeric,integer)"
    assert "scores" not in targets
    assert len(targets) == len(read_core()) - 1
    monkeypatch.undo()
    assert await define(pool) == ["ratio", "return_basis", "scores"]


async def test_a_new_column_of_a_table_reaches_the_views_over_it(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await pool.execute("ALTER TABLE fundata_data ADD COLUMN newest_thing text")
    more = {**read_columns("fundata_data"), "newest_thing": read_columns("fundata_data")["language"]}
    monkeypatch.setattr(core, "read_columns", lambda table: more if table == "fundata_data" else read_columns(table))
    readers = ["fund_payment_records", "fundata_data_latest", "fundata_data_newest", "fundata_data_settled"]
    assert await define(pool) == readers
    assert await read_rows(pool, "SELECT newest_thing FROM core.fundata_data_latest") == []
    assert await define(pool) == []


async def test_a_view_that_others_read_keeps_its_columns(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = read_core()["treasury_rates"]
    change(
        monkeypatch, replace(rates, statement=rates.statement.replace("AS yield, r.updated_at", "AS yield, r.run_id"))
    )
    with pytest.raises(ConfigError, match=r"core\.treasury_rates is read by published views"):
        await define(pool)


async def test_an_object_without_a_file_stays_while_it_is_used(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(monkeypatch, without="treasury_rates")
    assert await define(pool) == ["treasury_rates"]
    owner = await open_connection(database, application_name="test")
    try:
        assert await owner.fetchval("SELECT to_regclass('core.treasury_rates') IS NOT NULL")
        await owner.execute("DROP VIEW sra.treasury_curve")
        await define(pool)
        assert await owner.fetchval("SELECT to_regclass('core.treasury_rates') IS NULL")
    finally:
        await owner.close()


async def test_the_schema_is_dropped_and_created_with_its_revision(database: str, pool: Pool) -> None:
    engine = open_engine(database, application_name="test")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda opened: command.downgrade(_make_config(opened), "0022"))
    finally:
        await engine.dispose()
    assert await pool.fetchval("SELECT to_regnamespace('core') IS NULL")
    await upgrade_database(database)
    assert await define_views(pool, list_compiled_views()) == [view.relation for view in list_compiled_views()]
    # a database of that revision has contract version 1, so that the next version is defined next to it
    assert await define(pool, STAGED) == []
