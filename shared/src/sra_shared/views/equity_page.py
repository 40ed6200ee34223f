"""All that an equity's page shows, from what is collected so far."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import STALE_AFTER_DAYS, annualised, former_year_end, months_before, performance
from sra_shared.views.latest_quote import MARKET_ZONE
from sra_shared.views.security_master import CHANGED_LISTINGS

_HORIZONS = (
    ("1w", "(q.day - 7)", False),
    ("1m", months_before("q.day", 1), False),
    ("3m", months_before("q.day", 3), False),
    ("ytd", former_year_end("q.day"), False),
    ("1y", months_before("q.day", 12), False),
    ("3y", months_before("q.day", 36), True),
    ("5y", months_before("q.day", 60), True),
)


def _join_start(name: str, target: str) -> str:
    """The last price on or before the target day, none where it is over 7 days older, in today's shares."""
    splits = (
        "SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x"  # noqa: S608
        f" WHERE x.symbol = s.identifier AND x.numerator > 0 AND x.denominator > 0"
        f" AND x.date > (p.quoted_at AT TIME ZONE '{MARKET_ZONE}')::date AND x.date <= q.day"
    )
    return f"""LEFT JOIN LATERAL (
  SELECT p.price / coalesce(({splits}), 1) AS price, (p.quoted_at AT TIME ZONE '{MARKET_ZONE}')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.identifier AND p.price IS NOT NULL
    AND p.quoted_at < ({target} + 1)::timestamp AT TIME ZONE '{MARKET_ZONE}'
    AND p.quoted_at >= ({target} - {STALE_AFTER_DAYS})::timestamp AT TIME ZONE '{MARKET_ZONE}'
  ORDER BY p.quoted_at DESC LIMIT 1
) s{name} ON true"""  # noqa: S608 - fragments of this package


def _figure(name: str, is_annualised: bool) -> str:
    start = f"s{name}.price"
    formula = annualised("q.price", start, f"(q.day - s{name}.day)") if is_annualised else performance("q.price", start)
    return f"{formula} AS performance_{name}"


_QUERY = f"""
SELECT s.identifier AS symbol, m.name, m.type, m.exchange, m.currency, m.is_active, p.sector, p.industry, p.country,
  p.website, p.description, p.employees, q.price, q.quoted_at, q.day AS price_date, q.change, q.change_percentage,
  q.volume, q.open, q.day_low, q.day_high, q.previous_close, q.year_low, q.year_high, q.price_avg50, q.price_avg200,
  coalesce(q.market_cap, p.market_cap) AS market_cap, p.beta, p.last_dividend,
  round(p.last_dividend / nullif(q.price, 0)::numeric(80,40), 6) AS dividend_yield,
  {", ".join(_figure(name, is_annualised) for name, _, is_annualised in _HORIZONS)},
  greatest(m.as_of, p.updated_at, q.updated_at) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.identifier AND m.type = 'equity'
LEFT JOIN LATERAL (
  SELECT p.*, public.fundata_parse_number(p.raw_json ->> 'beta') AS beta,
    public.fundata_parse_number(p.raw_json ->> 'lastDividend') AS last_dividend
  FROM public.equity_profile p WHERE p.symbol = s.identifier
  ORDER BY p.exchange IS DISTINCT FROM m.exchange, p.updated_at DESC, p.exchange LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT q.*, (q.quoted_at AT TIME ZONE '{MARKET_ZONE}')::date AS day FROM public.fmp_quote q
  WHERE q.symbol = s.identifier AND q.price IS NOT NULL ORDER BY q.quoted_at DESC LIMIT 1
) q ON true
{chr(10).join(_join_start(name, target) for name, target, _ in _HORIZONS)}
"""  # noqa: S608

_CHANGED = (
    *(
        f"SELECT symbol, run_id FROM public.{table} WHERE run_id = ANY($1::uuid[])"  # noqa: S608
        for table in ("fmp_quote", "equity_profile", "fmp_split")
    ),
    f"SELECT identifier AS symbol, run_id FROM ({CHANGED_LISTINGS.strip()}) u",  # noqa: S608
)

Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class EquityPage(ViewModel):
    """One row per listed equity: profile, last price, change, dividend yield, performance.

    Performance is P(end) / P(start) - 1: the end is the newest price, the start the last one on or before the end minus
    7 days, 1, 3, 12, 36, 60 calendar months or the last day of the former year, NULL where that is over 7 days older than
    asked for. Three and five years are annualised by 365.25 days over the true distance of the two prices. Prices are
    those of the daily quotes, the start restated by the splits since. Computed with 40 digits, rounded half up to six
    decimals. dividend_yield is the vendor's last yearly dividend over the newest price, both in the listing's currency.
    Source: specification, section 5.
    """

    symbol: str = Field(description="Symbol.")
    name: str | None = Field(description="Company.")
    type: Literal["equity"] = Field(description="Kind of security.")
    exchange: str | None = Field(description="Exchange.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    is_active: bool = Field(description="Whether it is in the present universe.")
    sector: str | None = Field(description="Sector.")
    industry: str | None = Field(description="Industry.")
    country: str | None = Field(description="Country of the issuer.")
    website: str | None = Field(description="Website.")
    description: str | None = Field(description="What the company does.")
    employees: Decimal | None = Field(description="Full-time employees.")
    price: Amount = Field(description="Newest price.")
    quoted_at: datetime | None = Field(description="Moment of the quote, UTC.")
    price_date: dt.date | None = Field(description="Its day in New York.")
    change: Amount = Field(description="Change since the close before, vendor's.")
    change_percentage: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the day.")
    open: Amount = Field(description="First price of the day.")
    day_low: Amount = Field(description="Lowest price of the day.")
    day_high: Amount = Field(description="Highest price of the day.")
    previous_close: Amount = Field(description="Close of the day before.")
    year_low: Amount = Field(description="Lowest price of 52 weeks.")
    year_high: Amount = Field(description="Highest price of 52 weeks.")
    price_avg50: Amount = Field(description="Mean close of 50 days, vendor's.")
    price_avg200: Amount = Field(description="Mean close of 200 days, vendor's.")
    market_cap: Amount = Field(description="Market capitalisation, of the newest quote, else of the profile.")
    beta: Decimal | None = Field(description="Beta, vendor's.")
    last_dividend: Amount = Field(description="Dividends per share of a year, vendor's.")
    dividend_yield: Fraction = Field(description="last_dividend / price.")
    performance_1w: Fraction = Field(description="Performance over seven days.")
    performance_1m: Fraction = Field(description="Performance over one month.")
    performance_3m: Fraction = Field(description="Performance over three months.")
    performance_ytd: Fraction = Field(description="Performance since the former year's end.")
    performance_1y: Fraction = Field(description="Performance over one year.")
    performance_3y: Fraction = Field(description="Performance over three years, annualised.")
    performance_5y: Fraction = Field(description="Performance over five years, annualised.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="equity_page",
        key=("symbol",),
        query=_QUERY.replace("s.identifier", "s.symbol"),
        sources=(
            Source("equity_profile", "fmp", ("profile",)),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("fmp_quote", "fmp", ("quote",)),
            Source("fmp_split", "fmp", ("splits",)),
        ),
        uses=("security_master",),
        keyed=Keyed(
            scope=("symbol",),
            all_scopes="SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp'",
            changed_scopes=_CHANGED,
            indexes=("(exchange)", "(sector, industry)"),
        ),
    )
