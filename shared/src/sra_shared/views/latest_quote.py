"""The newest price of every security."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.changes import select_changed
from sra_shared.views.closes import CHANGED_NAMES, follow_names, select_close
from sra_shared.views.security_master import CHANGED_FUNDS, CHANGED_LISTINGS, CHANGED_PROFILES

MARKET_ZONE = "America/New_York"

_QUERY = f"""
SELECT s.source, s.identifier, m.type, m.name, q.price, m.currency, q.price_date, NULL::timestamptz AS quoted_at, q.change,
  q.change_percent, NULL::numeric AS volume, greatest(q.processed_at, m.as_of) AS as_of
FROM scope s
CROSS JOIN LATERAL (
  SELECT h.navps AS price, h.date AS price_date, h.change, h.change_percent, h.stored_at AS processed_at
  FROM published.fund_quote_history h WHERE s.source = 'fundata' AND h.identifier = s.identifier
  ORDER BY h.date DESC LIMIT 1
) q
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
UNION ALL
SELECT s.source, s.identifier, m.type, coalesce(m.name, q.name), p.price, m.currency, p.day, q.quoted_at, p.change,
  p.change_percentage, p.volume, greatest(q.updated_at, e.stored_at, m.as_of)
FROM scope s
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT q.*, (q.quoted_at AT TIME ZONE '{MARKET_ZONE}')::date AS day FROM public.fmp_quote q
  WHERE q.symbol = s.identifier AND q.price IS NOT NULL ORDER BY q.quoted_at DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL ({select_close("m.identifier", "true", holder=None)}) e ON true
CROSS JOIN LATERAL (
  -- the quote tells more than the close of its own day
  SELECT q.price, q.day, q.change, q.change_percentage, q.volume WHERE q.day >= e.day OR e.day IS NULL
  UNION ALL SELECT e.price, e.day, NULL, NULL, e.volume WHERE e.day > q.day OR q.day IS NULL
) p
WHERE s.source = 'fmp' AND p.price IS NOT NULL
"""  # noqa: S608 - fragments of this package

CHANGED_NAVPS = """
SELECT DISTINCT 'fundata' AS source, identifier, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[])
"""
CHANGED_PRICES = (
    "SELECT DISTINCT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_quote WHERE run_id = ANY($1::uuid[])"
)


CHANGED_CLOSES = (
    f"SELECT 'fmp' AS source, symbol AS identifier, run_id FROM ({follow_names(select_changed('fmp_eod_price'))}"  # noqa: S608
    f" UNION ALL {CHANGED_NAMES.strip()}) c"
)


class LatestQuote(ViewModel):
    """Newest price or NAVPS that is not NULL, one row per security.

    A fund's comes from the newest day that has one, FundDailyNAVPS before Pricing, with all delivered digits. A listing's
    comes from its newest quote, or from its newest close where that is of a later day; the day is that of New York, where
    all five exchanges keep their time.
    """

    source: Literal["fundata", "fmp"] = Field(description="Vendor.")
    identifier: str = Field(description="InstrumentKey of a fund, symbol of a listing.")
    type: str | None = Field(description="equity, etf or fund; none where the security is not in security_master.")
    name: str | None = Field(description="Name to show.")
    price: Annotated[Decimal, Col("currency of the row")] = Field(description="Price, or net asset value per share.")
    currency: str | None = Field(description="Currency of price and change; none where the vendor gives none.")
    price_date: date = Field(description="Day of the price.")
    quoted_at: datetime | None = Field(
        description="Moment of the newest quote; none for a fund, which has one value a day."
    )
    change: Annotated[Decimal | None, Col("currency of the row")] = Field(
        description="Change since the day before, vendor's; none where the price is a close."
    )
    change_percent: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the day; none for a fund.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="latest_quote",
        key=("source", "identifier"),
        query=_QUERY,
        sources=(
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
            Source("fmp_quote", "fmp", ("quote",)),
            Source("fmp_eod_price", "fmp", ("eod_prices",)),
            Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
            Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
            Source("fundata_data", "fundata", ("FundGeneral",)),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("equity_profile", "fmp", ("profile",)),
        ),
        uses=("security_master", "fund_quote_history"),
        keyed=Keyed(
            scope=("source", "identifier"),
            all_scopes="""
                SELECT DISTINCT 'fundata' AS source, identifier FROM published.fund_quote_history
                UNION ALL SELECT 'fmp', identifier FROM sra.security_master WHERE source = 'fmp'
                UNION SELECT 'fmp', symbol FROM public.fmp_quote
            """,
            changed_scopes=(
                *(CHANGED_NAVPS, CHANGED_PRICES, CHANGED_CLOSES, CHANGED_FUNDS, CHANGED_LISTINGS, CHANGED_PROFILES),
            ),
            indexes=("(identifier)", "(price_date)"),
        ),
    )
