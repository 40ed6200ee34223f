"""The factors that put former prices of a listing into today's shares."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.changes import select_changed, select_ending
from sra_shared.views.closes import (
    ADJUSTMENTS,
    CHANGED_NAMES,
    IS_DIVIDEND,
    IS_SPLIT,
    follow_names,
    is_of_name,
    multiply_splits,
    select_close,
    select_ended,
    select_events,
    select_names,
)
from sra_shared.views.fragments import PERFORMANCE_DIGITS, STALE_AFTER_DAYS, quotient
from sra_shared.views.security_master import CHANGED_LISTINGS, CHANGED_PROFILES


def _select_close(condition: str, *, first: bool = False) -> str:
    return select_close("s.symbol", condition, first=first)


def _round_factor(factor: str) -> str:
    """With 40 digits, and never zero: prices are divided by it."""
    return f"greatest(round({factor}, {PERFORMANCE_DIGITS}), 1e-{PERFORMANCE_DIGITS})"


# what one moment and its run are, so that the newest of several tells both
_STAMP = "to_char({0}, 'YYYY-MM-DD HH24:MI:SS.US') || {1}::text"


def _stamp(moment: str, run: str) -> str:
    return _STAMP.format(moment, run)


_EVENTS = ("fmp_split", "fmp_dividend")
_ENDED = " UNION ALL ".join(
    f"SELECT x.date, x.valid_to, x.ended_run_id FROM ({select_ended(table, 's.symbol')}) x"  # noqa: S608
    for table in _EVENTS
)
# so that two partitions are looked at, and not all that follow
_WITHIN_A_YEAR = "p.date >= v.date AND p.date <= v.date + 366"
_QUERY = f"""
SELECT e.symbol, e.date, e.numerator AS split_numerator, e.denominator AS split_denominator, e.dividend,
  m.currency, e.reinvestment_date, e.reinvestment_price,
  {_round_factor("published.product(e.split_ratio) OVER later")} AS split_factor,
  CASE WHEN NOT bool_or(e.total_ratio IS NULL) OVER later
    THEN {_round_factor("published.product(e.total_ratio) OVER later")} END AS total_return_factor,
  left(max(e.stamp) OVER later, 26)::timestamp AT TIME ZONE 'UTC' AS as_of,
  right(max(e.stamp) OVER later, 36)::uuid AS last_run_id
FROM (
  SELECT s.symbol, v.date, v.numerator, v.denominator, v.dividend, r.day AS reinvestment_date,
    r.price AS reinvestment_price, o.ratio AS split_ratio,
    greatest(v.stamp, {_stamp("c.stored_at", "c.run_id")}, CASE WHEN g.days IS NOT NULL THEN (
      SELECT max(x.stamp) FROM unnest(g.days, g.stamps) x (day, stamp) WHERE x.day >= v.date) END) AS stamp,
    CASE WHEN v.dividend IS NULL OR r.price IS NULL AND v.date <= f.day THEN o.ratio
      WHEN r.price IS NULL THEN NULL WHEN v.date < max(v.date) OVER one_close THEN o.ratio
      ELSE o.ratio * (1 + sum({quotient("v.dividend", "(r.price * r.splits)")}) OVER one_close) END AS total_ratio
  FROM scope s
  CROSS JOIN LATERAL ({_select_close("true")}) n
  CROSS JOIN LATERAL ({_select_close("true", first=True)}) f
  -- an event that ended changed the factors of the days up to its own
  CROSS JOIN LATERAL (
    SELECT array_agg(x.date) AS days, array_agg({_stamp("x.valid_to", "x.ended_run_id")}) AS stamps FROM ({_ENDED}) x
  ) g
  CROSS JOIN LATERAL (
    SELECT coalesce(p.date, d.date) AS date, p.numerator, p.denominator, d.dividend,
      greatest({_stamp("p.updated_at", "p.run_id")}, d.stamp) AS stamp
    FROM ({select_events("fmp_split", "s.symbol", IS_SPLIT)}) p
    FULL JOIN (
      -- all payments of a day
      SELECT d.date, sum(d.dividend) AS dividend, max({_stamp("d.updated_at", "d.run_id")}) AS stamp
      FROM ({select_events("fmp_dividend", "s.symbol", IS_DIVIDEND)}) d GROUP BY d.date
    ) d ON d.date = p.date
  ) v
  CROSS JOIN LATERAL (
    SELECT coalesce({quotient("v.numerator", "v.denominator")}, 1) AS ratio
  ) o
  -- the close from which on the event counts, at which a dividend is reinvested
  LEFT JOIN LATERAL ({_select_close(_WITHIN_A_YEAR, first=True)}) c ON true
  LEFT JOIN LATERAL (
    SELECT c.day, c.price, {multiply_splits("s.symbol", "v.date", "c.day")} AS splits
    WHERE v.dividend IS NOT NULL AND c.day <= v.date + {STALE_AFTER_DAYS}
  ) r ON true
  WHERE v.date <= n.day
  -- dividends between two closes buy at the same one, none of them for the other
  WINDOW one_close AS (PARTITION BY s.symbol, r.day)
) e
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = e.symbol
WINDOW later AS (PARTITION BY e.symbol ORDER BY e.date DESC)
"""  # noqa: S608 - fragments of this package

_WRITTEN = (
    "SELECT symbol, run_id, min(date) AS first, max(date) AS last FROM public.fmp_eod_price"
    " WHERE run_id = ANY($1::uuid[]) GROUP BY symbol, run_id"
)
# a price tells the reinvestment of the dividends shortly before it, and makes an announced event one that has happened
_CHANGED_CLOSES = f"""
SELECT c.symbol, c.run_id FROM (
  SELECT w.symbol, w.run_id, w.first, w.last FROM ({_WRITTEN}) w
  UNION ALL
  SELECT a.symbol, w.run_id, w.first, w.last FROM ({_WRITTEN}) w
  JOIN public.fmp_symbol_alias a ON a.former_symbol = w.symbol
) c
WHERE EXISTS (
  SELECT FROM ({select_names("c.symbol")}) ln
  CROSS JOIN LATERAL (
    SELECT x.date FROM public.fmp_split x WHERE {is_of_name("x")} AND {IS_SPLIT}
    UNION ALL SELECT x.date FROM public.fmp_dividend x WHERE {is_of_name("x")} AND {IS_DIVIDEND}
  ) x
  WHERE x.date <= c.last AND (x.date >= c.first - {STALE_AFTER_DAYS} OR NOT EXISTS (
    SELECT FROM sra.price_adjustment a WHERE a.symbol = c.symbol AND a.date = x.date))
)
"""  # noqa: S608
_CHANGED_EVENTS = tuple(follow_names(select(table)) for table in _EVENTS for select in (select_changed, select_ending))
CHANGED_LISTED_SYMBOLS = tuple(
    f"SELECT identifier AS symbol, run_id FROM ({text.strip()}) u"  # noqa: S608
    for text in (CHANGED_LISTINGS, CHANGED_PROFILES)
)
CHANGED_ADJUSTMENTS = (_CHANGED_CLOSES, *_CHANGED_EVENTS, CHANGED_NAMES)

Amount = Annotated[Decimal | None, Col("currency of the row")]


class PriceAdjustment(ViewModel):
    """Splits and dividends of every listing, with the factors by which prices before them are divided.

    A price of day d in today's shares is price / split_factor, and with dividends reinvested price / total_return_factor,
    both of the first row of the symbol whose date is after d; without such a row the price stands as it is. An event counts
    from the first close on or after its date, so that what is only announced changes nothing. split_factor is the product of
    numerator / denominator over this event and all later ones; total_return_factor the product of
    numerator / denominator x (1 + dividend / close), the close being the first one on or after the ex-date, at most 7 days
    later, in shares of the ex-date: what each dividend buys on its ex-date. Dividends that share a close are added before
    they are counted, on the last of them, and so are payments of one day. An event that the vendor withdrew counts no
    longer. The factor is NULL before a dividend without such a close, unless that lies before
    all closes anyway. After a rename the events of the former symbol stand under the new one too. Computed with 40 digits.
    Source: specification, section 5 (distributions reinvested on the ex-date, splits adjusted).
    """

    symbol: str = Field(description="Symbol.")
    date: dt.date = Field(description="First day with the new number of shares; of a dividend the ex-date.")
    split_numerator: Annotated[Decimal | None, Col("shares")] = Field(
        description="New shares for split_denominator old ones; none without a split."
    )
    split_denominator: Annotated[Decimal | None, Col("shares")] = Field(description="Old shares.")
    dividend: Amount = Field(
        description="Dividends per share of the day, all payments together; none without a dividend."
    )
    currency: str | None = Field(description="Currency of every amount of the row: the listing's.")
    reinvestment_date: dt.date | None = Field(description="Session at whose close the dividend is reinvested.")
    reinvestment_price: Amount = Field(description="That close, as delivered.")
    split_factor: Annotated[Decimal, Col("factor")] = Field(description="Today's shares for one before the day.")
    total_return_factor: Annotated[Decimal | None, Col("factor")] = Field(
        description="The same with all dividends since reinvested."
    )
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name=ADJUSTMENTS,
        key=("symbol", "date"),
        query=_QUERY,
        sources=(
            Source("fmp_split", "fmp", ("splits",)),
            Source("fmp_dividend", "fmp", ("dividends",)),
            Source("fmp_eod_price", "fmp", ("eod_prices",)),
            Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
            Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("equity_profile", "fmp", ("profile",)),
        ),
        uses=("security_master",),
        keyed=Keyed(
            scope=("symbol",),
            tells_run=True,
            all_scopes="SELECT symbol FROM public.fmp_split UNION SELECT symbol FROM public.fmp_dividend"
            " UNION SELECT symbol FROM public.fmp_symbol_alias",
            changed_scopes=(*CHANGED_ADJUSTMENTS, *CHANGED_LISTED_SYMBOLS),
        ),
    )
