"""Which former symbols a listed symbol goes by: the history of a security is found under its newest symbol."""

from __future__ import annotations

from uuid import UUID

from sra_shared.db import Connection

# A chain goes back from each symbol that nobody left since: B was A until a day, and A was Z until an earlier one. A symbol
# may have meant another security before, so each link holds only since the last day on which the symbol changed hands.
SQL_CHAINS = """
WITH RECURSIVE change AS (
  SELECT old_symbol, new_symbol, date FROM fmp_symbol_change WHERE old_symbol <> new_symbol
), chain AS (
  SELECT c.new_symbol AS symbol, c.old_symbol AS former_symbol, c.date AS valid_to
  FROM change c
  WHERE NOT EXISTS (SELECT FROM fmp_symbol_change n WHERE n.old_symbol = c.new_symbol AND n.date > c.date)
  UNION
  SELECT chain.symbol, before.old_symbol, before.date
  FROM chain JOIN LATERAL (
    SELECT c.old_symbol, c.new_symbol, c.date FROM fmp_symbol_change c
    WHERE chain.former_symbol IN (c.new_symbol, c.old_symbol) AND c.date < chain.valid_to AND c.old_symbol <> c.new_symbol
    ORDER BY c.date DESC, (c.new_symbol = chain.former_symbol) DESC LIMIT 1
  ) before ON before.new_symbol = chain.former_symbol
)
SELECT symbol, former_symbol, (
  SELECT max(c.date) FROM fmp_symbol_change c
  WHERE chain.former_symbol IN (c.new_symbol, c.old_symbol) AND c.date < chain.valid_to AND c.old_symbol <> c.new_symbol
) AS valid_from, valid_to
FROM chain
"""
SQL_REFRESH = f"""
WITH found AS ({SQL_CHAINS}), gone AS (
  DELETE FROM fmp_symbol_alias a WHERE NOT EXISTS (
    SELECT FROM found f WHERE (f.symbol, f.former_symbol, f.valid_to) = (a.symbol, a.former_symbol, a.valid_to))
)
INSERT INTO fmp_symbol_alias AS a (symbol, former_symbol, valid_from, valid_to, run_id)
SELECT symbol, former_symbol, valid_from, valid_to, $1 FROM found
ON CONFLICT (symbol, former_symbol, valid_to) DO UPDATE
SET valid_from = excluded.valid_from, run_id = excluded.run_id, updated_at = now()
WHERE a.valid_from IS DISTINCT FROM excluded.valid_from
"""  # noqa: S608 - our own text


async def refresh_aliases(connection: Connection, run_id: UUID) -> None:
    """Derive `fmp_symbol_alias` from all renames known, in the caller's transaction; what stays is not written."""
    await connection.execute(SQL_REFRESH, run_id)
