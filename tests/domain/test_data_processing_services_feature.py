"""Steps of data_processing_services.feature."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from fmp_ingest.client.circuit_breaker import RetryPolicy
from fmp_ingest.limiter.pace import WINDOW_SECONDS
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.fundata import GENERAL_FILE, HOLDING_FILE, NAVPS_FILE, counts_of, five, navps, write_csv
from sra_testing.kept_logs import keep_logs
from sra_testing.scenes import Scene, read_table
from sra_testing.stand_in import TEST_DAY, run_stand_in

pytestmark = pytest.mark.long

scenarios("data_processing_services.feature")

PAUSE = 0.05
Maker = Callable[[int], dict[str, str]]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def scene(sandbox_database: str, tmp_path: Path) -> Scene:
    return Scene(sandbox_database, tmp_path)


@given(parsers.parse("a vendor with {count:d} securities"), target_fixture="vendor")
def start_vendor(stack: ExitStack, count: int) -> StandIn:
    return stack.enter_context(run_stand_in(securities=count))


@given(
    parsers.parse("a vendor with {count:d} securities that refuses more than {limit:d} calls in {window:d} seconds"),
    target_fixture="vendor",
)
def start_strict_vendor(stack: ExitStack, scene: Scene, count: int, limit: int, window: int) -> StandIn:
    scene.facts["window"] = float(window)
    options = {"securities": count, "fmp_limit": limit, "window_seconds": window, "plan": "premium"}
    return stack.enter_context(run_stand_in(**options))


def collect(scene: Scene, vendor: StandIn, *datasets: str, rate: int = 3000, **options: Any) -> Ended:
    with keep_logs() as kept:
        settings = make_settings(vendor.fmp_base_url, fmp_max_calls_per_minute=rate)
        window = scene.facts.get("window", WINDOW_SECONDS)
        ended = run_async(run_fmp(scene.dsn, settings, *datasets, window=window, **options))
    scene.logs.extend(kept)
    scene.facts["ended"] = ended
    return ended


def choose_symbols(scene: Scene, vendor: StandIn, count: int, *, rate: int = 3000) -> list[str]:
    """The first symbols of the universe, which is collected for that."""
    collect(scene, vendor, "universe", rate=rate)
    rows = scene.fetch("SELECT symbol FROM fmp_universe WHERE valid_to IS NULL ORDER BY symbol LIMIT $1", count)
    assert len(rows) == count
    scene.logs.clear()
    return [row["symbol"] for row in rows]


@when(parsers.parse("the quotes of its {count:d} symbols are collected"))
def collect_quotes(scene: Scene, vendor: StandIn, count: int) -> None:
    choose_symbols(scene, vendor, count)
    ended = collect(scene, vendor, "quote")
    assert ended.task.status == "completed", ended.task.error_details


@then(parsers.parse("{count:d} quotes are stored within two minutes"))
def check_quotes(scene: Scene, count: int) -> None:
    assert scene.fetch_value("SELECT count(DISTINCT symbol) FROM fmp_quote") == count
    assert scene.facts["ended"].task.duration_seconds < 120


@then("the ledger shows how many records a minute and how many calls that were")
def check_metrics(scene: Scene) -> None:
    task = scene.facts["ended"].task
    assert task.records_processed == 100
    assert task.performance_metrics["records_per_minute"] > 50
    assert task.details["fmp"]["calls"] >= 1
    assert task.details["fmp"]["highest_minute"] >= task.details["fmp"]["calls"]
    assert task.peak_memory_mb > 0


@then("the log shows what was read and stored")
def check_log(scene: Scene) -> None:
    chunks = [entry for entry in scene.logs if entry["event"] == "chunk_stored" and entry["dataset"] == "quote"]
    assert sum(entry["read"] for entry in chunks) == sum(entry["stored"] for entry in chunks) == 100
    run = str(scene.facts["ended"].task.task_id)
    assert [entry["run_id"] for entry in scene.logs if entry["event"] == "run_ended"] == [run]


@when(parsers.parse("the profiles of {count:d} symbols are collected one by one at that rate of {rate:d}"))
def collect_profiles(scene: Scene, vendor: StandIn, count: int, rate: int) -> None:
    symbols = choose_symbols(scene, vendor, count, rate=rate)
    ended = collect(scene, vendor, "profile", rate=rate, task_type=TaskType.WEEKLY_FUNDAMENTALS, symbols=symbols)
    assert ended.task.status == "completed", ended.task.error_details


@then(parsers.parse("all {count:d} profiles are stored"))
def check_profiles(scene: Scene, count: int) -> None:
    assert scene.fetch_value("SELECT count(*) FROM equity_profile") == count


@then(
    parsers.parse(
        "the vendor saw more than {calls:d} calls, never more than {limit:d} in those seconds, and refused none"
    )
)
def check_ceiling(scene: Scene, vendor: StandIn, calls: int, limit: int) -> None:
    seen = vendor.stats()["fmp"]
    assert seen["total"] > calls
    assert seen["highest_in_window"] <= limit
    assert "429" not in seen["by_status"]
    assert scene.facts["ended"].task.details["fmp"]["throttled"] == 0


@given("three seed files of which each has bad records")
def write_files(scene: Scene, datatable: Sequence[Sequence[str]]) -> None:
    scene.facts["files"] = {row["file"]: row for row in read_table(datatable)}
    makers: dict[str, tuple[Maker, Maker | None]] = {
        GENERAL_FILE: (
            lambda n: {"RecordId": str(n), "InstrumentKey": f"4{n}", "LegalName": f"Fund {n}"},
            lambda n: {"RecordId": f"9{n}", "LegalName": "Nobody"},
        ),
        HOLDING_FILE: (lambda n: {"RecordId": str(n), "InstrumentKey": "41", "Security": f"S{n}"}, None),
        NAVPS_FILE: (
            lambda n: navps("41", f"2025-01-{n + 1:02d}", f"10.{n}"),
            lambda n: navps("41", f"2025-02-{n + 30:02d}", "1"),
        ),
    }
    for path, (make_good, make_bad) in makers.items():
        row = scene.facts["files"][path]
        good, bad = [make_good(n) for n in range(int(row["good"]))], range(int(row["bad"]))
        file = write_csv(scene.root, path, good + [make_bad(n) for n in bad] if make_bad else good)
        if make_bad is None:
            with file.open("a", encoding="utf-8") as stream:
                stream.writelines("broken,line\n" for _ in bad)


@when("the three files are loaded")
def load(scene: Scene) -> None:
    scene.load()


@then("of each file the good records are stored")
def check_stored(scene: Scene) -> None:
    for path, row in scene.facts["files"].items():
        table = "fundata_quotes" if path == NAVPS_FILE else "fundata_data"
        stored = scene.fetch_value(f"SELECT count(*) FROM {table} WHERE source_file = $1", path)  # noqa: S608
        assert stored == int(row["good"]) == counts_of(scene.results[-1], path)["stored"]


@then("the bad ones are kept with line and reason, and logged")
def check_rejected(scene: Scene) -> None:
    for path, row in scene.facts["files"].items():
        good, bad = int(row["good"]), int(row["bad"])
        kept = scene.fetch("SELECT line, reason, raw FROM rejected_record WHERE file_path = $1 ORDER BY line", path)
        assert [(one["line"], one["reason"]) for one in kept] == [(good + 2 + n, row["reason"]) for n in range(bad)]
        assert all(one["raw"] for one in kept)
        (entry,) = [e for e in scene.logs if e["event"] == "records_rejected" and e["file"] == path]
        assert (entry["level"], entry["reasons"], entry["first_line"]) == ("warning", {row["reason"]: bad}, good + 2)


@then("no record is missing from the sum")
def check_sum(scene: Scene) -> None:
    for path, row in scene.facts["files"].items():
        good, bad = int(row["good"]), int(row["bad"])
        assert five(scene.results[-1], path) == (good + bad, good, 0, 0, bad)


@given("the vendor answers every call for treasury rates with an error 500")
def break_treasury(vendor: StandIn) -> None:
    vendor.set_faults({"match": "/stable/treasury-rates", "kind": "500"})


@when("the treasury rates of a day are collected")
def collect_treasury(scene: Scene, vendor: StandIn) -> None:
    day: dict[str, Any] = {"from": TEST_DAY.isoformat(), "to": TEST_DAY.isoformat()}
    collect(scene, vendor, "treasury_rates", policy=RetryPolicy(base=PAUSE, breaker_base=PAUSE), **day)


@then(parsers.parse("the call was repeated {times:d} times, each time after at least twice the pause before"))
def check_repeats(scene: Scene, vendor: StandIn, times: int) -> None:
    failed = [entry for entry in scene.logs if entry["event"] == "call_failed"]
    # once in order, and again at the end of the run
    assert [entry["attempt"] for entry in failed] == list(range(1, times + 2)) * 2
    assert vendor.stats()["fmp"]["total"] == len(failed)
    moments = [datetime.fromisoformat(entry["timestamp"]) for entry in failed[: times + 1]]
    for number in range(times):
        least = PAUSE * 2**number * 0.75
        assert (moments[number + 1] - moments[number]).total_seconds() >= least


@then("the run ends failed")
def check_failed(scene: Scene) -> None:
    assert scene.facts["ended"].task.status == "failed"


@then("its error names the last response")
def check_error(scene: Scene) -> None:
    task = scene.facts["ended"].task
    (message,) = {error["message"] for error in task.error_details}
    assert "treasury-rates" in message
    assert "server_error" in message
    assert scene.fetch_value("SELECT errors_count FROM task_execution_log WHERE task_id = $1", task.task_id) >= 1
