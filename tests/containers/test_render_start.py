"""Every image started as Render would: the environment that the Blueprint gives it, and nothing else."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import yaml
from docker.models.containers import Container
from docker.models.networks import Network

from sra_testing.containers import ROOT, Stack, wait_for

pytestmark = pytest.mark.containers

DATABASE = "sra-db"
SLOT_SECONDS = 150


@dataclass
class Blueprint:
    """The values that Render makes of render.yaml: generated ones once, references resolved, unset ones left out."""

    environment: dict[str, Any]
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _generated: dict[tuple[str, str], str] = field(default_factory=dict)

    def list_services(self) -> list[dict[str, Any]]:
        services: list[dict[str, Any]] = self.environment["services"]
        return services

    def make_environment(self, service: dict[str, Any]) -> dict[str, str]:
        values: dict[str, str] = {}
        groups = {group["name"]: group["envVars"] for group in self.environment["envVarGroups"]}
        for entry in service["envVars"]:
            owner = entry.get("fromGroup", service["name"])
            for variable in groups[owner] if "fromGroup" in entry else [entry]:
                value = self._make_value(owner, variable)
                if value is not None:
                    values[variable["key"]] = value
        return values

    def _make_value(self, owner: str, variable: dict[str, Any]) -> str | None:
        if "value" in variable:
            return str(variable["value"])
        if variable.get("generateValue"):
            return self._generated.setdefault((owner, variable["key"]), secrets.token_urlsafe(32))
        if "fromDatabase" in variable:
            assert variable["fromDatabase"]["property"] == "connectionString"
            return f"postgres://sra_owner:{self.password}@{DATABASE}/sra_data"
        if "fromService" in variable:
            assert variable["fromService"]["property"] == "hostport"
            return f"{variable['fromService']['name']}:{self.find_port(variable['fromService']['name'])}"
        return None

    def find_port(self, name: str) -> str:
        (service,) = (each for each in self.list_services() if each["name"] == name)
        return next(str(entry["value"]) for entry in service["envVars"] if entry.get("key") == "PORT")


class Deployment:
    """The Blueprint's services on a network of their own, beside a managed database."""

    def __init__(self, stack: Stack, blueprint: Blueprint, network: Network) -> None:
        self.engine, self.blueprint, self.network = stack.engine, blueprint, network
        self.containers: list[Container] = []

    def start(self, image: str, alias: str, environment: dict[str, str], **more: Any) -> Container:
        container = self.engine.containers.create(image, environment=environment, **more)
        self.containers.append(container)
        self.network.connect(container, aliases=[alias])
        container.start()
        return container

    def start_service(self, service: dict[str, Any], **changed: str) -> Container:
        values = {**self.blueprint.make_environment(service), **changed}
        return self.start(service["name"], service["name"], values, init=True)

    def start_database(self) -> None:
        values = {"POSTGRES_USER": "sra_owner", "POSTGRES_PASSWORD": self.blueprint.password, "POSTGRES_DB": "sra_data"}
        database = self.start("postgres:17", DATABASE, values)
        probe = ["psql", "-h", "127.0.0.1", "-U", "sra_owner", "-d", "sra_data", "-c", "SELECT 1"]
        wait_for(lambda: database.exec_run(probe).exit_code == 0, "the database", seconds=60)
        self.database = database

    def query(self, sql: str) -> str:
        done = self.database.exec_run(["psql", "-U", "sra_owner", "-d", "sra_data", "-AtX", "-c", sql])
        assert done.exit_code == 0, done.output
        return str(done.output.decode().strip())

    def get(self, container: Container, service: dict[str, Any], path: str) -> httpx.Response:
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"][self.network.name]["IPAddress"]
        values = self.blueprint.make_environment(service)
        headers = {"Authorization": f"Bearer {values['SRA_VIEWER_TOKEN']}"}
        return httpx.get(f"http://{address}:{values['PORT']}{path}", headers=headers, timeout=10, trust_env=False)

    def is_healthy(self, container: Container) -> bool:
        container.reload()
        assert container.status == "running", container.logs().decode()
        return bool(container.attrs["State"]["Health"]["Status"] == "healthy")

    def remove(self) -> None:
        for container in self.containers:
            container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def deployment(built: Stack) -> Iterator[Deployment]:
    """The whole Blueprint, migrated by its pre-deploy command and started."""
    loaded = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))
    blueprint = Blueprint(loaded["projects"][0]["environments"][0])
    network = built.engine.networks.create(f"sra-render-{uuid.uuid4().hex[:6]}")
    deployed = Deployment(built, blueprint, network)
    try:
        deployed.start_database()
        for service in blueprint.list_services():
            if "preDeployCommand" in service:
                command = service["preDeployCommand"].split()
                values = blueprint.make_environment(service)
                migration = deployed.start(service["name"], "pre-deploy", values, command=command)
                assert migration.wait(timeout=120)["StatusCode"] == 0, migration.logs().decode()
        yield deployed
    finally:
        deployed.remove()
        network.remove()


@pytest.fixture(scope="module")
def running(deployment: Deployment) -> dict[str, Container]:
    """The services, all healthy."""
    started = {each["name"]: deployment.start_service(each) for each in deployment.blueprint.list_services()}
    for name, container in started.items():
        wait_for(lambda c=container: deployment.is_healthy(c), f"{name} to be healthy", seconds=90)
    return started


def test_every_service_is_ready_on_the_port_it_is_given(deployment: Deployment, running: dict[str, Container]) -> None:
    for service in deployment.blueprint.list_services():
        container = running[service["name"]]
        ready = wait_for(
            lambda c=container, s=service: (a := deployment.get(c, s, "/ready")).status_code == httpx.codes.OK and a,
            f"{service['name']} to be ready",
            seconds=60,
            on_timeout=lambda c=container: c.logs(tail=40).decode(),
        )
        assert ready.status_code == httpx.codes.OK


def test_gateway_finds_the_others_by_host_and_port(deployment: Deployment, running: dict[str, Container]) -> None:
    (gateway,) = (each for each in deployment.blueprint.list_services() if each["type"] == "web")

    def all_found() -> bool:
        checks = deployment.get(running[gateway["name"]], gateway, "/health").json()["checks"]
        names = ("database", "fmp_ingest", "fundata_ingest", "view_builder")
        return all(checks[name]["status"] == "healthy" for name in names)

    wait_for(
        all_found,
        "the gateway to see every service",
        seconds=60,
        on_timeout=lambda: deployment.get(running[gateway["name"]], gateway, "/health").text,
    )


def test_no_service_answers_without_a_token(deployment: Deployment, running: dict[str, Container]) -> None:
    for service in deployment.blueprint.list_services():
        answer = deployment.get(running[service["name"]], service, "/runs")
        assert answer.status_code == httpx.codes.OK
        bare = httpx.get(answer.request.url, timeout=10, trust_env=False)
        assert bare.status_code == httpx.codes.UNAUTHORIZED


def test_two_gateways_of_a_deploy_fire_a_slot_once(deployment: Deployment, running: dict[str, Container]) -> None:
    (service,) = (each for each in deployment.blueprint.list_services() if each["type"] == "web")
    slot = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if slot - datetime.now(UTC) < timedelta(seconds=30):
        slot += timedelta(minutes=1)
    running[service["name"]].stop()
    cron = f"{slot.minute} {slot.hour} * * *"
    pair = [deployment.start_service(service, REFRESH_CRON=cron, DB_POOL_MAX_SIZE="4") for _ in range(2)]
    for gateway in pair:
        wait_for(lambda c=gateway: deployment.is_healthy(c), "a gateway to be healthy", seconds=60)
    count = "SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'"
    before = int(deployment.query(count))
    assert datetime.now(UTC) < slot
    wait_for(lambda: int(deployment.query(count)) > before, "the slot to be fired", seconds=SLOT_SECONDS)
    looked = f"SELECT now() > '{slot.isoformat()}'::timestamptz + interval '10 seconds'"
    wait_for(lambda: deployment.query(looked) == "t", "both gateways to have looked", seconds=60)
    assert int(deployment.query(count)) == before + 1
