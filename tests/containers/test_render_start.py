"""Every image started as on Render, with only the Blueprint's environment, from the first seeding to a deploy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from docker.models.containers import Container

from sra_testing.bucket import make_tree, run_storage
from sra_testing.containers import Stack, make_far_cron, wait_for
from sra_testing.content import LIVE_RUNS
from sra_testing.render import Blueprint, Deployment, read_log

pytestmark = [pytest.mark.containers, pytest.mark.timeout(420, func_only=True)]

GATEWAY, FUNDATA = "sra-gateway", "sra-fundata-ingest"
# four chunks for the daily file
DAYS = 8000
STOP_LIMIT_SECONDS = 30
SLOT_SECONDS = 150
TICKS_SECONDS = 15
UNIT_ROW = "SELECT unit FROM run_unit WHERE unit = 'quotes/FundDailyNAVPSSeed.csv'"
LOADING = f"EXISTS ({UNIT_ROW} AND status = 'running' AND stored_count > 0)"
REFRESHES = "SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'"


@pytest.fixture(scope="module")
def quotes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many quotes the daily seed file holds."""
    return make_tree(tmp_path_factory.getbasetemp() / "render-seed", days=DAYS)


@pytest.fixture(scope="module")
def deployment(built: Stack, quotes: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The Blueprint with a bucket of seed files and no vendor's key, migrated by its pre-deploy command."""
    with run_storage() as storage:
        storage.upload_tree(tmp_path_factory.getbasetemp() / "render-seed")
        deployed = Deployment(Blueprint(typed=storage.make_settings()))
        try:
            deployed.start_database()
            deployed.run_pre_deploy()
            yield deployed
        finally:
            deployed.remove()


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> dict[str, Container]:
    """The services, all healthy; no slot of the schedule falls into the tests."""
    far = {"REFRESH_CRON": make_far_cron(), "WEEKLY_CRON": make_far_cron()}
    started = {
        name: deployment.start_service(name, **(far if name == GATEWAY else {}))
        for name in deployment.blueprint.services
    }
    for container in started.values():
        deployment.wait_healthy(container)
    return started


def test_every_service_is_ready_on_the_port_it_is_given(deployment: Deployment, running: dict[str, Container]) -> None:
    for name, container in running.items():
        wait_for(
            lambda c=container: deployment.ask(c, "/ready").status_code == httpx.codes.OK,
            f"{name} to be ready",
            seconds=60,
            on_timeout=lambda c=container: f"{deployment.ask(c, '/ready').text}\n{read_log(c)}",
        )


def test_gateway_finds_the_others_by_host_and_port(deployment: Deployment, running: dict[str, Container]) -> None:
    def all_found() -> bool:
        checks = deployment.ask(running[GATEWAY], "/health").json()["checks"]
        names = ("database", "fmp_ingest", "fundata_ingest", "view_builder")
        return all(checks[name]["status"] == "healthy" for name in names)

    result = lambda: deployment.ask(running[GATEWAY], "/health").text  # noqa: E731 - evaluated only on failure
    wait_for(all_found, "the gateway to see every service", seconds=60, on_timeout=result)


def test_no_service_accepts_requests_without_a_token(deployment: Deployment, running: dict[str, Container]) -> None:
    for container in running.values():
        response = deployment.ask(container, "/runs")
        assert response.status_code == httpx.codes.OK
        bare = httpx.get(response.request.url, timeout=10, trust_env=False)
        assert bare.status_code == httpx.codes.UNAUTHORIZED


def test_first_seeding_continues_in_the_next_instance(
    deployment: Deployment, running: dict[str, Container], quotes: int
) -> None:
    started = deployment.ask(running[GATEWAY], "/refresh", body={"sources": ["fundata"], "retry_seconds": 5})
    assert started.status_code == httpx.codes.ACCEPTED, started.text
    first = running[FUNDATA]
    # a deploy: the new instance, which has no file, starts before the old one gets SIGTERM, in the middle of a chunk
    with deployment.hold_rows(LOADING, UNIT_ROW, seconds=180):
        second = deployment.start_service(FUNDATA)
        begun = time.monotonic()
        first.kill("SIGTERM")
    assert first.wait(timeout=STOP_LIMIT_SECONDS)["StatusCode"] == 0, read_log(first)
    assert time.monotonic() - begun < STOP_LIMIT_SECONDS
    running[FUNDATA] = second
    path = f"/refresh/{started.json()['refresh_id']}"

    def ended() -> bool:
        return deployment.ask(running[GATEWAY], path).json()["status"] not in ("queued", "running")

    wait_for(ended, "the seeding to end", seconds=360, on_timeout=lambda: read_log(second))
    refresh = deployment.ask(running[GATEWAY], path).json()
    assert refresh["status"] == "completed", f"{refresh}\n{read_log(second)}"
    stored = "SELECT count(*), max(data_version) FROM fundata_quotes WHERE dataset = 'FundDailyNAVPS'"
    assert deployment.query(stored) == f"{quotes}|1"
    taken = "SELECT epoch > 1 FROM run_unit WHERE unit = 'quotes/FundDailyNAVPSSeed.csv' ORDER BY started_at LIMIT 1"
    assert deployment.query(taken) == "t", "the first instance was stopped too late to show anything"


def test_app_logs_in_as_reader_by_the_password_of_the_gateway(
    deployment: Deployment, running: dict[str, Container]
) -> None:
    password = deployment.blueprint.make_environment(GATEWAY)["SRA_READER_PASSWORD"]
    login = [
        "psql",
        "-h",
        "sra-db",
        "-U",
        "sra_reader",
        "-d",
        "sra_data",
        "-AtX",
        "-c",
        "SELECT count(*) FROM fund_page",
    ]
    done = deployment.database.exec_run(login, environment={"PGPASSWORD": password})
    assert done.exit_code == 0, done.output
    assert int(done.output) > 0
    assert deployment.database.exec_run(login, environment={"PGPASSWORD": "another"}).exit_code != 0


def test_two_gateways_of_a_deploy_fire_a_slot_once(deployment: Deployment, running: dict[str, Container]) -> None:
    wait_for(lambda: deployment.query(LIVE_RUNS) == "0", "the views to be built", seconds=300)
    slot = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if slot - datetime.now(UTC) < timedelta(seconds=40):
        slot += timedelta(minutes=1)
    running[GATEWAY].stop()
    changed = {"REFRESH_CRON": f"{slot.minute} {slot.hour} * * *", "WEEKLY_CRON": make_far_cron()}
    pair = [deployment.start_service(GATEWAY, **changed, DB_POOL_MAX_SIZE="4") for _ in range(2)]
    for gateway in pair:
        deployment.wait_healthy(gateway)
    before = int(deployment.query(REFRESHES))
    assert deployment.query(f"SELECT now() < '{slot.isoformat()}'") == "t", "the gateways were too slow to see the slot"
    fired = f"SELECT count(*) FROM schedule_slot WHERE schedule = 'daily' AND slot = '{slot.isoformat()}'"  # noqa: S608 - a time of ours
    wait_for(lambda: int(deployment.query(REFRESHES)) > before, "the slot to be fired", seconds=SLOT_SECONDS)
    wait_for(lambda: deployment.query(LIVE_RUNS) == "0", "the refresh to end", seconds=180)
    # only now would another claim of the slot start another refresh, since there is none to join
    looked = f"SELECT now() > max(completed_at) + interval '{TICKS_SECONDS} seconds' FROM task_execution_log"  # noqa: S608 - a number of ours
    wait_for(lambda: deployment.query(looked) == "t", "both gateways to have looked again", seconds=60)
    assert deployment.query(fired) == "1"
    assert int(deployment.query(REFRESHES)) == before + 1
    for gateway in pair:
        assert deployment.ask(gateway, "/health").status_code == httpx.codes.OK
    pair[1].stop()
    running[GATEWAY] = pair[0]


def test_a_rollback_keeps_the_newer_schema(deployment: Deployment, running: dict[str, Container]) -> None:
    revision = deployment.query("SELECT version_num FROM alembic_version")
    deployment.query("UPDATE alembic_version SET version_num = 'later'")
    try:
        assert "newer than this code" in deployment.run_pre_deploy()
        assert deployment.query("SELECT version_num FROM alembic_version") == "later"
        for container in running.values():
            assert deployment.ask(container, "/ready").status_code == httpx.codes.OK
    finally:
        deployment.query(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - what was there
