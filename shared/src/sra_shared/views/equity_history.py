"""Daily closes of listings, raw and adjusted."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, Col, Source, ViewModel, ViewSpec
from sra_shared.views.closes import is_shown
from sra_shared.views.performance import select_adjustment

_DIGITS = 12


def _is_own(alias: str) -> str:
    """Not of another security, which had the symbol until a day."""
    return f"""NOT EXISTS (
    SELECT FROM public.fmp_symbol_change c JOIN public.fmp_symbol_alias g ON g.symbol = c.old_symbol AND g.valid_to >= c.date
    WHERE c.old_symbol = {alias}.symbol AND c.date > {alias}.date)"""


def _adjust(column: str) -> str:
    return f"round(q.{column} / coalesce(a.split_factor, 1), {_DIGITS}) AS split_adjusted_{column}"


# the close of a day under the present symbol, or else under the one of that day
_QUERY = f"""
SELECT q.listed AS symbol, q.date, m.currency, q.open, q.high, q.low, q.close, q.volume,
  {", ".join(_adjust(column) for column in ("open", "high", "low", "close"))},
  round(q.volume * coalesce(a.split_factor, 1), {_DIGITS}) AS split_adjusted_volume,
  round(q.close / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END, {_DIGITS}) AS total_return_close,
  coalesce(a.split_factor, 1) AS split_factor, CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END
    AS total_return_factor,
  greatest(q.updated_at, a.as_of) AS as_of,
  CASE WHEN a.as_of > q.updated_at THEN a.last_run_id ELSE q.run_id END AS last_run_id, q.symbol AS delivered_symbol
FROM (
  SELECT p.*, p.symbol AS listed FROM public.fmp_eod_price p WHERE {is_shown("p", adjusted=True)} AND {_is_own("p")}
  UNION ALL
  SELECT p.*, f.symbol FROM public.fmp_symbol_alias f
  JOIN public.fmp_eod_price p ON p.symbol = f.former_symbol AND p.date < f.valid_to
    AND (f.valid_from IS NULL OR p.date >= f.valid_from)
  WHERE {is_shown("p", adjusted=True)} AND NOT EXISTS (
    SELECT FROM public.fmp_eod_price o WHERE o.symbol = f.symbol AND o.date = p.date AND {_is_own("o")})
) q
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = q.listed
LEFT JOIN LATERAL ({select_adjustment("q.listed", "q.date")}) a ON true
"""  # noqa: S608 - fragments of this package

Amount = Annotated[Decimal | None, Col("currency of the row")]
Shares = Annotated[Decimal | None, Col("shares")]
Factor = Annotated[Decimal | None, Col("factor")]


class EquityQuoteHistory(ViewModel):
    """Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested.

    open, high, low, close and volume are the vendor's, unadjusted. split_adjusted_* are those in today's shares:
    price / split_factor, volume x split_factor. total_return_close is close / total_return_factor, so that the ratio of
    two of them is the total return between their days, dividends reinvested on the ex-date. The factors are those of
    price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve decimals. A new session shows
    with its factors: when price_adjustment holds the run that brought it. After a rename the sessions of the former symbol
    stand under the new one, which delivered_symbol tells. Source: specification, section 5.
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
        ),
        uses=("security_master", "price_adjustment"),
        used_indexes=("pk_fmp_eod_price", "ix_fmp_eod_price_date"),
    )
