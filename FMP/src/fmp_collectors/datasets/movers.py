"""The largest moves of a session."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Scope
from fmp_collectors.records import Day, ExchangeCode, Number, Record, Symbol


class Mover(Record):
    """One of the fifty largest gains or losses, in percent against the close before."""

    session_date: Day
    direction: str
    symbol: Symbol
    exchange: ExchangeCode
    name: str | None = None
    price: Number | None = None
    change: Number | None = None
    changes_percentage: Number | None = None


MOVERS = FmpDataset(
    name="movers",
    title="Gainers and losers",
    record=Mover,
    table="fmp_mover",
    key=("session_date", "direction", "symbol"),
    cadence=Cadence.DAILY,
    exchange_field="exchange",
    is_stamped=True,
    prices=("price",),
    endpoints=(
        FmpEndpoint(
            path="biggest-{topic}",
            scope=Scope.TOPIC,
            topics=("gainers", "losers"),
            topic_field="direction",
            sends=("symbol",),
        ),
    ),
)
