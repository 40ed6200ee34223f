"""Rules for every dataset of the registry."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Table

from fmp_collectors.dataset import FmpDataset, Scope, Storage, Targets, plan_requests
from fmp_collectors.datasets import BY_NAME, DATASETS
from sra_shared.schema.tables import metadata

each_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
TARGETS = Targets(
    {"NYSE": ["A", "B", "C"], "TSX": ["D.TO"]}, date(2025, 1, 1), date(2026, 1, 6), [date(2026, 1, 2), date(2026, 1, 5)]
)


def table_of(dataset: FmpDataset) -> Table:
    return metadata.tables[dataset.table]


def test_names_and_tables_are_unique() -> None:
    assert len(BY_NAME) == len(DATASETS)
    assert len({dataset.table for dataset in DATASETS}) == len(DATASETS)


@each_dataset
def test_every_field_has_a_column_and_the_key_is_required_and_unique(dataset: FmpDataset) -> None:
    columns = table_of(dataset).columns
    assert set(dataset.record.list_columns()) <= set(columns.keys())
    assert not set(dataset.record.unstored) & set(columns.keys())
    assert not any(columns[name].nullable for name in dataset.key)
    uniques = [set(table_of(dataset).primary_key.columns.keys())]
    uniques += [set(index.columns.keys()) for index in table_of(dataset).indexes if index.unique]
    version = {"version"} if dataset.storage is Storage.VERSIONS else set()
    # different rows of a set are distinguished by their content
    content = {"content_hash"} if dataset.kind_field else set()
    assert set(dataset.key) | version | content in uniques


@each_dataset
def test_every_table_keeps_the_record_its_run_and_its_hash(dataset: FmpDataset) -> None:
    needed = {"raw_json", "run_id", "content_hash", "created_at", "updated_at"}
    assert needed <= set(table_of(dataset).columns.keys())
    if dataset.storage is Storage.SNAPSHOT:
        assert {"valid_from", "valid_to"} <= set(table_of(dataset).columns.keys())
        assert dataset.list_field in dataset.key
    if dataset.storage is Storage.EVENTS:
        assert {"row_id", "valid_from", "valid_to", "ended_run_id"} <= set(table_of(dataset).columns.keys())
        assert dataset.key == ("symbol", "date")


@each_dataset
def test_requests_are_ordered_by_subject_and_resume_after_any(dataset: FmpDataset) -> None:
    for endpoint in dataset.endpoints:
        requests = list(plan_requests(endpoint, TARGETS))
        subjects = [request.subject for request in requests]
        assert requests
        assert subjects == sorted(set(subjects))
        for position, subject in enumerate(subjects):
            left = [request.subject for request in plan_requests(endpoint, TARGETS, after=subject)]
            assert left == subjects[position + 1 :]


@each_dataset
def test_ranges_cover_every_day_once(dataset: FmpDataset) -> None:
    for endpoint in dataset.endpoints:
        if endpoint.scope is not Scope.RANGE:
            continue
        spans = [(r.params["from"], r.params["to"]) for r in plan_requests(endpoint, TARGETS)]
        assert spans[0][0] == "2025-01-01"
        assert spans[-1][1] == "2026-01-06"
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert (date.fromisoformat(start) - date.fromisoformat(end)).days == 1


def test_days_that_are_requested_again_come_last() -> None:
    (endpoint, _) = BY_NAME["dividends"].endpoints
    targets = replace(TARGETS, first=date(2026, 1, 2), again=date(2025, 12, 20))
    spans = [(r.params["from"], r.params["to"]) for r in plan_requests(endpoint, targets)]
    assert spans == [
        ("2026-01-02", "2026-01-06"),
        ("2025-12-20", "2025-12-24"),
        ("2025-12-25", "2025-12-29"),
        ("2025-12-30", "2026-01-01"),
    ]
    subjects = [request.subject for request in plan_requests(endpoint, targets)]
    assert subjects == sorted(subjects)


@each_dataset
def test_no_request_carries_a_key(dataset: FmpDataset) -> None:
    for endpoint in dataset.endpoints:
        for request in plan_requests(endpoint, TARGETS):
            assert not any("key" in name.lower() for name in request.params)
