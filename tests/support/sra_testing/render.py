"""The Blueprint's services as Render would start them: the environment from render.yaml, the plan, no init."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker
import httpx
from docker.models.containers import Container
from docker.models.networks import Network

from sra_testing.containers import wait_for
from sra_testing.deployments import list_variables, read_blueprint

DATABASE = "sra-db"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_END = "end of the result"
_QUERY_ATTEMPTS = 5


@dataclass
class Blueprint:
    """The values that Render derives from render.yaml: generated once, references resolved, values not entered left out.

    `typed` are the values entered for `sync: false`, by variable.
    """

    typed: dict[str, str] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=read_blueprint)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _generated: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """The services by name."""
        return {service["name"]: service for service in self.environment["services"]}

    def make_environment(self, name: str) -> dict[str, str]:
        """Return the environment of a service, with the variables that Render sets itself."""
        service = self.services[name]
        values = {
            key: self._make_value(name, entry) for key, entry in list_variables(service, self.environment).items()
        }
        return self._make_own(service) | {key: value for key, value in values.items() if value is not None}

    def _make_own(self, service: dict[str, Any]) -> dict[str, str]:
        own = {
            "RENDER": "true",
            "RENDER_SERVICE_NAME": service["name"],
            "RENDER_SERVICE_TYPE": service["type"],
            "RENDER_INSTANCE_ID": f"srv-{secrets.token_hex(4)}",
            "RENDER_GIT_COMMIT": COMMIT,
            "RENDER_GIT_BRANCH": "main",
            "RENDER_DISCOVERY_SERVICE": f"{service['name']}-discovery",
            "RENDER_CPU_COUNT": "0.5",
            "WEB_CONCURRENCY": "1",
        }
        if service["type"] == "web":
            host = f"{service['name']}.onrender.com"
            own |= {"RENDER_EXTERNAL_HOSTNAME": host, "RENDER_EXTERNAL_URL": f"https://{host}"}
        return own

    def _make_value(self, owner: str, entry: dict[str, Any]) -> str | None:
        if "value" in entry:
            return str(entry["value"])
        if entry.get("generateValue"):
            # the values of a group are the same for all its services
            shared = owner if entry in self.services[owner]["envVars"] else "group"
            return self._generated.setdefault(f"{shared} {entry['key']}", secrets.token_urlsafe(32))
        if "fromDatabase" in entry:
            assert entry["fromDatabase"]["property"] == "connectionString"
            return f"postgres://sra_owner:{self.password}@{DATABASE}/sra_data"
        if "fromService" in entry:
            target = entry["fromService"]
            if "envVarKey" in target:
                return self.make_environment(target["name"])[target["envVarKey"]]
            assert target["property"] == "hostport"
            return f"{target['name']}:{self.find_port(target['name'])}"
        return self.typed.get(entry["key"])

    def find_port(self, name: str) -> str:
        """Return the port that a service listens on."""
        port: str = list_variables(self.services[name], self.environment)["PORT"]["value"]
        return port


class Deployment:
    """The services on their own network, next to a managed database."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.engine, self.blueprint = docker.from_env(), blueprint
        self.network: Network = self.engine.networks.create(f"sra-render-{secrets.token_hex(3)}")
        self.containers: list[Container] = []

    def start(self, image: str, alias: str, environment: dict[str, str], **more: Any) -> Container:
        """Start a container that the others can reach by a name."""
        container = self.engine.containers.create(image, environment=environment, **more)
        self.containers.append(container)
        self.network.connect(container, aliases=[alias])
        container.start()
        return container

    def start_service(self, name: str, **changed: str) -> Container:
        """Start an instance on plan `starter`; its file system is its own and is lost with it."""
        values = {**self.blueprint.make_environment(name), **changed}
        return self.start(name, name, values, nano_cpus=500_000_000, mem_limit="512m")

    def start_database(self) -> None:
        """Start the database and wait until it responds."""
        values = {"POSTGRES_USER": "sra_owner", "POSTGRES_PASSWORD": self.blueprint.password, "POSTGRES_DB": "sra_data"}
        self.database = self.start("postgres:17", DATABASE, values)
        probe = ["psql", "-h", "127.0.0.1", "-U", "sra_owner", "-d", "sra_data", "-c", "SELECT 1"]
        wait_for(lambda: self.database.exec_run(probe).exit_code == 0, "the database", seconds=60)

    def run_pre_deploy(self) -> str:
        """Run the pre-deploy command as Render does, on a separate instance, and return its output."""
        (service,) = (each for each in self.blueprint.services.values() if "preDeployCommand" in each)
        values, command = self.blueprint.make_environment(service["name"]), service["preDeployCommand"].split()
        migration = self.start(service["name"], "pre-deploy", values, command=command)
        code, result = migration.wait(timeout=120)["StatusCode"], migration.logs().decode()
        assert code == 0, result
        return str(result)

    def query(self, sql: str) -> str:
        """Return the result of a query, as the owner of the database."""
        command = ["psql", "-U", "sra_owner", "-d", "sra_data", "-AtX", "-c", sql, "-c", f"\\echo {_END}"]
        # on a busy machine Docker may lose the output of a short command
        for _ in range(_QUERY_ATTEMPTS):
            done = self.database.exec_run(command)
            assert done.exit_code == 0, done.output
            lines = done.output.decode().strip().splitlines()
            if lines and lines[-1] == _END:
                return "\n".join(lines[:-1])
        raise AssertionError(f"Docker lost the output of a query {_QUERY_ATTEMPTS} times: {sql}")

    def wait_until(self, condition: str, *, seconds: float) -> None:
        """Wait for a condition in the database server itself."""
        self.query(
            f"SET statement_timeout = '{seconds:.0f}s'; DO $$ BEGIN WHILE NOT ({condition}) LOOP"
            " PERFORM pg_sleep(0.02); END LOOP; END $$"
        )

    @contextmanager
    def hold_rows(self, condition: str, rows: str, *, seconds: float) -> Iterator[None]:
        """Wait for a condition on the database, and then lock the rows of a query until the context ends."""
        name = "holds rows"
        # in one session, so that nothing happens between the two
        statements = (
            f"SET application_name = '{name}'",
            f"SET statement_timeout = '{seconds:.0f}s'",
            f"DO $$ BEGIN WHILE NOT ({condition}) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$",
            "BEGIN",
            f"{rows} FOR UPDATE",
            f"SELECT pg_sleep({seconds})",
        )
        words = [word for statement in statements for word in ("-c", statement)]
        self.database.exec_run(["psql", "-U", "sra_owner", "-d", "sra_data", "-AtX", *words], detach=True)
        session = f"FROM pg_stat_activity WHERE application_name = '{name}'"
        held = f"SELECT EXISTS (SELECT {session} AND query LIKE 'SELECT pg_sleep%')"
        try:
            wait_for(lambda: self.query(held) == "t", "the rows to be held", seconds=seconds)
            yield
        finally:
            self.query(f"SELECT pg_terminate_backend(pid) {session}")

    def ask(self, container: Container, path: str, *, body: dict[str, Any] | None = None) -> httpx.Response:
        """Call an instance over the private network with the service token; with a body it is a POST."""
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"][self.network.name]["IPAddress"]
        values = dict(entry.split("=", 1) for entry in container.attrs["Config"]["Env"])
        headers = {"Authorization": f"Bearer {values['SRA_SERVICE_TOKEN']}"}
        url = f"http://{address}:{values['PORT']}{path}"
        return httpx.request(
            "GET" if body is None else "POST", url, headers=headers, json=body, timeout=30, trust_env=False
        )

    def wait_healthy(self, container: Container, *, seconds: float = 90) -> None:
        """Wait until the image's own health check reports an instance as healthy."""

        def is_healthy() -> bool:
            container.reload()
            assert container.status == "running", container.logs().decode()
            return bool(container.attrs["State"]["Health"]["Status"] == "healthy")

        wait_for(
            is_healthy, f"{container.image} to be healthy", seconds=seconds, on_timeout=lambda: read_log(container)
        )

    def remove(self) -> None:
        """Remove everything."""
        for container in self.containers:
            container.remove(force=True, v=True)
        self.network.remove()


def read_log(container: Container) -> str:
    """Return the end of an instance's log."""
    return str(container.logs(tail=40).decode(errors="replace"))
