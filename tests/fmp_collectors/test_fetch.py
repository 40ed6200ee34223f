"""Requests for lists and ranges in pieces: every truncation is detected, and no request repeats forever."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from fmp_collectors.call import Call
from fmp_collectors.dataset import FmpDataset, Targets, plan_requests
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.fetch import ends_bare, fetch_pages
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind, Verdict

FIRST = date(2026, 1, 5)


class Calendar:
    """A vendor's calendar: a number of rows a day, responses truncated to the newest `most`, further rows on pages."""

    def __init__(self, rows_by_day: Sequence[int], *, most: int, has_pages: bool = True) -> None:
        self.rows = [
            {"symbol": f"S{number:05d}", "date": (FIRST + timedelta(days=day)).isoformat()}
            for day, count in enumerate(rows_by_day)
            for number in range(count)
        ]
        self.calls = 0
        self._most = most
        self._has_pages = has_pages

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", **_: object) -> FmpResponse:
        """Respond with the newest of the requested days."""
        self.calls += 1
        found = [row for row in self.rows if params["from"] <= row["date"] <= params["to"]][::-1]
        skipped = int(params.get("page", "0")) * self._most if self._has_pages else 0
        return FmpResponse(Verdict(ResponseKind.OK_JSON, rows=tuple(found[skipped : skipped + self._most])))


async def fetch_calendar(calendar: Calendar, dataset: FmpDataset, days: int) -> list[Any]:
    targets = Targets({}, FIRST, FIRST + timedelta(days=days - 1))
    rows: list[Any] = []
    for request in plan_requests(dataset.endpoints[0], targets):
        async for response in fetch_pages(calendar, dataset, request):
            rows.extend(response.verdict.rows)
    return sorted(rows, key=lambda row: (row["date"], row["symbol"]))


@pytest.mark.parametrize(
    ("name", "rows", "calls"),
    [
        ("dividends", [10, 10, 10, 10, 10], 1),
        ("dividends", [3000, 0, 900, 10, 3899], 7),
        ("splits", [500] * 30, 15),
        # a single day that exceeds a response is requested page by page
        ("earnings", [4000, 1], 6),
        ("earnings", [9001, 3999], 7),
    ],
)
async def test_a_range_with_a_truncated_response_is_requested_in_parts(name: str, rows: list[int], calls: int) -> None:
    calendar = Calendar(rows, most=4000)
    assert await fetch_calendar(calendar, BY_NAME[name], len(rows)) == calendar.rows
    assert calendar.calls <= calls


async def test_a_day_that_is_cut_and_has_no_pages_is_reported() -> None:
    calendar = Calendar([10, 5000], most=4000)
    with pytest.raises(ResponseError) as error:
        await fetch_calendar(calendar, BY_NAME["dividends"], 2)
    assert error.value.kind is ResponseKind.TOO_LARGE
    assert "2026-01-06" in str(error.value)


async def test_a_calendar_that_ignores_pages_ends() -> None:
    calendar = Calendar([9000], most=4000, has_pages=False)
    rows = await fetch_calendar(calendar, BY_NAME["earnings"], 1)
    assert len(rows) == 4000
    assert calendar.calls == 2


class Screener:
    """A list that has no pages, with prices that move from call to call."""

    def __init__(self) -> None:
        self.calls = 0

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", **_: object) -> FmpResponse:
        """Respond with the same listings at other prices."""
        self.calls += 1
        rows = ({"symbol": f"S{number}", "price": self.calls + number} for number in range(50))
        return FmpResponse(Verdict(ResponseKind.OK_JSON, rows=tuple(rows)))


async def test_a_list_ends_with_a_page_without_new_rows() -> None:
    screener = Screener()
    request = next(plan_requests(BY_NAME["universe"].endpoints[0], Targets({"NYSE": []}, FIRST, FIRST)))
    responses = [response async for response in fetch_pages(screener, BY_NAME["universe"], request)]
    assert (len(responses), screener.calls) == (1, 2)


class Pages:
    """Pages of a hundred rows; the same symbol may be on several, of other days."""

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", **_: object) -> FmpResponse:
        """Respond with three pages, the last of them short."""
        page = int(params["page"])
        count = (100, 100, 20, 0)[page]
        rows = ({"symbol": f"S{number}", "delistedDate": f"20{page:02d}-01-01"} for number in range(count))
        return FmpResponse(Verdict(ResponseKind.OK_JSON, rows=tuple(rows)))


async def test_a_repeated_symbol_with_another_day_is_a_new_row() -> None:
    request = next(plan_requests(BY_NAME["delisted"].endpoints[0], Targets({}, FIRST, FIRST)))
    responses = [response async for response in fetch_pages(Pages(), BY_NAME["delisted"], request)]
    assert sum(len(response.verdict.rows) for response in responses) == 220


@pytest.mark.parametrize(
    ("body", "is_bare"), [(b"a,b\n1,2\n", False), (b"a,b\r\n1,2\r\n", False), (b"a,b\n1,2", True), (b"", False)]
)
def test_the_end_of_the_last_line_is_found(body: bytes, is_bare: bool) -> None:
    file = io.BytesIO(body)
    assert ends_bare(file) == is_bare
    assert file.read() == body


class Parts:
    """An endless bulk file in parts, whose bodies `choose` returns by number."""

    def __init__(self, choose: Callable[[int], bytes]) -> None:
        self.calls = 0
        self._choose = choose

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", **_: object) -> FmpResponse:
        """Respond with the requested part."""
        self.calls += 1
        body = self._choose(int(params["part"]))
        call = Call(self.calls, UUID(int=1), path, params, datetime.now(UTC), 200, len(body), body, 1)
        return FmpResponse(Verdict(ResponseKind.OK_CSV), io.BytesIO(body), call)


@pytest.mark.parametrize(
    ("choose", "calls", "words"),
    [(lambda _: b"same", 2, "the same rows as the previous part"), (lambda part: b"%d" % part, 1000, "1000 parts")],
)
async def test_an_endless_bulk_file_is_abandoned(choose: Callable[[int], bytes], calls: int, words: str) -> None:
    dataset = BY_NAME["profile"]
    endpoint = next(endpoint for endpoint in dataset.endpoints if endpoint.path == "profile-bulk")
    (request,) = plan_requests(endpoint, Targets({}, FIRST, FIRST))
    vendor = Parts(choose)
    with pytest.raises(ResponseError, match=words) as error:
        _ = [response async for response in fetch_pages(vendor, dataset, request)]
    assert error.value.kind is ResponseKind.TOO_LARGE
    assert vendor.calls == calls
