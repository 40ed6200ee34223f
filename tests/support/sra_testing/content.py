"""A digest of all that the first runs on a day store and publish; independent of where they ran and of disturbances."""

from __future__ import annotations

import sqlalchemy as sa

from sra_shared.schema.tables import metadata

# a completion that is in transit, or not yet processed, causes another build
LIVE_RUNS = (
    "SELECT (SELECT count(*) FROM task_execution_log WHERE status IN ('queued', 'running', 'parked'))"
    " + (SELECT count(*) FROM completion_outbox WHERE delivered_at IS NULL)"
    " + (SELECT count(*) FROM completion_inbox WHERE handled_at IS NULL)"
)
_PAGES = ("treasury_curve", "fund_page", "equity_page", "latest_quote", "daily_market_summary")
_PUBLISHED_BY = "'as_of' - 'last_run_id'"


def _select_rows(table: sa.Table) -> str:
    keys = [column.name for column in table.primary_key if column.name != "row_id"]
    current = " WHERE valid_to IS NULL" if "valid_to" in table.c else ""
    return (
        f"SELECT '{table.name}' AS source, concat_ws('|', {', '.join(keys)}, encode(content_hash, 'hex')) AS line"  # noqa: S608
        f" FROM {table.name}{current}"
    )


def _has_records(table: sa.Table) -> bool:
    """Whether each row has the hash of a delivered record; the lake's ledger hashes whole tables, as text."""
    return "content_hash" in table.c and isinstance(table.c.content_hash.type, sa.LargeBinary)


def make_content_query() -> str:
    """Return a query for one text: a line with row count and MD5 for each raw table, the rejects and each page."""
    # the history of replaced rows has no key: which rows were replaced depends on the time of a response
    stored = [table for table in metadata.sorted_tables if _has_records(table) and table.primary_key.columns]
    parts = [_select_rows(table) for table in stored]
    parts += [
        f"SELECT '{name}', concat_ws('|', to_jsonb(v) - {_PUBLISHED_BY}) FROM sra.{name} v"  # noqa: S608
        for name in _PAGES
    ]
    parts.append("SELECT 'rejected_record', concat_ws('|', dataset, file_path, line, reason) FROM rejected_record")
    lines = " UNION ALL ".join(parts)
    return (
        "SELECT string_agg(concat_ws(' ', source, rows, digest), E'\\n' ORDER BY source) FROM (SELECT source,"  # noqa: S608
        " count(*) AS rows, md5(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\")) AS digest"
        f" FROM ({lines}) lines GROUP BY source) sources"
    )
