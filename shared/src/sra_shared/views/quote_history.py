"""Daily series of funds, with our own returns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, Col, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import (
    STALE_AFTER_DAYS,
    exact,
    exact_navps,
    is_latest_data,
    is_latest_quote,
    parse,
    performance,
)

_STORED = "The run that stored the record."


def _is_taken(alias: str) -> str:
    """The one record of its fund and day: latest, with a value, FundDailyNAVPS before Pricing."""
    return (
        f"{alias}.navps IS NOT NULL AND {alias}.row_ordinal = 0 AND {is_latest_quote(alias)}"
        f" AND ({alias}.dataset = 'FundDailyNAVPS' OR NOT EXISTS (SELECT FROM public.fundata_quotes o"
        f" WHERE o.identifier = {alias}.identifier AND o.date = {alias}.date AND o.dataset = 'FundDailyNAVPS'"
        f" AND o.navps IS NOT NULL AND {is_latest_quote('o')}))"
    )


_SPLIT = parse("q.split")
_FUND_QUERY = f"""
SELECT q.identifier, q.date, q.dataset, {exact_navps("q")} AS navps, m.currency, p.date AS previous_date,
  p.navps AS previous_navps, e.distribution, e.split_factor,
  CASE WHEN {exact_navps("q")} > 0 THEN {performance(f"({exact_navps('q')})", "p.navps")} END AS price_return,
  CASE WHEN {exact_navps("q")} > 0
    THEN {performance(f"(({exact_navps('q')} + coalesce(e.distribution, 0)) * coalesce(e.split_factor, 1))", "p.navps")}
  END AS total_return, q.processed_at AS as_of, q.run_id AS last_run_id
FROM public.fundata_quotes q
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = q.identifier
LEFT JOIN LATERAL (
  SELECT p.date, {exact_navps("p")} AS navps FROM public.fundata_quotes p
  WHERE p.identifier = q.identifier AND p.date < q.date AND p.date >= q.date - {STALE_AFTER_DAYS}
    AND {exact_navps("p")} > 0 AND {is_latest_quote("p")}
  ORDER BY p.date DESC, p.dataset = 'FundDailyNAVPS' DESC, p.row_ordinal LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT coalesce({exact("q", "total_distribution", "DailyTotalDistribution", "TotalDistribution")},
    (SELECT sum({exact("d", "total_distribution", "TotalDistribution")}) FROM public.fundata_data d
     WHERE d.identifier = q.identifier AND d.dataset = 'FundDistribution' AND d.row_ordinal = 0
       AND d.date <= q.date AND d.date > coalesce(p.date, q.date - 1) AND {is_latest_data("d")})) AS distribution,
    nullif({_SPLIT}, 0) AS split_factor
) e ON true
WHERE {_is_taken("q")}
"""  # noqa: S608 - fragments of this package

Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundQuoteHistory(ViewModel):
    """Net asset value of every fund and day, with all delivered digits, and our own returns of the day.

    One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the
    value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its
    ex-date, or on the first day after it that has a value, and the split puts today's value into former shares. The previous
    value is the last one above zero, at most 7 days older; without one, and where today's is zero, both are NULL. Computed
    with 40 digits, rounded half up to six decimals. Source: specification, section 5.
    """

    identifier: str = Field(description="InstrumentKey.")
    date: dt.date = Field(description="Day of the value.")
    dataset: str = Field(description="Dataset that the value is from.")
    navps: Annotated[Decimal, Col("currency of the row")] = Field(description="Net asset value per share.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    previous_date: dt.date | None = Field(description="Day of the previous value.")
    previous_navps: Amount = Field(description="The previous value.")
    distribution: Amount = Field(description="Distribution per share that was reinvested on the day.")
    split_factor: Decimal | None = Field(description="New shares for one old, where the day has a split.")
    price_return: Fraction = Field(description="Change of the value alone.")
    total_return: Fraction = Field(description="The same with distribution and split.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=_STORED)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="fund_quote_history",
        key=("identifier", "date"),
        query=_FUND_QUERY,
        sources=(
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
            Source("fundata_data", "fundata", ("FundDistribution",)),
        ),
        uses=("security_master",),
        used_indexes=("pk_fundata_quotes", "ix_fundata_quotes_date"),
    )
