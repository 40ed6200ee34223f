"""Arbitrary corrections and withdrawals of events, in complete and incomplete responses, against a model in plain Python."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.datasets.splits import SPLITS
from fmp_collectors.records import Accepted, Batch, hash_content, parse_row
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.events import Coverage
from fmp_ingest.store.row_store import Store
from sra_shared.kit.db import Connection, open_connection
from sra_testing.examples import examples

SYMBOLS = ("AAA", "BBB")
DAYS = tuple(date(2026, 3, day) for day in (2, 3, 4))
Key = tuple[str, date]


@dataclass(frozen=True)
class Event:
    """An event in a response: a dividend of a type, or a split."""

    symbol: str
    day: date
    amount: int
    kind: str

    @property
    def key(self) -> Key:
        return self.symbol, self.day


@dataclass(frozen=True)
class GivenResponse:
    """Rows with the symbols and days that they cover completely; none if the response may be incomplete."""

    events: tuple[Event, ...]
    covered: tuple[tuple[str, ...], date, date] | None


@dataclass
class Model:
    """The events that count, in the order in which they were stored, and how many ever did."""

    has_kinds: bool
    current: dict[Key, list[Event]] = field(default_factory=dict)
    ever: int = 0

    def take(self, response: GivenResponse, ordered: Sequence[Event]) -> int:
        """Apply a response, its distinct events ordered by their content; return the number of new ones."""
        before = {key: list(events) for key, events in self.current.items()}
        for key in {event.key for event in ordered}:
            named = [event for event in ordered if event.key == key]
            held = before.get(key, [])
            fresh = [event for event in named if event not in held]
            kept = list(held)
            for kind, count in Counter(event.kind if self.has_kinds else "" for event in fresh).items():
                stale = [e for e in kept if e not in named and (not self.has_kinds or e.kind == kind)]
                for gone in stale[:count]:
                    kept.remove(gone)
            if self._is_covered(response, key):
                kept = [event for event in kept if event in named]
            self.current[key] = kept + fresh
            self.ever += len(fresh)
        for key in list(self.current):
            if self._is_covered(response, key) and not any(event.key == key for event in ordered):
                del self.current[key]
        return sum(event not in before.get(event.key, []) for event in ordered)

    @staticmethod
    def _is_covered(response: GivenResponse, key: Key) -> bool:
        if response.covered is None:
            return False
        symbols, first, last = response.covered
        return key[0] in symbols and first <= key[1] <= last


def make_responses(amounts: st.SearchStrategy[int], kinds: Sequence[str]) -> st.SearchStrategy[list[GivenResponse]]:
    """Responses about spans of days, or about one symbol's history, complete or not."""
    events = st.lists(
        st.builds(Event, st.sampled_from(SYMBOLS), st.sampled_from(DAYS), amounts, st.sampled_from(kinds)), max_size=7
    )
    symbols = st.sampled_from([("AAA",), ("BBB",), SYMBOLS])
    spans = st.tuples(symbols, st.sampled_from(DAYS), st.sampled_from(DAYS)).filter(lambda span: span[1] <= span[2])
    return st.lists(st.builds(limit_response, events, st.none() | spans), min_size=1, max_size=6)


def limit_response(events: list[Event], covered: tuple[tuple[str, ...], date, date] | None) -> GivenResponse:
    """Drop the events outside the span, which the response does not cover."""
    if covered is None:
        return GivenResponse(tuple(events), None)
    symbols, first, last = covered
    return GivenResponse(tuple(e for e in events if e.symbol in symbols and first <= e.day <= last), covered)


def make_row(dataset: FmpDataset, event: Event) -> dict[str, Any]:
    row = {"symbol": event.symbol, "date": event.day.isoformat()}
    if dataset is SPLITS:
        return {**row, "numerator": event.amount, "denominator": 1}
    return {**row, "dividend": event.amount, "frequency": event.kind}


def accept(dataset: FmpDataset, event: Event) -> Accepted:
    parsed = parse_row(dataset.record, make_row(dataset, event))
    assert isinstance(parsed, Accepted)
    return parsed


async def read_current(connection: Connection, dataset: FmpDataset) -> dict[Key, list[Event]]:
    amount, kind = ("numerator", "''") if dataset is SPLITS else ("dividend", "frequency")
    rows = await connection.fetch(
        f"SELECT symbol, date, {amount} AS amount, {kind} AS kind FROM {dataset.table}"  # noqa: S608 - names of this test
        " WHERE valid_to IS NULL ORDER BY row_id"
    )
    found: dict[Key, list[Event]] = {}
    for row in rows:
        event = Event(row["symbol"], row["date"], int(row["amount"]), row["kind"])
        found.setdefault(event.key, []).append(event)
    return found


async def store_response(
    connection: Connection, dataset: FmpDataset, response: GivenResponse, model: Model, *, waits: bool
) -> None:
    """Store a response in a separate run, and compare counts and rows with the model's."""
    store = Store(dataset, uuid4())
    records = {event: accept(dataset, event) for event in response.events}
    ordered = sorted(records, key=lambda event: (event.key, hash_content(records[event])))
    batch = Batch([records[event] for event in response.events])
    covered = None if response.covered is None else Coverage(frozenset(response.covered[0]), *response.covered[1:])
    delivery = FmpBatch(batch, covered=covered)
    staged = await store.stage(connection, delivery)
    counts = (await store.merge(connection, delivery, staged, waits_to_close=waits)).check("the answer")
    await store.settle_vanished(connection, is_believed=True)
    new = model.take(response, ordered)
    assert (counts.read, counts.stored) == (len(response.events), new)
    assert counts.duplicate == len(response.events) - len(ordered)
    assert await read_current(connection, dataset) == {key: held for key, held in model.current.items() if held}
    ended = await connection.fetchval(f"SELECT count(*) FROM {dataset.table} WHERE ended_run_id IS NOT NULL")  # noqa: S608
    assert ended == model.ever - sum(map(len, model.current.values()))


async def store_responses(dsn: str, dataset: FmpDataset, responses: Sequence[GivenResponse], *, waits: bool) -> None:
    connection = await open_connection(dsn, application_name="test")
    try:
        transaction = connection.transaction()
        await transaction.start()
        model = Model(has_kinds=dataset is DIVIDENDS)
        for response in responses:
            await store_response(connection, dataset, response, model, waits=waits)
        await transaction.rollback()
    finally:
        await connection.close()


ANY_EXAMPLES = examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@ANY_EXAMPLES
@given(make_responses(st.integers(1, 3), ["Quarterly", "Special"]), st.booleans())
def test_dividends_match_the_newest_response(database: str, responses: list[GivenResponse], waits: bool) -> None:
    asyncio.run(store_responses(database, DIVIDENDS, responses, waits=waits))


@ANY_EXAMPLES
@given(make_responses(st.just(2) | st.just(3), [""]), st.booleans())
def test_splits_match_the_newest_response(database: str, responses: list[GivenResponse], waits: bool) -> None:
    # two splits of one day in one response are another case
    single = [
        GivenResponse(tuple({event.key: event for event in response.events}.values()), response.covered)
        for response in responses
    ]
    asyncio.run(store_responses(database, SPLITS, single, waits=waits))


@pytest.mark.parametrize("is_believed", [True, False])
async def test_a_missing_event_ends_only_if_the_response_is_complete(database: str, is_believed: bool) -> None:
    connection = await open_connection(database, application_name="test")
    event = Event("AAA", DAYS[0], 2, "Quarterly")
    async with connection.transaction():
        first = Store(DIVIDENDS, uuid4())
        await first.merge(
            connection, one := FmpBatch(Batch([accept(DIVIDENDS, event)])), await first.stage(connection, one)
        )
    async with connection.transaction():
        store = Store(DIVIDENDS, uuid4())
        nothing = FmpBatch(covered=Coverage(frozenset(SYMBOLS), DAYS[0], DAYS[-1]))
        await store.merge(connection, nothing, await store.stage(connection, nothing), waits_to_close=True)
        assert (await read_current(connection, DIVIDENDS))[event.key] == [event]
        await store.settle_vanished(connection, is_believed=is_believed)
    assert (event.key in await read_current(connection, DIVIDENDS)) is not is_believed
    assert await connection.fetchval("SELECT dividend FROM fmp_dividend") == Decimal(2)
    await connection.close()
