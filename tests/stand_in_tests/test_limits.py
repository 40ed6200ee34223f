"""The calls that the stand-in counts and refuses."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sra_stand_in.limits import Door, SlidingCount
from sra_stand_in.server import StandIn
from sra_testing.stand_in import call_fmp


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_on_each_side_of_the_minute_is_one_window() -> None:
    clock = Clock()
    count = SlidingCount(clock)
    clock.now = 1019.5  # just before a full minute of the clock
    for _ in range(30):
        count.add()
    clock.now = 1020.5
    for _ in range(30):
        count.add()
    assert count.highest == 60


def test_arrivals_exactly_a_minute_apart_are_never_together() -> None:
    clock = Clock()
    count = SlidingCount(clock)
    count.add()
    clock.now += 59.999
    assert count.add() == 2
    clock.now = 1060.0
    assert count.add() == 2
    assert (count.highest, count.total) == (2, 3)
    clock.now += 100
    assert count.now() == 0
    assert count.highest == 2


def test_the_highest_window_is_that_of_a_full_search() -> None:
    clock, source = Clock(), random.Random(3)  # noqa: S311 - a repeatable test, not a secret
    count = SlidingCount(clock)
    arrivals = []
    for _ in range(2000):
        clock.now += source.expovariate(1 / 0.4) if source.random() < 0.97 else 30
        arrivals.append(clock.now)
        count.add()
    searched = max(sum(1 for one in arrivals if last - 60 < one <= last) for last in arrivals)
    assert count.highest == searched


def test_refused_calls_count_as_arrived_but_not_as_admitted() -> None:
    clock = Clock()
    door = Door(limit=5, clock=clock)
    admitted = []
    for _ in range(8):
        door.enter("/stable/quote")
        admitted.append(door.admits())
        door.leave()
    assert admitted == [True] * 5 + [False] * 3
    assert door.report()["highest_in_window"] == 8
    clock.now += 60
    assert door.admits()
    assert door.report()["refused"] == 3


def test_the_limit_returns_429_as_the_vendor_does(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_fmp(limit=4)
    statuses = [fmp.get("quote?symbol=XLK").status_code for _ in range(6)]
    assert statuses == [200] * 4 + [429] * 2
    assert "Limit Reach ." in fmp.get("quote?symbol=XLK").json()["Error Message"]
    report = stand_in.stats()["fmp"]
    assert (report["total"], report["highest_in_window"], report["refused"]) == (7, 7, 3)
    assert report["by_path"] == {"/stable/quote": 7}
    assert report["by_status"] == {"200": 4, "429": 3}


def test_the_bulk_throttle_is_a_message_in_a_200(stand_in: StandIn, fmp: httpx.Client) -> None:
    stand_in.set_fmp(bulk_limit=2)
    responses = [fmp.get("peers-bulk") for _ in range(3)]
    assert [response.headers["content-type"][:8] for response in responses] == ["text/csv", "text/csv", "applicat"]
    assert responses[2].status_code == 200
    assert responses[2].json()["Error Message"].startswith("Limit Reach. This is a bulk endpoint ")
    assert fmp.get("quote?symbol=XLK").status_code == 200
    report = stand_in.stats()["fmp"]
    assert (report["bulk_total"], report["bulk_highest_in_window"], report["bulk_refused"]) == (3, 3, 1)


def test_calls_in_flight_are_counted(stand_in: StandIn) -> None:
    stand_in.set_faults({"match": "/stable/", "kind": "slow", "seconds": 0.5})
    with call_fmp(stand_in) as fmp, ThreadPoolExecutor(7) as workers:
        statuses = list(workers.map(lambda _: fmp.get("quote?symbol=XLK").status_code, range(7)))
    assert statuses == [200] * 7
    report = stand_in.stats()["fmp"]
    assert (report["in_flight"], report["in_flight_peak"]) == (0, 7)
    stand_in.reset()
    assert stand_in.stats()["fmp"]["total"] == 0


def test_controls_refuse_invalid_values(stand_in: StandIn) -> None:
    url = f"{stand_in.url}/control"
    bad: list[tuple[str, object]] = [
        ("faults", {"kind": "429"}),
        ("faults", [{"match": "/", "kind": "earthquake"}]),
        ("faults", [{"match": "(", "kind": "429"}]),
        ("faults", [{"match": "/", "kind": "429", "times": "many"}]),
        ("fmp", {"plan": "gold"}),
        ("fmp", {"limit": -1}),
        ("fundata", {"pending_polls": "two"}),
        ("fundata", {"unknown": 1}),
        ("as-of", {"date": "tomorrow"}),
        ("as-of", {"date": "1492-10-12"}),
    ]
    for name, value in bad:
        response = httpx.post(f"{url}/{name}", json=value)
        assert response.status_code == 422, name
        assert response.json()["error"]
    assert httpx.post(f"{url}/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/control/stats", "/stable/quote", "/fundata-api/fund/getload", "/nothing"])
def test_every_response_names_the_stand_in(stand_in: StandIn, path: str) -> None:
    assert httpx.get(stand_in.url + path).headers["x-sra-stand-in"] == "1"
