"""The largest gains and losses of a session among the members of the large indices."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec

MOVERS_SHOWN = 10
_GROUPS = (
    ("sp500", "S&P 500", "constituents", "sp500"),
    ("nasdaq100", "Nasdaq-100", "constituents", "nasdaq"),
    ("dow", "Dow Jones Industrial Average", "constituents", "dowjones"),
    ("tsx", "Toronto Stock Exchange, all listed equities", "listing", "TSX"),
)
_VALUES = ", ".join(f"('{name}', '{title}', '{basis}', '{members}')" for name, title, basis, members in _GROUPS)
_ALL = f"SELECT g.market FROM (VALUES {_VALUES}) g (market, market_name, basis, members)"  # noqa: S608 - names of this module

_QUERY = f"""
SELECT r.market, r.market_name, r.basis, r.direction, r.rank, r.session_date, r.symbol, r.name, r.exchange, r.sector,
  r.currency, r.price, r.change, r.change_percentage, r.volume, r.market_cap, r.as_of
FROM (
  SELECT d.*, row_number() OVER (
      PARTITION BY d.market, d.direction
      ORDER BY abs(d.change_percentage) DESC, d.market_cap DESC NULLS LAST, d.symbol) AS rank
  FROM (
    SELECT n.*, first_value(n.session_date) OVER (PARTITION BY n.market ORDER BY n.sharing DESC, n.session_date DESC) AS session
    FROM (
      SELECT g.market, g.market_name, g.basis, e.*,
        CASE WHEN e.change_percentage > 0 THEN 'gainer' ELSE 'loser' END AS direction,
        e.price_date AS session_date, count(*) OVER (PARTITION BY g.market, e.price_date) AS sharing
      FROM scope s
      JOIN (VALUES {_VALUES}) g (market, market_name, basis, members) ON g.market = s.market
      JOIN sra.equity_metrics e ON e.is_active AND e.change_percentage IS NOT NULL AND CASE g.basis
        WHEN 'listing' THEN e.exchange = g.members
        ELSE EXISTS (SELECT FROM public.fmp_constituent c
                     WHERE c.index_name = g.members AND c.symbol = e.symbol AND c.valid_to IS NULL) END
    ) n
  ) d
  WHERE d.session_date = d.session AND d.change_percentage <> 0
) r
WHERE r.rank <= {MOVERS_SHOWN}
"""  # noqa: S608

Amount = Annotated[Decimal | None, Col("currency of the row")]


class MarketMovers(ViewModel):
    """The ten largest gains and the ten largest losses of a session in each of four markets.

    S&P 500, Nasdaq-100 and Dow are by their present constituents; for Toronto the vendor gives no constituents, so that all
    equities listed on TSX stand there, which basis tells as listing. A move is the vendor's change of the newest quote
    against the close before, in percent; only quotes of one session count, that of most members' newest quotes (of two with
    as many the newer one), so that neither a halted share nor one quoted a day early is a mover. Equal moves are ranked by
    market capitalisation. Source: specification, section 5.
    """

    market: Literal["sp500", "nasdaq100", "dow", "tsx"] = Field(description="Which market.")
    market_name: str = Field(description="Its name to show.")
    basis: Literal["constituents", "listing"] = Field(description="How its members are told.")
    direction: Literal["gainer", "loser"] = Field(description="Which of the two lists.")
    rank: Annotated[int, Col("place", "bigint")] = Field(description="Place in the list, 1 for the largest move.")
    session_date: dt.date = Field(description="Session of the move, in New York.")
    symbol: str = Field(description="Symbol.")
    name: str | None = Field(description="Company.")
    exchange: str | None = Field(description="Exchange.")
    sector: str | None = Field(description="Sector.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    price: Amount = Field(description="Newest price.")
    change: Amount = Field(description="Change since the close before, vendor's.")
    change_percentage: Annotated[Decimal, Col("percent")] = Field(description="The same in percent, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the session.")
    market_cap: Amount = Field(description="Market capitalisation.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="market_movers",
        key=("market", "direction", "rank"),
        query=_QUERY,
        sources=(
            Source("fmp_constituent", "fmp", ("constituents",)),
            Source("fmp_quote", "fmp", ("quote",)),
            Source("fmp_eod_price", "fmp", ("eod_prices",)),
            Source("fmp_universe", "fmp", ("universe",)),
            Source("equity_profile", "fmp", ("profile",)),
        ),
        uses=("equity_metrics",),
        keyed=Keyed(
            scope=("market",),
            all_scopes=_ALL,
            # four small lists: whatever moves a price may move each of them
            changed_scopes=(f"SELECT g.market, r.run_id FROM ({_ALL}) g CROSS JOIN unnest($1::uuid[]) r (run_id)",),  # noqa: S608
            indexes=("(symbol)",),
        ),
    )
