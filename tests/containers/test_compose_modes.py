"""Compose with made-up data or with the vendors, and real data in containers with object storage."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from sra_cli.ports import find_free_port
from sra_testing.bucket import Storage, make_tree, run_storage
from sra_testing.containers import ROOT, SERVICES, Stack, wait_for

pytestmark = [pytest.mark.containers, pytest.mark.timeout(420, func_only=True)]

KEYS = ("FMP_API_KEY", "FUNDATA_ACCESS_KEY_ID", "FUNDATA_SECRET_ACCESS_KEY")
SHARED = ("DB_PASSWORD", "SRA_SERVICE_TOKEN", "SRA_VIEWER_TOKEN")
DEMANDED = ("DB_ADMIN_PASSWORD", *SHARED)
PUBLIC = ("sandbox-only", "made-up", "stand_in")
DAYS = 400


def read_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip("'") for name, value in pairs}


def make_secrets() -> dict[str, str]:
    return {name: secrets.token_urlsafe(24) for name in DEMANDED}


def read_config(settings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services that compose makes of a `.env`."""
    stack = Stack("sra-config", 8080, settings)
    services: dict[str, dict[str, Any]] = json.loads(stack.compose("config", "--format", "json"))["services"]
    return services


def test_without_a_key_all_data_are_made_up() -> None:
    plain = read_config({})
    assert "stand_in" in plain
    assert plain["migrate"]["environment"]["SRA_SANDBOX"] == "1"
    assert plain["fmp_ingest"]["environment"]["FMP_BASE_URL"] == "http://stand_in:8090/stable"
    # a copied example has every setting, the keys empty; passwords and vendors' addresses do not reach the sandbox
    copied = read_config({**read_example(), **make_secrets()})
    for name, service in copied.items():
        before, after = plain[name].get("environment") or {}, service.get("environment") or {}
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        assert {key for key in changed if after.get(key) != read_example().get(key)} == set(), name
        assert not changed & {*KEYS, *DEMANDED, "FMP_BASE_URL", "FUNDATA_AUTH_URL", "FUNDATA_API_URL", "SRA_SANDBOX"}


@pytest.mark.parametrize("key", KEYS)
def test_with_any_key_the_data_are_real_and_no_default_password_remains(key: str) -> None:
    for rest in ({}, read_example()):
        own = make_secrets()
        services = read_config({**rest, **own, key: "a-real-key"})
        assert "stand_in" not in services
        result = json.dumps([service.get("environment") for service in services.values()])
        assert not [word for word in PUBLIC if word in result]
        for name in SERVICES:
            environment = services[name]["environment"]
            assert environment["SRA_ENV"] == "production"
            assert {each: environment[each] for each in SHARED} == {each: own[each] for each in SHARED}
            assert own["DB_ADMIN_PASSWORD"] not in environment.values()
        given = {**services["fmp_ingest"]["environment"], **services["fundata_ingest"]["environment"]}
        assert {each: given[each] for each in KEYS} == {each: "a-real-key" if each == key else "" for each in KEYS}
        assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == own["DB_ADMIN_PASSWORD"]
        assert given["FMP_BASE_URL"] in ("", read_example()["FMP_BASE_URL"])
        assert not int(services["migrate"]["environment"]["SRA_SANDBOX"] or 0)


@pytest.mark.parametrize("missing", DEMANDED)
def test_real_data_require_own_secrets(missing: str) -> None:
    settings = {**read_example(), **make_secrets(), "FMP_API_KEY": "a-real-key", missing: ""}
    refused = Stack("sra-config", 8080, settings).call_compose("config", "--quiet")
    assert refused.returncode != 0
    assert f"required variable {missing} is missing a value" in refused.stderr
    assert "With a vendor's key the data is real" in refused.stderr


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with run_storage() as running:
        yield running


@pytest.fixture(scope="module")
def quotes(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many quotes the daily file in the bucket holds."""
    root = tmp_path_factory.mktemp("seed")
    written = make_tree(root, days=DAYS)
    storage.upload_tree(root)
    return written


@pytest.fixture(scope="module")
def real(built: Stack, storage: Storage, quotes: int) -> Iterator[Stack]:
    """The system for real data: seed files in object storage, a key of a vendor that is never called."""
    settings = {
        **read_example(),
        **make_secrets(),
        **storage.make_settings(),
        "FMP_API_KEY": "a-key-that-is-not-used",
        "SRA_READER_PASSWORD": secrets.token_urlsafe(24),
    }
    stack = Stack(f"sra-real-{uuid.uuid4().hex[:6]}", find_free_port(), settings)
    try:
        stack.start(*SERVICES)
        yield stack
    finally:
        stack.remove()


def test_seed_files_come_from_object_storage_into_a_volume(real: Stack, quotes: int) -> None:
    assert not real.containers("stand_in")
    ended = real.follow(real.trigger(sources=["fundata", "views"]))
    assert ended["status"] == "completed", f"{json.dumps(ended)}\n{real.read_logs()}"
    assert real.query("SELECT sandbox FROM database_mark") == "f"
    stored = "SELECT count(*), max(data_version) FROM fundata_quotes WHERE dataset = 'FundDailyNAVPS'"
    assert real.query(stored) == f"{quotes}|1"
    # one of the sample's funds ended; it stays
    funds = "SELECT count(*), count(*) FILTER (WHERE NOT is_active) FROM sra.fund_page WHERE navps IS NOT NULL"
    assert real.query(funds) == f"{quotes // DAYS}|1"
    (container,) = real.containers("fundata_ingest")
    mounts = {mount["Destination"]: mount["Type"] for mount in container.attrs["Mounts"]}
    assert mounts["/var/lib/sra/fundata"] == "volume"
    assert mounts["/var/lib/sra/tmp"] == "volume"
    listed = container.exec_run(["find", "/var/lib/sra/fundata", "-name", "*.csv"])
    assert len(listed.output.split()) == 26, listed.output


def test_reader_of_real_data_logs_in_with_its_own_password(real: Stack) -> None:
    reader = real.settings["SRA_READER_PASSWORD"]
    assert int(real.read_as_reader(reader, "SELECT count(*) FROM fund_page")) > 0


def test_public_tokens_of_the_sandbox_open_nothing(real: Stack) -> None:
    for token in ("sandbox-only-service-token", "sandbox-only-viewer-token"):
        response = httpx.get(
            f"{real.url}/runs", headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        )
        assert response.status_code == httpx.codes.UNAUTHORIZED


def test_command_in_a_container_reaches_the_stack(real: Stack) -> None:
    runs = json.loads(real.compose("run", "--rm", "-T", "sra", "runs", "--json"))["runs"]
    assert "unified_refresh" in {run["task_type"] for run in runs}
    wait_for(lambda: real.http.get("/health").status_code == httpx.codes.OK, "the gateway", seconds=60)
    status = real.call_compose("run", "--rm", "-T", "sra", "status", "--json")
    assert json.loads(status.stdout)["gateway_url"] == "http://gateway:8080"
