"""Who owned a symbol when, and the former symbols of a listed symbol.

The rule: an owner has a symbol from the end of the former owner's time until the day of a rename away from it, or until the day
after a delisting. A delisting close to a rename away from the symbol is that rename. A delisting of a company that is now listed
under the same symbol and name was a move between exchanges and ends nothing. After its last end a symbol has an owner if it is
listed now, or if a rename led to it since. An owner that took another symbol owns that symbol on that day, so that a chain of
renames leads to the newest symbol.
"""

from __future__ import annotations

from uuid import UUID

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection

_NEAR_DAYS = 10


def _clean(name: str) -> str:
    return f"nullif(regexp_replace(lower({name}), '[^[:alnum:]]+', '', 'g'), '')"


_SQL_PERIODS = compose(
    """
WITH RECURSIVE listed AS (
  SELECT symbol, {company} AS company FROM fmp_universe WHERE valid_to IS NULL
), change AS (
  SELECT DISTINCT ON (c.old_symbol, c.date) c.old_symbol, c.new_symbol, c.date FROM fmp_symbol_change c
  WHERE c.old_symbol <> c.new_symbol
  ORDER BY c.old_symbol, c.date, EXISTS (SELECT FROM listed l WHERE l.symbol = c.new_symbol) DESC, c.new_symbol
), delisting AS (
  SELECT d.symbol, max(d.delisted_date) + 1 AS day FROM fmp_delisted d
  WHERE d.delisted_date <= current_date
    AND NOT EXISTS (SELECT FROM listed l WHERE l.symbol = d.symbol AND l.company = {delisted_company})
    AND NOT EXISTS (SELECT FROM change c WHERE c.old_symbol = d.symbol
      AND c.date BETWEEN d.delisted_date - {near_days} AND d.delisted_date + {near_days})
  GROUP BY d.symbol, {delisted_company}
), ending AS (
  SELECT c.old_symbol AS symbol, c.date AS day, 'rename' AS ended_by, c.new_symbol AS renamed_to FROM change c
  UNION ALL
  SELECT d.symbol, d.day, 'delisting', NULL FROM (SELECT DISTINCT symbol, day FROM delisting) d
  WHERE NOT EXISTS (SELECT FROM change c WHERE c.old_symbol = d.symbol AND c.date = d.day)
), known AS (
  SELECT symbol, max(day) AS last_day FROM (
    SELECT symbol, day FROM ending UNION ALL SELECT new_symbol, NULL FROM change
    UNION ALL SELECT symbol, NULL FROM fmp_symbol_period
  ) n GROUP BY symbol
), bound AS (
  SELECT symbol, day AS valid_to, ended_by, renamed_to FROM ending
  UNION ALL
  SELECT k.symbol, NULL, NULL, NULL FROM known k
  WHERE k.last_day IS NULL OR EXISTS (SELECT FROM listed l WHERE l.symbol = k.symbol)
    OR EXISTS (SELECT FROM change c WHERE c.new_symbol = k.symbol AND c.date >= k.last_day)
), period AS (
  SELECT b.*, row_number() OVER days AS place, lag(b.valid_to) OVER days AS valid_from FROM bound b
  WINDOW days AS (PARTITION BY b.symbol ORDER BY b.valid_to NULLS LAST)
), chain AS (
  SELECT p.symbol, p.place, p.symbol AS owner_symbol, p.valid_to, p.ended_by, p.renamed_to FROM period p
  UNION ALL
  SELECT c.symbol, c.place, n.symbol, n.valid_to, n.ended_by, n.renamed_to
  FROM chain c JOIN period n ON n.symbol = c.renamed_to AND coalesce(n.valid_from, '-infinity') <= c.valid_to
    AND coalesce(n.valid_to, 'infinity') > c.valid_to
)
SELECT p.symbol, p.place::int AS place, p.valid_from, p.valid_to, (
    SELECT max(c.date) FROM change c WHERE c.new_symbol = p.symbol AND c.date >= coalesce(p.valid_from, '-infinity')
      AND c.date < coalesce(p.valid_to, 'infinity')) AS taken_on,
  p.ended_by, p.renamed_to, o.owner_symbol, o.valid_to AS owner_until
FROM period p JOIN chain o ON o.symbol = p.symbol AND o.place = p.place AND o.renamed_to IS NULL
""",
    company=_clean("company_name"),
    delisted_company=_clean("d.company_name"),
    near_days=_NEAR_DAYS,
)
_FACTS = ("valid_from", "valid_to", "taken_on", "ended_by", "renamed_to", "owner_symbol", "owner_until")
_LIST = ", ".join(_FACTS)
SQL_REFRESH_PERIODS = compose(
    """
WITH found AS MATERIALIZED ({sql_periods}), gone AS (
  DELETE FROM fmp_symbol_period o
  WHERE NOT EXISTS (SELECT FROM found f WHERE f.symbol = o.symbol AND f.place = o.place)
)
INSERT INTO fmp_symbol_period AS o (symbol, place, {columns}, run_id) SELECT symbol, place, {columns}, $1 FROM found
ON CONFLICT (symbol, place) DO UPDATE
SET {updates}, run_id = excluded.run_id, updated_at = now()
WHERE ({former}) IS DISTINCT FROM ({new})
""",
    sql_periods=_SQL_PERIODS,
    columns=_LIST,
    updates=", ".join(f"{name} = excluded.{name}" for name in _FACTS),
    former=", ".join(f"o.{name}" for name in _FACTS),
    new=", ".join(f"excluded.{name}" for name in _FACTS),
)
# the symbols that an owner gave up, under its newest one, unless that one has another owner by now
SQL_REFRESH_ALIASES = """
WITH found AS (
  SELECT p.owner_symbol AS symbol, p.symbol AS former_symbol, greatest(p.valid_from, p.taken_on) AS valid_from, p.valid_to
  FROM fmp_symbol_period p JOIN LATERAL (
    SELECT l.valid_to FROM fmp_symbol_period l WHERE l.symbol = p.owner_symbol ORDER BY l.place DESC LIMIT 1
  ) l ON l.valid_to IS NOT DISTINCT FROM p.owner_until
  WHERE p.ended_by = 'rename'
), gone AS (
  DELETE FROM fmp_symbol_alias a WHERE NOT EXISTS (
    SELECT FROM found f WHERE (f.symbol, f.former_symbol, f.valid_to) = (a.symbol, a.former_symbol, a.valid_to))
)
INSERT INTO fmp_symbol_alias AS a (symbol, former_symbol, valid_from, valid_to, run_id)
SELECT symbol, former_symbol, valid_from, valid_to, $1 FROM found
ON CONFLICT (symbol, former_symbol, valid_to) DO UPDATE
SET valid_from = excluded.valid_from, run_id = excluded.run_id, updated_at = now()
WHERE a.valid_from IS DISTINCT FROM excluded.valid_from
"""


async def refresh_owners(connection: Connection, run_id: UUID) -> None:
    """Derive `fmp_symbol_period` and `fmp_symbol_alias` from all known renames, delistings and listings, in the caller's
    transaction; unchanged rows are not written."""
    await connection.execute(SQL_REFRESH_PERIODS, run_id)
    await connection.execute(SQL_REFRESH_ALIASES, run_id)
