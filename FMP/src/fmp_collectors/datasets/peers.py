"""Peers of a company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope, Storage
from fmp_collectors.records import Record, Symbol, read_absence


class Peer(Record):
    """A peer of a company, and its position in the list of peers."""

    volatile = frozenset({"peers", "companyName", "price", "mktCap"})
    made = frozenset({"place"})

    symbol: Symbol
    peer_symbol: Symbol
    place: int


def split_cells(rows: Iterable[Any], _: str) -> Iterator[Any]:
    """Yield one row per peer; a bulk row names all peers in one cell."""
    for row in rows:
        cell = read_absence(row.get("peers")) if isinstance(row, Mapping) else None
        if not isinstance(row, Mapping):
            yield row
        elif isinstance(cell, str):
            for place, peer in enumerate((name for name in cell.split(",") if name.strip()), 1):
                yield {**row, "peerSymbol": peer, "place": place}


def turn_rows(rows: Iterable[Any], subject: str) -> Iterator[Any]:
    """Yield the rows under the requested symbol; the vendor's rows are under the peer's."""
    for place, row in enumerate(rows, 1):
        is_row = isinstance(row, Mapping)
        yield {**row, "symbol": subject, "peerSymbol": row.get("symbol"), "place": place} if is_row else row


PEERS = FmpDataset(
    name="peers",
    title="Peers",
    record=Peer,
    table="fmp_peer",
    key=("symbol", "peer_symbol"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    symbol_fields=("symbol",),
    list_field="symbol",
    endpoints=(
        FmpEndpoint(
            path="peers-bulk",
            scope=Scope.LIST,
            plan=Plan.ULTIMATE,
            is_bulk=True,
            sends=("symbol",),
            may_be_bare=True,
            reshape=split_cells,
        ),
        FmpEndpoint(path="stock-peers", scope=Scope.SYMBOL, sends=("symbol",), reshape=turn_rows),
    ),
)
