"""The combined content of responses: rows, and the lists and events for which they are complete."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from fmp_collectors.dataset import FmpDataset, FmpRequest, Scope, Targets
from fmp_collectors.records import Batch
from fmp_ingest.store.events import Coverage, read_coverage

_NAMED_STRANGERS = 3


@dataclass
class FmpBatch:
    """Rows to store together. `lists` are those that the rows cover, `complete` those of them that are whole, `unread` those with
    unreadable rows; `covered` are the events for which the rows are authoritative."""

    batch: Batch = field(default_factory=Batch)
    lists: set[str] = field(default_factory=set)
    complete: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    path: str = ""
    covered: Coverage | None = None


def add_list(delivery: FmpBatch, dataset: FmpDataset, targets: Targets, request: FmpRequest, batch: Batch) -> None:
    """Add what a response shows about lists: which it names, and which of them it names completely."""
    if request.endpoint.scope is Scope.LIST:
        _add_lists(delivery, dataset, batch)
        return
    if targets.only is not None and request.endpoint.scope is not Scope.SYMBOL:
        # only some of its entries were kept
        return
    name = request.exchange or request.subject
    # rows under a former symbol of the requested one form that symbol's list
    named = {str(getattr(one.record, str(dataset.list_field))) for one in batch.accepted}
    names = named if request.requested_symbols and named else {name}
    delivery.lists |= names
    # an unreadable row may be any entry, and an empty response is not a list
    if batch.rejected or batch.strangers:
        delivery.unread |= names
    elif batch.accepted:
        delivery.complete |= names


def _add_lists(delivery: FmpBatch, dataset: FmpDataset, batch: Batch) -> None:
    """Add the lists of all symbols from one response."""
    named = {str(getattr(one.record, str(dataset.list_field))) for one in batch.accepted}
    unread = {rejected.symbol for rejected in batch.rejected}
    delivery.lists |= named
    # a row without a name may belong to any of them
    delivery.unread |= named if None in unread else {str(name).upper() for name in unread}
    delivery.complete |= named - delivery.unread


def add_coverage(delivery: FmpBatch, targets: Targets, request: FmpRequest, batch: Batch) -> None:
    """Add the events for which a response is authoritative, if it is whole."""
    covered = read_coverage(request, batch, targets.known_symbols, today=datetime.now(UTC).date())
    if covered is not None and delivery.covered is not None:
        # symbols of one group, each whole
        covered = replace(covered, symbols=covered.symbols | delivery.covered.symbols)
    delivery.covered = covered or delivery.covered


def name_subjects(request: FmpRequest) -> list[str]:
    """Return the subjects of a refused request, in the form in which the next source can request them."""
    if request.endpoint.scope is Scope.EXCHANGE and request.exchange is not None:
        return [request.exchange]
    if request.endpoint.scope is Scope.TOPIC:
        return [request.subject]
    return list(request.symbols) or ["all"]


def name_mistaken(request: FmpRequest, batch: Batch, targets: Targets) -> list[str]:
    """Return the requested symbols that have no data because the response names other symbols, with those symbols."""
    if not batch.strangers:
        return []
    named_symbols = {str(getattr(one.record, "symbol", "")) for one in batch.accepted}
    named_symbols |= {rejected.symbol for rejected in batch.rejected if rejected.symbol is not None}
    named_symbols |= {alias for symbol in named_symbols for alias in targets.aliases.get(symbol, ())}
    others = ", ".join(sorted(batch.strangers)[:_NAMED_STRANGERS])
    return [
        f"{symbol} (the response is about {others})"
        for symbol in request.requested_symbols
        if symbol not in named_symbols
    ]


def exclude_held(delivery: FmpBatch, held: set[str], dataset: FmpDataset) -> FmpBatch:
    """Return the delivery without held lists; their rows are not stored and not counted until they are released."""
    name = str(dataset.list_field)
    kept = [one for one in delivery.batch.accepted if getattr(one.record, name) not in held]
    batch = replace(delivery.batch, accepted=kept)
    return FmpBatch(batch, delivery.lists - held, delivery.complete - held, delivery.unread, delivery.path)
