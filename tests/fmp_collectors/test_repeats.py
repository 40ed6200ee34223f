"""Rows of one key: the rule of the dataset decides, never their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmp_collectors.dataset import FmpDataset, FmpRequest, Repeats, Scope
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.fetch import parse_rows
from fmp_collectors.records import Batch, hash_content
from fmp_collectors.repeats import settle_repeats

Row = dict[str, Any]
ROWS: dict[str, Row] = {
    "income_statement": {"symbol": "ACME", "fiscalYear": "2025", "period": "FY", "date": "2025-12-31"},
    "ratios": {"symbol": "ACME", "fiscalYear": "2025", "period": "FY", "date": "2025-12-31"},
    "earnings": {"symbol": "ACME", "date": "2026-02-11"},
    "dividends": {"symbol": "ACME", "date": "2026-02-11"},
    "splits": {"symbol": "ACME", "date": "2026-02-11", "denominator": 1},
    "etf_holdings": {"symbol": "ACME", "name": "CASH"},
}
SAID = {"income_statement": "revenue", "ratios": "currentRatio", "earnings": "epsActual", "dividends": "dividend",
        "splits": "numerator", "etf_holdings": "marketValue"}  # fmt: skip


def settle(name: str, rows: Sequence[Row]) -> Batch:
    dataset = BY_NAME[name]
    endpoint = next(endpoint for endpoint in dataset.endpoints if endpoint.scope is Scope.SYMBOL)
    batch = parse_rows(dataset, rows, FmpRequest(endpoint, "ACME", {}, ("ACME",)), known_symbols={"ACME"})
    settle_repeats(dataset, batch)
    return batch


def make(name: str, said: int | None = None, **values: Any) -> Row:
    return ROWS[name] | values | ({} if said is None else {SAID[name]: said})


def list_messages(name: str, batch: Batch) -> list[int]:
    return [int(one.raw[SAID[name]]) for one in batch.accepted]


def list_reasons(batch: Batch) -> dict[str, int]:
    return dict(Counter(one.reason for one in batch.rejected))


@pytest.mark.parametrize("name", [name for name in ROWS if name != "etf_holdings"])
def test_equal_rows_are_duplicates_and_only_these(name: str) -> None:
    row = make(name, 5)
    batch = settle(name, [row, row | {SAID[name]: "5.0"}, row])
    assert (len(batch.accepted), batch.duplicate, batch.read) == (1, 2, 3)


@pytest.mark.parametrize("name", ["ratios", "splits"])
def test_ambiguous_rows_are_both_rejected(name: str) -> None:
    batch = settle(name, [make(name, 2), make(name, 3), make(name, 2)])
    assert batch.accepted == []
    assert (list_reasons(batch), batch.duplicate, batch.read) == ({"ambiguous_key": 2}, 1, 3)
    assert {one.symbol for one in batch.rejected} == {"ACME"}


def test_payments_of_one_day_are_a_set() -> None:
    regular = make("dividends", frequency="Quarterly", dividend=0.15)
    special = make("dividends", frequency="Special", dividend=0.65)
    batch = settle("dividends", [regular, special, regular])
    assert (len(batch.accepted), batch.duplicate, batch.rejected) == (2, 1, [])


FILED = {"filingDate": "2026-02-10", "acceptedDate": "2026-02-10 16:05:00"}
RESTATED = {"filingDate": "2026-08-14", "acceptedDate": "2026-08-14 06:00:00"}


@pytest.mark.parametrize("is_newest_first", [True, False])
def test_statements_are_versions_in_the_order_of_their_filing(is_newest_first: bool) -> None:
    rows = [make("income_statement", 1000, **FILED), make("income_statement", 900, **RESTATED)]
    batch = settle("income_statement", rows[::-1] if is_newest_first else rows)
    assert list_messages("income_statement", batch) == [1000, 900]
    assert batch.rejected == []


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ({"filingDate": "2026-02-10"}, {"acceptedDate": "2026-08-14 06:00:00"}, [1, 2]),
        (FILED, FILED | {"acceptedDate": "2026-02-10 18:00:00"}, [1, 2]),
        (FILED, FILED, None),
        (FILED, {}, None),
        ({}, {}, None),
        (FILED, {"acceptedDate": "0000-00-00 00:00:00"}, None),
        (FILED, {"filingDate": "2026-02-10"}, None),
    ],
)
def test_filings_that_have_no_order_are_ambiguous(one: Row, other: Row, order: list[int] | None) -> None:
    for rows in ([make("income_statement", 1, **one), make("income_statement", 2, **other)],) * 2:
        batch = settle("income_statement", rows)
        assert list_messages("income_statement", batch) == (order or [])
        assert list_reasons(batch) == ({} if order else {"ambiguous_key": 2})
        rows.reverse()


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({"epsActual": 1, "epsEstimated": 2}, {"epsEstimated": 2}, {"superseded": 1}),
        # a row that says less is not better for being newer
        ({"epsActual": 1, "epsEstimated": 2}, {"epsEstimated": 2, "lastUpdated": "2026-03-01"}, {"superseded": 1}),
        (
            {"epsActual": 1, "lastUpdated": "2026-03-01"},
            {"epsActual": 2, "lastUpdated": "2026-02-01"},
            {"superseded": 1},
        ),
        ({"epsActual": 1, "lastUpdated": "2026-03-01"}, {"epsActual": 2}, {"ambiguous_key": 2}),
        ({"epsActual": 1}, {"epsActual": 2}, {"ambiguous_key": 2}),
    ],
)
def test_the_fuller_or_newer_report_is_kept(one: Row, other: Row, reasons: dict[str, int]) -> None:
    for rows in (
        [make("earnings", **one), make("earnings", **other)],
        [make("earnings", **other), make("earnings", **one)],
    ):
        batch = settle("earnings", rows)
        assert list_reasons(batch) == reasons
        assert [kept.raw for kept in batch.accepted] == ([make("earnings", **one)] if "superseded" in reasons else [])


def test_repeated_peers_are_equal_in_any_position() -> None:
    dataset = BY_NAME["peers"]
    rows = [{"symbol": "ACME", "peers": "AAA,BBB,AAA"}]
    batch = parse_rows(dataset, rows, FmpRequest(dataset.endpoints[0], "all", {}), known_symbols={"ACME"})
    settle_repeats(dataset, batch)
    places = sorted(
        (one.record.model_dump()["peer_symbol"], one.record.model_dump()["place"]) for one in batch.accepted
    )
    assert places == [("AAA", 1), ("BBB", 2)]
    assert (batch.duplicate, batch.rejected) == (1, [])


def test_every_rule_is_declared_for_suitable_datasets() -> None:
    rules = {dataset.name: dataset.repeats for dataset in DATASETS if dataset.repeats is not Repeats.AMBIGUOUS}
    assert rules == {
        "dividends": Repeats.SET,
        "earnings": Repeats.FULLER,
        "etf_holdings": Repeats.NUMBERED,
        **dict.fromkeys(("income_statement", "balance_sheet", "cash_flow"), Repeats.FILED),
    }


def describe(dataset: FmpDataset, batch: Batch) -> Any:
    """What is stored of a batch and what is not, whatever the order of keys."""
    by_key: dict[Any, list[bytes]] = {}
    for one in batch.accepted:
        by_key.setdefault(tuple(getattr(one.record, name) for name in dataset.key), []).append(hash_content(one))
    rejected = sorted((one.reason, str(one.raw)) for one in batch.rejected)
    return by_key, [(reason, "".join(sorted(raw))) for reason, raw in rejected], batch.duplicate


many_rows = st.lists(
    st.fixed_dictionaries(
        {"said": st.integers(1, 3), "filed": st.sampled_from(["2026-02-10", "2026-08-14", None]),
         "updated": st.sampled_from(["2026-01-01", "2026-02-01", None]), "year": st.sampled_from(["2024", "2025"])}
    ),
    max_size=8,
)  # fmt: skip


@pytest.mark.parametrize("name", list(ROWS))
@settings(deadline=None)
@given(drawn=many_rows, data=st.data())
def test_the_order_of_a_response_changes_nothing_and_counts_add_up(
    name: str, drawn: list[Row], data: st.DataObject
) -> None:
    rows = [
        make(
            name,
            one["said"],
            filingDate=one["filed"],
            lastUpdated=one["updated"],
            **({"fiscalYear": one["year"]} if "fiscalYear" in ROWS[name] else {"date": f"{one['year']}-02-11"}),
        )
        for one in drawn
    ]
    batch = settle(name, rows)
    assert batch.read == len(batch.accepted) + len(batch.rejected) + batch.duplicate == len(rows)
    shuffled = data.draw(st.permutations(rows))
    assert describe(BY_NAME[name], settle(name, shuffled)) == describe(BY_NAME[name], batch)
    before = describe(BY_NAME[name], batch)
    settle_repeats(BY_NAME[name], batch)
    assert describe(BY_NAME[name], batch) == before
