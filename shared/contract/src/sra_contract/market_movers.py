"""The largest gains and losses of a session among the members of the large indices."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel

Amount = Annotated[Decimal | None, Col("currency of the row")]


class MarketMovers(ViewModel):
    """The ten largest gains and the ten largest losses of a session in each of four markets.

    S&P 500, Nasdaq-100 and Dow are by their present constituents; for Toronto the vendor gives no constituents, so that all
    equities listed on TSX are included; basis is then listing. A move is the vendor's change of the newest quote
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

    view_name: ClassVar[str] = "market_movers"
