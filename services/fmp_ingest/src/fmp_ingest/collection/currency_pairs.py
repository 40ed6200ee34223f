"""The pairs of currencies to collect: those that stored listings and their statements need."""

from __future__ import annotations

from fmp_collectors.currencies import choose_pairs
from fmp_collectors.datasets.statements import BALANCE_SHEET, CASH_FLOW, INCOME_STATEMENT
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection

# the oldest and the newest statement of each company: reading all of them would take minutes
_ENDS = " UNION ALL ".join(
    compose(
        "(SELECT reported_currency FROM {table} t WHERE t.symbol = c.symbol ORDER BY fiscal_year {order} LIMIT 1)",
        table=dataset.table,
        order=order,
    )
    for dataset in (INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW)
    for order in ("", "DESC")
)
SQL_CODES = compose(
    """
SELECT currency AS code FROM equity_profile
UNION
SELECT s.reported_currency
FROM (SELECT symbol FROM equity_profile UNION SELECT symbol FROM fmp_universe UNION SELECT symbol FROM fmp_delisted) c
CROSS JOIN LATERAL ({ends}) s
""",
    ends=_ENDS,
)


async def read_pairs(connection: Connection) -> tuple[str, ...]:
    """Return the pairs, sorted; USDCAD is always included."""
    return choose_pairs(row["code"] for row in await connection.fetch(SQL_CODES))
