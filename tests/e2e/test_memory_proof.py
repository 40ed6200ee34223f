"""Memory of each service, `load` and `fmp` with a vendor that sends hostile bodies.

Every process is a real one, and so is the server that is FMP, Fundata, the LFS server and the bucket at once. With
`./sra test --faults` the bodies have full size, and the table of docs/benchmarks.md is printed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.memory import read_high_water_mark
from sra_testing.databases import create_database, drop_database, execute_sql
from sra_testing.gateway_lab import SERVICE_TOKEN
from sra_testing.hostile_vendor import KINDS, LINE, OBJECTS, SMALL_SIZES, HostileVendor, Sizes, run_hostile_vendor
from sra_testing.real_services import NAMES, run_real_services, wait_until_ready
from sra_testing.stack_processes import build_environment

LIMIT_MB = 512
HEALTH_SECONDS = 1.0
# after the first body arrived; repeated requests need not end
ROUND_SECONDS = 40.0
LONGEST_ROUND = 400.0
RUNS: tuple[tuple[str, dict[str, object]], ...] = (
    ("fmp_ingest", {"task_type": "daily_quotes", "parameters": {"datasets": ["treasury_rates", "profile"]}}),
    ("fmp_ingest", {"task_type": "weekly_fundamentals", "parameters": {"datasets": ["etf_holdings"]}}),
    ("fundata_ingest", {"task_type": "fundata_quotes", "parameters": {"from": "2025-01-01"}}),
)
COMMANDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "load, LFS": ("/objects", ("load", "{root}")),
    "load, bucket": ("/bucket/quotes", ("load", "{root}")),
    "fmp, JSON": ("/stable/treasury-rates", ("fmp", "treasury_rates")),
    "fmp, CSV": ("/stable/profile-bulk", ("fmp", "profile")),
    "fmp, 60 calls": ("/stable/etf/holdings", ("fmp", "etf_holdings")),
}
"""Each with the place whose bodies it gets."""
SERVICE_PLACES = ("/stable", "/api", "/bucket")


@dataclass
class Watch:
    """Looks at processes all the while: the most memory that each took together with its children, in MB."""

    pids: Mapping[str, int]
    peaks: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Look once; a process that is gone keeps what was seen of it."""
        for name, pid in self.pids.items():
            try:
                family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
            except psutil.Error:
                continue
            seen = sum(read_high_water_mark(one) or 0.0 for one in family)
            self.peaks[name] = max(self.peaks.get(name, 0.0), seen)


@dataclass
class Health:
    """Polls every service ten times a second; keeps the slowest response in seconds."""

    urls: Mapping[str, str]
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def ask(self, client: httpx.Client) -> None:
        """Poll each service once."""
        for name, url in self.urls.items():
            began = time.monotonic()
            try:
                if client.get(f"{url}/health").status_code != 200:
                    self.failures.append(name)
            except httpx.HTTPError as error:
                self.failures.append(f"{name}: {type(error).__name__}")
            self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)


@contextmanager
def repeating(act: Callable[[], None], pause: float) -> Iterator[None]:
    """Do something again and again meanwhile."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.is_set():
            act()
            ended.wait(pause)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def making_sandbox(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A migrated database for made-up data that knows some funds."""
    dsn = create_database(server, template=template)
    execute_sql(
        dsn,
        "UPDATE database_mark SET sandbox = true",
        "INSERT INTO fmp_universe (symbol, exchange, is_etf, is_fund, raw_json, run_id, content_hash)"
        " SELECT 'E' || lpad(n::text, 3, '0'), 'NYSE', true, false, '{}', gen_random_uuid(), 'x'"
        " FROM generate_series(0, 59) n",
    )
    try:
        yield dsn
    finally:
        drop_database(server, dsn)


def find_services() -> dict[str, int]:
    """Return the process ids of the services that this process started."""
    found = {}
    for child in psutil.Process().children():
        words = child.cmdline()
        found |= {name: child.pid for name in NAMES if name in words}
    return found


def measure_services(dsn: str, vendor: HostileVendor, folder: Path) -> tuple[dict[str, float], Health]:
    """Run the work that calls every vendor, until it ends or its time has passed."""
    root = folder / "tree"
    root.mkdir(parents=True)
    with run_real_services(dsn, folder, **vendor.make_settings(root)) as urls:
        asyncio.run(wait_until_ready(urls))
        health, watch = Health(urls), Watch(find_services())
        assert set(watch.pids) == set(NAMES)
        headers = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
        with (
            httpx.Client(trust_env=False, timeout=30) as looking,
            httpx.Client(trust_env=False, timeout=30, headers=headers) as client,
            repeating(lambda: health.ask(looking), 0.1),
            repeating(watch.look, 0.2),
        ):
            runs = []
            for service, requested in RUNS:
                response = client.post(f"{urls[service]}/runs", json=requested)
                assert response.status_code == 202, response.text
                runs.append(f"{urls[service]}/runs/{response.json()['task_id']}")
            follow(vendor, SERVICE_PLACES, lambda: any(is_live(client, run) for run in runs))
        for line in (folder / f"{name}.log" for name in NAMES):
            assert b"Traceback" not in line.read_bytes(), line
        return watch.peaks, health


def follow(vendor: HostileVendor, places: Sequence[str], goes_on: Callable[[], bool]) -> None:
    """Return when all work has stopped, or some time after each endpoint has sent its first body."""
    begun = time.monotonic()
    while goes_on() and time.monotonic() - begun < LONGEST_ROUND:
        began = [seen for place, seen in vendor.began.items() if place.startswith(tuple(places))]
        if began and time.monotonic() - max(began) > ROUND_SECONDS:
            return
        time.sleep(0.3)


def is_live(client: httpx.Client, run: str) -> bool:
    """Whether a run is active, or waits for a moment within this round."""
    found = client.get(run).json()
    return found["status"] in ("queued", "running")


def measure_command(dsn: str, vendor: HostileVendor, name: str, folder: Path) -> tuple[float, str]:
    """Run a command until it ends or its time has passed; return its peak and how it ended."""
    root = folder / "tree"
    settings = vendor.make_settings(root)
    if name == "load, LFS":
        settings = {key: value for key, value in settings.items() if not key.startswith("SEED_")}
        settings |= vendor.make_storage("lfs")
        vendor.write_pointer(root)
    root.mkdir(parents=True, exist_ok=True)
    place, command = COMMANDS[name]
    words = [word.format(root=root) for word in command]
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "sra_cli", *words, "--json", "--home", str(folder / "home")],
            env={**build_environment(), **settings, "DATABASE_URL": dsn, "TMPDIR": str(folder)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        watch = Watch({name: process.pid})
        with repeating(watch.look, 0.1):
            follow(vendor, [place], lambda: process.poll() is None)
        how = "still waiting" if process.poll() is None else f"exit {process.returncode}"
        process.kill()
        process.wait()
    assert b"Traceback" not in log.read_bytes(), log.read_text()[-4000:]
    if how != "still waiting":
        size, _ = vendor.describe_seed()
        left = [path for path in folder.rglob("*") if path.is_file() and path != log and "home" not in path.parts]
        assert all(path.stat().st_size <= size for path in left), left
    return watch.peaks[name], how


def prove(server: EmbeddedPostgres, template: str, sizes: Sizes, kinds: Sequence[str], folder: Path) -> None:
    """Measure each kind of body and print the table; fail at its end for what exceeds its limit."""
    table, over = [], []
    with run_hostile_vendor(sizes) as vendor:
        for kind in kinds:
            vendor.turn_to(kind)
            place = folder / str(len(table))
            with making_sandbox(server, template) as dsn:
                peaks, health = measure_services(dsn, vendor, place)
            vendor.turn_to(kind)
            ended = measure_commands(server, template, vendor, place)
            peaks |= {name: peak for name, (peak, _) in ended.items()}
            slowest = max(health.slowest.values())
            table.append([kind, *(f"{peaks[name]:.0f}" for name in (*NAMES, *COMMANDS)), f"{slowest:.2f}"])
            over += [f"{kind}: {name} took {mb:.0f} MB" for name, mb in peaks.items() if mb >= LIMIT_MB]
            slow = {name: seconds for name, seconds in health.slowest.items() if seconds > HEALTH_SECONDS}
            over += [f"{kind}: {name} answered /health after {seconds:.2f} s" for name, seconds in slow.items()]
            over += [f"{kind}: /health failed: {failure}" for failure in health.failures]
            print_table(table[-1:])
            result = ", ".join(f"{name}: {how}" for name, (_, how) in ended.items())
            load = psutil.getloadavg()[0]
            report(f"{datetime.now(UTC):%H:%M:%S}, load {load:.0f}; {result}; {health.slowest}; {sorted(vendor.began)}")
    print_table(table)
    assert not over, over


def measure_commands(
    server: EmbeddedPostgres, template: str, vendor: HostileVendor, folder: Path
) -> dict[str, tuple[float, str]]:
    """Like `measure_command`, for all commands concurrently, each with its own database and folder."""
    with ExitStack() as stack, ThreadPoolExecutor(len(COMMANDS)) as executor:
        under_way = {}
        for name in COMMANDS:
            place = folder / name.replace(",", "")
            place.mkdir(parents=True)
            dsn = stack.enter_context(making_sandbox(server, template))
            under_way[name] = executor.submit(measure_command, dsn, vendor, name, place)
        return {name: future.result() for name, future in under_way.items()}


def print_table(table: Sequence[Sequence[str]]) -> None:
    """Print the table as docs/benchmarks.md has it."""
    head = ["body", *NAMES, *COMMANDS, "slowest /health (s)"]
    for row in (head, ["---"] * len(head), *table):
        report("| " + " | ".join(row) + " |")


def report(line: str) -> None:
    """Print a line at once: a round takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@pytest.mark.parametrize(
    ("kind", "name", "words"), [(OBJECTS, "fmp, JSON", "of memory"), (LINE, "load, bucket", "row_too_long")]
)
def test_a_command_needs_little_memory_for_a_small_hostile_body(
    postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path: Path, kind: str, name: str, words: str
) -> None:
    """What took gigabytes at full size takes tens of megabytes more than the process itself."""
    with (
        run_hostile_vendor(SMALL_SIZES) as vendor,
        making_sandbox(postgres_server, migrated_template) as dsn,
    ):
        vendor.turn_to(kind)
        peak, how = measure_command(dsn, vendor, name, tmp_path)
    assert how == "exit 1"
    assert words in (tmp_path / "log").read_text()
    assert peak < LIMIT_MB / 2


@pytest.mark.faults
@pytest.mark.timeout(5400)
def test_no_body_takes_more_memory_than_its_limit(
    postgres_server: EmbeddedPostgres, migrated_template: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with capfd.disabled():
        prove(postgres_server, migrated_template, Sizes(), KINDS, tmp_path)
