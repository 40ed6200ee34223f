"""One figure for all that the first runs on a day store and publish, the same wherever and however disturbed they ran."""

from __future__ import annotations

import sqlalchemy as sa

from sra_shared.tables import metadata

LIVE_RUNS = "SELECT count(*) FROM task_execution_log WHERE status IN ('queued', 'running', 'parked')"
_PAGES = ("treasury_curve", "fund_page", "equity_page", "latest_quote", "daily_market_summary")
_PUBLISHED_BY = "'as_of' - 'last_run_id'"


def _select_rows(table: sa.Table) -> str:
    keys = [column.name for column in table.primary_key if column.name != "row_id"]
    current = " WHERE valid_to IS NULL" if "valid_to" in table.c else ""
    return (
        f"SELECT concat_ws('|', '{table.name}', {', '.join(keys)}, encode(content_hash, 'hex')) AS line"  # noqa: S608
        f" FROM {table.name}{current}"
    )


def make_content_query() -> str:
    """Return a query for one MD5 over the keys and hashes of every raw table, the rejects, and the rows of the pages."""
    parts = [_select_rows(table) for table in metadata.sorted_tables if "content_hash" in table.c]
    parts += [
        f"SELECT concat_ws('|', '{name}', to_jsonb(v) - {_PUBLISHED_BY}) FROM sra.{name} v"  # noqa: S608
        for name in _PAGES
    ]
    parts.append("SELECT concat_ws('|', 'rejected', dataset, file_path, line, reason) FROM rejected_record")
    lines = " UNION ALL ".join(parts)
    return f"SELECT md5(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\")) FROM ({lines}) lines"  # noqa: S608
