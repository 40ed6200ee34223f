"""The stand-in's response of every endpoint is classified as data, and all of its rows are records."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from fmp_collectors.dataset import Audience, FmpDataset, FmpEndpoint, Scope, Targets, plan_requests
from fmp_collectors.datasets import DATASETS
from fmp_collectors.fetch import parse_rows, read_rows
from fmp_collectors.record_shape import Finding, make_shape
from fmp_collectors.repeats import settle_repeats
from fmp_collectors.responses import FmpResponse, classify_response
from sra_stand_in.server import StandIn
from sra_testing.stand_in import TEST_KEY, run_stand_in

SOURCES = [(dataset, endpoint) for dataset in DATASETS for endpoint in dataset.endpoints]
FIRST, SESSION, LAST = date(2024, 10, 15), date(2026, 1, 2), date(2026, 1, 5)
_MOST_REQUESTS = 40


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with run_stand_in() as running:
        yield running


@pytest.fixture(scope="module")
def vendor(stand_in: StandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.fmp_base_url + "/", headers={"apikey": TEST_KEY}) as client:
        yield client


@pytest.fixture(scope="module")
def listings(vendor: httpx.Client) -> dict[Audience, dict[str, list[str]]]:
    found: dict[Audience, dict[str, list[str]]] = {audience: defaultdict(list) for audience in Audience}
    for exchange in ("NYSE", "NASDAQ", "AMEX", "TSX", "TSXV"):
        for row in vendor.get("company-screener", params={"exchange": exchange}).json():
            audience = Audience.FUNDS if row["isEtf"] or row["isFund"] else Audience.COMPANIES
            for one in (Audience.ALL, audience):
                found[one][exchange].append(row["symbol"])
    return found


@pytest.mark.parametrize(("dataset", "endpoint"), SOURCES, ids=lambda one: getattr(one, "path", None))
def test_every_row_is_a_record_within_its_bounds(
    vendor: httpx.Client, listings: dict[Audience, dict[str, list[str]]], dataset: FmpDataset, endpoint: FmpEndpoint
) -> None:
    targets = Targets(listings[dataset.audience], FIRST, LAST, [SESSION, LAST])
    shape, seen = make_shape(dataset, endpoint), 0
    fixed = {"part": "0"} if endpoint.scope is Scope.PARTS else {}
    most = _MOST_REQUESTS if endpoint.scope is Scope.RANGE else 4
    for request, _ in zip(plan_requests(endpoint, targets), range(most), strict=False):
        for variant in request.variants or ({},):
            reply = vendor.get(request.path, params={**request.params, **variant, **fixed})
            verdict = classify_response(reply.status_code, reply.content, expects_csv=endpoint.is_bulk, shape=shape)
            assert verdict.kind.is_ok, verdict
            rows = list(read_rows(FmpResponse(verdict, io.BytesIO(reply.content) if endpoint.is_bulk else None)))
            assert {shape.classify_row(row) for row in rows} <= {Finding.RECORD, Finding.NOTHING}
            batch = parse_rows(dataset, rows, request, known_symbols=targets.known_symbols)
            settle_repeats(dataset, batch)
            assert (batch.rejected, batch.strangers) == ([], set())
            assert not any(one.warnings for one in batch.accepted)
            seen += len(batch.accepted)
    assert seen
