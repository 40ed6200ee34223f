"""What Render's schema and compose's own checks miss about the two descriptions of the deployment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sra_shared.settings import SETTINGS_CLASSES

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {"gateway", "fmp_ingest", "fundata_ingest", "view_builder"}
MAX_CONNECTIONS = 90
HEARTBEAT_AND_QUEUE = 2


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = read_yaml("docker-compose.yml")
    return loaded


@pytest.fixture(scope="module")
def environment() -> dict[str, Any]:
    loaded: dict[str, Any] = read_yaml("render.yaml")["projects"][0]["environments"][0]
    return loaded


def module_of(service: dict[str, Any]) -> str:
    return str(service["name"]).removeprefix("sra-").replace("-", "_")


def settings_of(service: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    groups = {group["name"]: group["envVars"] for group in environment["envVarGroups"]}
    found: dict[str, Any] = {}
    for entry in service["envVars"]:
        for variable in groups[entry["fromGroup"]] if "fromGroup" in entry else [entry]:
            found[variable["key"]] = variable
    return found


def test_both_descriptions_have_every_service(compose: dict[str, Any], environment: dict[str, Any]) -> None:
    folders = {path.parent.name for path in ROOT.glob("services/*/Dockerfile")}
    assert folders == SERVICES
    assert set(compose["services"]) == SERVICES | {"postgres", "migrate", "stand_in"}
    assert {module_of(service) for service in environment["services"]} == SERVICES


def test_blueprint_refers_only_to_what_it_declares(environment: dict[str, Any]) -> None:
    services = {service["name"]: service["type"] for service in environment["services"]}
    databases = {database["name"] for database in environment["databases"]}
    for service in environment["services"]:
        assert (ROOT / service["dockerfilePath"]).is_file()
        for entry in service["envVars"]:
            if "fromService" in entry:
                target = entry["fromService"]
                assert services[target["name"]] == target["type"]
                assert "property" in target
            if "fromDatabase" in entry:
                assert entry["fromDatabase"]["name"] in databases


def test_blueprint_holds_no_secret_and_no_trap(environment: dict[str, Any]) -> None:
    secret = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|WEBHOOK")
    for service in environment["services"]:
        variables = settings_of(service, environment)
        for name, variable in variables.items():
            assert not (secret.search(name) and "value" in variable), f"{service['name']} has a literal {name}"
        assert variables["PORT"]["value"] != "10000"
        assert service["plan"] != "free"
        assert isinstance(service["autoDeployTrigger"], str)
        assert ("healthCheckPath" in service) == (service["type"] == "web")
        assert f"services/{module_of(service)}/**" in service["buildFilter"]["paths"]
        assert "shared/**" in service["buildFilter"]["paths"]
    for group in environment["envVarGroups"]:
        assert all("sync" not in variable for variable in group["envVars"])
    assert sum("preDeployCommand" in service for service in environment["services"]) == 1
    assert (
        len(
            {service["region"] for service in environment["services"]} | {d["region"] for d in environment["databases"]}
        )
        == 1
    )
    assert all(database["ipAllowList"] == [] for database in environment["databases"])
    # of that name, a search would find the views before the tables
    assert all(database["user"] != "sra" for database in environment["databases"])


def test_every_variable_is_a_known_setting(compose: dict[str, Any], environment: dict[str, Any]) -> None:
    known = {name.upper() for settings in SETTINGS_CLASSES for name in settings.model_fields}
    for name in SERVICES | {"migrate"}:
        assert set(compose["services"][name]["environment"]) <= known
    for service in environment["services"]:
        assert set(settings_of(service, environment)) <= known


def test_blueprint_and_compose_set_the_same(compose: dict[str, Any], environment: dict[str, Any]) -> None:
    only_local = {
        "FMP_BASE_URL",
        "FUNDATA_AUTH_URL",
        "FUNDATA_API_URL",
        "FUNDATA_DATA_PATH",
        "FUNDATA_QUOTES_PATH",
        "LFS_URL",
        "LFS_TOKEN",
        "FMP_INGEST_URL",
        "FUNDATA_INGEST_URL",
        "VIEW_BUILDER_URL",
    }
    only_deployed = {"LOG_FORMAT", "SRA_READER_PASSWORD"}
    for service in environment["services"]:
        deployed = set(settings_of(service, environment)) - only_deployed
        local = set(compose["services"][module_of(service)]["environment"])
        assert deployed - local == set(), f"{service['name']}: compose lacks some"
        assert local - deployed - only_local == set(), f"{service['name']}: the Blueprint lacks some"


def test_connections_fit_the_database_twice_over(environment: dict[str, Any]) -> None:
    total = 0
    for service in environment["services"]:
        pool = int(settings_of(service, environment)["DB_POOL_MAX_SIZE"]["value"])
        # old and new instances overlap during a deploy
        total += 2 * service.get("numInstances", 1) * (pool + HEARTBEAT_AND_QUEUE)
    assert total <= MAX_CONNECTIONS


def test_only_the_gateway_is_published_and_only_locally(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert set(published) == {"gateway"}
    assert all(str(port).startswith("127.0.0.1:") for port in published["gateway"])
    assert compose["networks"]["inside"]["internal"] is True


def test_images_need_no_build_argument_and_run_as_a_plain_user() -> None:
    for path in [*ROOT.glob("services/*/Dockerfile"), ROOT / "tests/stand_in/Dockerfile"]:
        text = path.read_text(encoding="utf-8")
        assert "ARG " not in text
        assert "\nUSER 10001\n" in text
        assert text.count("FROM ") == 2
        assert "HEALTHCHECK" in text
