"""The fund market of each day."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import is_active

NO_CURRENCY = "XXX"

# the value in the middle and, of an even number, the one after it
_MIDDLE = "percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY p.navps)"

_QUERY = f"""
SELECT p.date, p.currency, count(*) AS total_symbols, round(avg(p.navps), 6) AS avg_navps,
  round((({_MIDDLE})[1] + ({_MIDDLE})[2]) / 2, 6) AS median_navps,
  count(*) FILTER (WHERE p.direction > 0) AS advancers, count(*) FILTER (WHERE p.direction < 0) AS decliners,
  max(p.stored_at) AS as_of
FROM (
  SELECT h.date, coalesce(m.currency, '{NO_CURRENCY}') AS currency, h.navps, h.stored_at,
    sign(coalesce(nullif(h.change, 0), h.change_percent)) AS direction
  FROM scope s JOIN published.fund_quote_history h ON h.date = s.date
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = h.identifier
) p
GROUP BY 1, 2
"""  # noqa: S608 - constants of this module

# A day's figures move with a fund's currency only when that changes: what was the fund's currency before these runs is
# in the versions that they superseded.
_CURRENCY_CHANGED = f"""
WITH written AS (
  SELECT r.identifier, r.run_id, coalesce(r.currency, '') AS currency, {is_active("r")} AS active
  FROM public.fundata_data r WHERE r.run_id = ANY($1::uuid[]) AND r.dataset = 'FundGeneral'
), states AS (
  SELECT w.*, true AS is_new FROM written w
  UNION ALL
  SELECT o.identifier, x.run_id, coalesce(o.currency, ''), {is_active("o")}, false
  FROM (SELECT DISTINCT identifier FROM written) w
  JOIN public.fundata_data o ON o.identifier = w.identifier AND o.dataset = 'FundGeneral'
  JOIN public.fundata_data_superseded x
    ON x.identifier = o.identifier AND x.dataset = o.dataset AND x.record_id = o.record_id
    AND x.data_version = o.data_version
  WHERE x.run_id = ANY($1::uuid[])
)
SELECT DISTINCT q.date, moved.run_id
FROM (
  SELECT identifier, min(run_id::text)::uuid AS run_id FROM states GROUP BY identifier
  HAVING count(DISTINCT currency) > 1 OR NOT bool_and(active) OR bool_and(is_new)
) moved
JOIN published.fund_quote_history q ON q.identifier = moved.identifier
"""  # noqa: S608


class DailyMarketSummary(ViewModel):
    """Per day and currency, over the latest records: how many funds have a value, its mean and median, how many rose and fell.

    One value a fund and day, FundDailyNAVPS before Pricing. avg_navps is the arithmetic mean, median_navps the middle
    value, or the mean of the two in the middle, both of NAVPS at full precision and rounded half up to six decimals. A fund
    advances (declines) where the vendor's change of the day (NAVPSPennyChange, PennyChangeDay, else NAVPSPercentChange)
    is above (below) zero at full precision; one without a change counts in neither. A fund whose currency the vendor does
    not give stands under XXX, which is ISO 4217's code for that. Source: specification, section 5.
    """

    date: Annotated[dt.date, Col()] = Field(description="Day of the values.")
    currency: str = Field(description="Currency of the funds, and of both amounts; XXX where the vendor gives none.")
    total_symbols: int = Field(description="Funds with a net asset value on the day.")
    avg_navps: Annotated[Decimal, Col("currency of the row")] = Field(description="Mean net asset value per share.")
    median_navps: Annotated[Decimal, Col("currency of the row")] = Field(
        description="Median net asset value per share."
    )
    advancers: int = Field(description="Funds that rose since their day before.")
    decliners: int = Field(description="Funds that fell since their day before.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="daily_market_summary",
        key=("date", "currency"),
        query=_QUERY,
        sources=(
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
            Source("fundata_data", "fundata", ("FundGeneral",)),
        ),
        uses=("security_master", "fund_quote_history"),
        keyed=Keyed(
            scope=("date",),
            all_scopes="SELECT date FROM published.fund_quote_history",
            changed_scopes=(
                "SELECT DISTINCT date, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[])",
                _CURRENCY_CHANGED,
            ),
        ),
    )
