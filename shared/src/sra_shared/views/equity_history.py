"""Daily closes of listings, raw and adjusted."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, KEPT_AS, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.changes import select_other_currency
from sra_shared.views.closes import ADJUSTMENTS, CHANGED_NAMES, is_shown, select_own_since
from sra_shared.views.performance import select_adjustment
from sra_shared.views.price_adjustment import CHANGED_LISTED_SYMBOLS

_DIGITS = 12
_IS_SHOWN = is_shown("p", holder=KEPT_AS)


def _is_own(alias: str) -> str:
    """Not of another security, which had the symbol of the scope `s` until a day."""
    return f"{alias}.date >= coalesce(({select_own_since('s.symbol')}), '-infinity')"


# The close of a day under the present symbol, or else under the one of that day. Looked up symbol by symbol, in the
# partitions from the first day on: what a day costs must not follow the length of history, whatever the planner thinks.
_QUERY = f"""
SELECT s.symbol, q.date, m.currency, q.open, q.high, q.low, q.close, q.volume, q.updated_at AS as_of, q.run_id AS last_run_id,
  q.symbol AS delivered_symbol
FROM scope s
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
CROSS JOIN LATERAL (
  SELECT p.* FROM public.fmp_eod_price p
  WHERE p.symbol = s.symbol AND p.date >= s.since AND {_IS_SHOWN} AND {_is_own("p")}
  UNION ALL
  SELECT p.* FROM public.fmp_symbol_alias f
  JOIN public.fmp_eod_price p ON p.symbol = f.former_symbol AND p.date < f.valid_to
    AND (f.valid_from IS NULL OR p.date >= f.valid_from)
  WHERE f.symbol = s.symbol AND p.date >= s.since AND {_IS_SHOWN} AND NOT EXISTS (
    SELECT FROM public.fmp_eod_price o WHERE o.symbol = f.symbol AND o.date = p.date AND {_is_own("o")})
  OFFSET 0
) q
"""  # noqa: S608 - fragments of this package

_WRITTEN = (
    "SELECT symbol, min(date) AS since, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])"
    " GROUP BY symbol, run_id"
)
# what comes under a former symbol is of the present one too
_CHANGED_CLOSES = f"""
WITH written AS ({_WRITTEN})
SELECT w.symbol, w.since, w.run_id FROM written w
UNION ALL
SELECT f.symbol, w.since, w.run_id FROM written w JOIN public.fmp_symbol_alias f ON f.former_symbol = w.symbol
"""  # noqa: S608
_RENAMED = f"SELECT n.symbol, '-infinity'::date AS since, n.run_id FROM ({CHANGED_NAMES}) n"  # noqa: S608
_OTHER_CURRENCY = tuple(select_other_currency("fmp", "symbol", changed) for changed in CHANGED_LISTED_SYMBOLS)
_NEXT = """
SELECT least((SELECT min(p.symbol) FROM public.fmp_eod_price p WHERE p.symbol > {0}),
  (SELECT min(f.symbol) FROM public.fmp_symbol_alias f WHERE f.symbol > {0}))"""
# from one symbol to the next by the index, not through all closes of each
_NEXT_SYMBOLS = f"""
WITH RECURSIVE walk AS (
  SELECT n.symbol FROM ({_NEXT.format("$1::text")} AS symbol) n
  UNION ALL
  SELECT ({_NEXT.format("w.symbol")}) FROM walk w WHERE w.symbol IS NOT NULL
)
SELECT w.symbol FROM walk w WHERE w.symbol IS NOT NULL LIMIT $2::int
"""  # noqa: S608

# The factors are read beside the closes, since an event changes those of a whole history, and published with them.
_READ_JOIN = f"""
LEFT JOIN LATERAL ({select_adjustment("b.symbol", "b.date")}) a ON true
"""


def _adjust(value: str, operator: str, factor: str) -> str:
    """Put an amount into today's shares; what no event follows needs no division."""
    adjusted = f"CASE WHEN a.is_adjusted THEN {value} {operator} a.{factor} ELSE {value} END"
    return f"trim_scale(round({adjusted}, {_DIGITS}))"


_SHOWN = {
    **{
        f"split_adjusted_{name}": _adjust(f"b.{name}", "/", "split_factor") for name in ("open", "high", "low", "close")
    },
    "split_adjusted_volume": _adjust("b.volume", "*", "split_factor"),
    "total_return_close": _adjust("b.close", "/", "total_return_factor"),
    **{
        name: f"CASE WHEN a.is_adjusted THEN trim_scale(a.{name}) ELSE 1 END"
        for name in ("split_factor", "total_return_factor")
    },
}

Amount = Annotated[Decimal | None, Col("currency of the row")]
Shares = Annotated[Decimal | None, Col("shares")]
Factor = Annotated[Decimal | None, Col("factor")]


class EquityQuoteHistory(ViewModel):
    """Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested.

    open, high, low, close and volume are the vendor's, unadjusted. split_adjusted_* are those in today's shares:
    price / split_factor, volume x split_factor. total_return_close is close / total_return_factor, so that the ratio of
    two of them is the total return between their days, dividends reinvested on the ex-date. The factors are those of
    price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve decimals. An event shows in the
    same moment as the close from which on it counts. After a rename the sessions of the former symbol stand under the new
    one, which delivered_symbol tells. Source: specification, section 5.
    """

    symbol: str = Field(description="Symbol.")
    date: dt.date = Field(description="Session.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    open: Amount = Field(description="First price of the session, as delivered.")
    high: Amount = Field(description="Highest price of the session, as delivered.")
    low: Amount = Field(description="Lowest price of the session, as delivered.")
    close: Amount = Field(description="Last price of the session, as delivered.")
    volume: Shares = Field(description="Shares traded in the session, as delivered.")
    split_adjusted_open: Amount = Field(description="open in today's shares.")
    split_adjusted_high: Amount = Field(description="high in today's shares.")
    split_adjusted_low: Amount = Field(description="low in today's shares.")
    split_adjusted_close: Amount = Field(description="close in today's shares.")
    split_adjusted_volume: Shares = Field(description="volume in today's shares.")
    total_return_close: Amount = Field(
        description="close in today's shares with all dividends since reinvested; NULL where one of them cannot be placed."
    )
    split_factor: Factor = Field(description="Today's shares for one of the day.")
    total_return_factor: Factor = Field(description="The same with all dividends since reinvested.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description="The run that last changed the row: its price, or an event that adjusts it.")
    delivered_symbol: str = Field(description="Symbol under which the vendor told the session.")

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="equity_quote_history",
        key=("symbol", "date"),
        query=_QUERY,
        sources=(
            Source("fmp_eod_price", "fmp", ("eod_prices",)),
            Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
            Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("equity_profile", "fmp", ("profile",)),
        ),
        uses=("security_master", ADJUSTMENTS),
        published_with=(ADJUSTMENTS,),
        keyed=Keyed(
            scope=("symbol",),
            since="date",
            all_scopes="SELECT symbol FROM public.fmp_eod_price UNION SELECT symbol FROM public.fmp_symbol_alias",
            changed_scopes=(_CHANGED_CLOSES, _RENAMED, *_OTHER_CURRENCY),
            indexes=("(date)",),
            tells_run=True,
            on_read=tuple(_SHOWN.items()),
            shown_as=(
                ("as_of", "greatest(b.as_of, a.as_of)"),
                ("last_run_id", "CASE WHEN a.as_of > b.as_of THEN a.last_run_id ELSE b.last_run_id END"),
            ),
            read_join=_READ_JOIN,
            next_scopes=_NEXT_SYMBOLS,
        ),
    )
