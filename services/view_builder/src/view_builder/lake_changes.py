"""Records which rows of a daily series a build changes, for the next build of the lake.

Nothing is recorded before the lake has the series: its first build reads all rows.
"""

from __future__ import annotations

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from view_builder.compile import CompiledView, quote_name, quote_text
from view_builder.schemas import READERS

SQL_IS_RECORDED = "SELECT EXISTS (SELECT FROM public.lake_series WHERE relation = $1)"
# earlier changes are part of all rows
SQL_RECORD_ALL = """
WITH former AS (DELETE FROM public.lake_change WHERE relation = $1)
INSERT INTO public.lake_change (relation) SELECT relation FROM public.lake_series WHERE relation = $1
"""


async def is_recorded(connection: Connection, view: CompiledView) -> bool:
    """Whether the changed rows of this view are recorded; call it while the view is locked for building."""
    # the tables of a staged contract version and of a rebuild are published, and recorded, as a whole
    if view.incremental.since is None or view.is_rebuild or view.schemas != READERS:
        return False
    return await connection.fetchval(SQL_IS_RECORDED, view.relation) is True


async def record_all(connection: Connection, view: CompiledView) -> None:
    """Record that every row may have changed."""
    await connection.execute(SQL_RECORD_ALL, view.relation)


def record_rows(view: CompiledView, statement: str, *, alias: str = "", is_insert: bool = False) -> str:
    """Return the statement with the rows that it changes recorded; its status still has their number.

    `alias` is that of the changed table in the statement.
    """
    prefix = f"{alias}." if alias else ""
    return compose(
        "WITH changed AS (\n{statement}\nRETURNING {prefix}{key}::text AS key, {prefix}{day} AS day)\n"
        "INSERT INTO public.lake_change (relation, key, day, is_insert)"
        " SELECT {relation}, key, day, {is_insert} FROM changed",
        statement=statement,
        prefix=prefix,
        key=quote_name(view.incremental.partition[0]),
        day=quote_name(view.incremental.since or ""),
        relation=quote_text(view.relation),
        is_insert=str(is_insert).lower(),
    )
