"""Deployment: rules for render.yaml and the compose files that Render's schema and compose itself do not check.

CI checks the Blueprint against a copy of Render's schema; the schema does not cover the rules below.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import pytest

from sra_shared.kit.database.reader_limits import list_roles
from sra_testing.deployments import (
    MIGRATE,
    MODES,
    list_readable,
    list_unread,
    list_variables,
    name_module,
    read_blueprint,
    read_compose,
    read_yaml,
)
from sra_testing.packages import ROOT, SERVICES, read_project

MAX_CONNECTIONS, SUPERUSERS = 100, 3
ROWS, CLOSES, RESERVE = 50_000_000, 25_000_000, 0.5
HEARTBEAT_AND_QUEUE = 2
SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|WEBHOOK")
DATABASE_PARTS = {"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSL"}
# an engine sets these in its containers if a network needs them
OUTBOUND = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
# the tree is one folder there, found by FUNDATA_BASE_PATH
TREE_PARTS = {"FUNDATA_DATA_PATH", "FUNDATA_QUOTES_PATH"}
NOT_IN_COMPOSE = TREE_PARTS | OUTBOUND | {"DATABASE_URL", "RENDER_EXTERNAL_URL"}
# the demonstration's tree is the sample, which is never fetched, its tokens are public, and what is not said has its default
NOT_IN_DEMO = NOT_IN_COMPOSE | {
    "SRA_TOKENS",
    *("LFS_URL", "LFS_TOKEN", "SEED_BASE_URL", "SEED_BUCKET", "SEED_REGION", "SEED_ACCESS_KEY_ID"),
    *("SEED_SECRET_ACCESS_KEY", "SEED_MANIFEST"),
    *("LAKE_URL", "LAKE_ENDPOINT", "LAKE_REGION", "LAKE_ACCESS_KEY_ID", "LAKE_SECRET_ACCESS_KEY"),
    *("LAKE_KEEP_BUILDS", "LAKE_GRACE_HOURS"),
}
# the vendors' addresses are the defaults, LFS does not work there, and Render sets its own address
NOT_ON_RENDER = (
    DATABASE_PARTS
    | TREE_PARTS
    | OUTBOUND
    | {"DB_ADMIN_USER", "DB_ADMIN_PASSWORD"}
    | {"RENDER_EXTERNAL_URL", "FMP_BASE_URL", "FUNDATA_AUTH_URL", "FUNDATA_API_URL", "LFS_URL", "LFS_TOKEN"}
)
DOCKERFILES = [*ROOT.glob("services/*/Dockerfile"), ROOT / "tests/stand_in/Dockerfile", ROOT / "cli/Dockerfile"]


@pytest.fixture(scope="module")
def blueprint() -> dict[str, Any]:
    return read_blueprint()


def test_both_descriptions_have_every_service(blueprint: dict[str, Any]) -> None:
    assert {path.parent.name for path in ROOT.glob("services/*/Dockerfile")} == set(SERVICES)
    for mode in MODES:
        assert set(read_compose(mode)) == {*SERVICES, MIGRATE, "postgres", "stand_in", "refresh", "sra"}
    assert {name_module(service) for service in blueprint["services"]} == set(SERVICES)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("module", [*SERVICES, MIGRATE])
def test_compose_sets_what_each_part_reads(module: str, mode: str) -> None:
    given = set(read_compose(mode)[module]["environment"])
    left_out = NOT_IN_DEMO if mode == "demo" else NOT_IN_COMPOSE
    readable = list_readable(module)
    assert given - readable == set(), "it reads none of these"
    # the migration listens on no port and needs no token
    spared = {"PORT"} if module == MIGRATE else set()
    assert readable - list_unread(module) - left_out - spared - given == set(), "these cannot be set"


def test_compose_accepts_settings_that_its_layout_does_not_decide() -> None:
    decided = {"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_SSL", "DB_POOL_MIN_SIZE", "DB_POOL_MAX_SIZE", "PORT"}
    decided.add("DB_ADMIN_USER")
    decided |= {"SRA_ENV", "FMP_INGEST_URL", "FUNDATA_INGEST_URL", "VIEW_BUILDER_URL", "FUNDATA_BASE_PATH"}
    for name, service in read_compose("real").items():
        if name in (*SERVICES, MIGRATE):
            for key in set(service["environment"]) - decided:
                assert f"${{{key}:" in service["environment"][key], f"{name}: {key} is fixed"


def test_blueprint_sets_what_each_part_reads(blueprint: dict[str, Any]) -> None:
    for service in blueprint["services"]:
        module, given = name_module(service), set(list_variables(service, blueprint))
        modules = [module, MIGRATE] if "preDeployCommand" in service else [module]
        readable = set[str]().union(*(list_readable(each) for each in modules))
        needed = set[str]().union(*(list_readable(each) - list_unread(each) for each in modules))
        assert given - readable == set(), f"{module} reads none of these"
        # what is deployed is no sandbox
        assert needed - given - NOT_ON_RENDER - {"SRA_SANDBOX"} == set(), f"{module} does not get these"


def test_demonstration_accepts_no_secret_and_real_data_no_public_one() -> None:
    demo = (ROOT / "docker-compose.demo.yml").read_text(encoding="utf-8")
    assert "${" not in demo
    for name, service in read_compose("real").items():
        for key, value in service["environment"].items():
            assert not re.search(r"sandbox|made-up|stand_in", str(value)), f"{name}: {key}"
    assert read_compose("real")["stand_in"]["profiles"] == ["sandbox"]
    real = read_yaml("docker-compose.real.yml")
    for key in ("DB_PASSWORD", "SRA_SERVICE_TOKEN", "SRA_VIEWER_TOKEN"):
        assert real["x-secrets"][key].startswith(f"${{{key}:?"), f"{key} is not demanded"
    assert real["x-secrets"]["SRA_ENV"] == "production"


def test_only_migrate_knows_the_administrator() -> None:
    for mode in MODES:
        services = read_compose(mode)
        password = services[MIGRATE]["environment"].pop("DB_ADMIN_PASSWORD")
        assert mode == "demo" or password.startswith("${DB_ADMIN_PASSWORD:?")
        given = services.pop("postgres")["environment"]
        assert (given["POSTGRES_USER"], services[MIGRATE]["environment"]["DB_USER"]) == ("postgres", "sra_owner")
        for name, service in services.items():
            assert "DB_ADMIN_PASSWORD" not in str(service["environment"]), name
            assert "sandbox-only-administrator" not in str(service["environment"]), name


def test_made_up_and_real_data_are_in_different_volumes() -> None:
    places = [read_compose(mode)["postgres"]["volumes"] for mode in MODES]
    names = [volume.split(":")[0] for (volume,) in places]
    assert len(set(names)) == len(MODES)
    assert set(names) < set(read_yaml("docker-compose.yml")["volumes"])


def test_blueprint_refers_only_to_what_it_declares(blueprint: dict[str, Any]) -> None:
    services = {service["name"]: service for service in blueprint["services"]}
    databases = {database["name"] for database in blueprint["databases"]}
    groups = {group["name"] for group in blueprint["envVarGroups"]}
    for service in blueprint["services"]:
        assert (ROOT / service["dockerfilePath"]).is_file()
        for entry in service["envVars"]:
            if "fromService" in entry:
                target = entry["fromService"]
                assert services[target["name"]]["type"] == target["type"]
                assert ("property" in target) != ("envVarKey" in target)
                if "envVarKey" in target:
                    assert target["envVarKey"] in list_variables(services[target["name"]], blueprint)
            if "fromDatabase" in entry:
                assert entry["fromDatabase"]["name"] in databases
            if "fromGroup" in entry:
                assert entry["fromGroup"] in groups


def test_blueprint_contains_no_secret_and_no_unsafe_default(blueprint: dict[str, Any]) -> None:
    for service in blueprint["services"]:
        variables = list_variables(service, blueprint)
        for name, variable in variables.items():
            assert not (SECRET.search(name) and "value" in variable), f"{service['name']} has a literal {name}"
        assert variables["PORT"]["value"] != "10000"
        assert service["plan"] != "free"
        # with "checksPass" a repository without checks is never deployed; unquoted, off is false
        assert service["autoDeployTrigger"] == "commit"
        assert ("healthCheckPath" in service) == (service["type"] == "web")
    for group in blueprint["envVarGroups"]:
        assert all("sync" not in variable for variable in group["envVars"])
    assert sum("preDeployCommand" in service for service in blueprint["services"]) == 1
    regions = {each["region"] for each in (*blueprint["services"], *blueprint["databases"])}
    assert len(regions) == 1
    for database in blueprint["databases"]:
        assert database["ipAllowList"] == []
        assert database["diskSizeGB"] == 1 or database["diskSizeGB"] % 5 == 0
        # of that name, a search would find the views before the tables
        assert database["user"] != "sra"


def test_a_change_to_the_sources_of_an_image_rebuilds_it(blueprint: dict[str, Any]) -> None:
    for service in blueprint["services"]:
        globs = service["buildFilter"]["paths"]
        text = (ROOT / service["dockerfilePath"]).read_text(encoding="utf-8")
        copied = [word for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", text) for word in line.split()[:-1]]
        for path in [*copied, service["dockerfilePath"].removeprefix("./"), ".dockerignore"]:
            sample = path if (ROOT / path).is_file() else f"{path}/src/x.py"
            assert any(_matches(sample, glob) for glob in globs), f"{service['name']} is not built for {path}"


def _matches(path: str, glob: str) -> bool:
    return path == glob or (glob.endswith("/**") and PurePosixPath(path).is_relative_to(glob.removesuffix("/**")))


def test_disk_follows_from_the_measured_size_of_a_row(blueprint: dict[str, Any]) -> None:
    text = re.sub(r"\s+", " ", (ROOT / "docs/operations.md").read_text(encoding="utf-8"))
    (quote,) = re.findall(r"A row of quotes takes (\d+) bytes", text)
    (close,) = re.findall(r"a close of a listing takes (\d+) bytes", text)
    quotes, closes = int(quote) * ROWS / 10**9, int(close) * CLOSES / 10**9
    in_steps = math.ceil((quotes + closes) * (1 + RESERVE) / 5) * 5
    assert [database["diskSizeGB"] for database in blueprint["databases"]] == [in_steps]
    assert f"50 million rows take {quotes:.0f} GB" in text
    assert f"25 million closes, take {closes:.0f} GB" in text
    assert f"asks for {in_steps} GB" in text


def test_connections_fit_the_database_twice_over(blueprint: dict[str, Any]) -> None:
    total = 0
    for service in blueprint["services"]:
        pool = int(list_variables(service, blueprint)["DB_POOL_MAX_SIZE"]["value"])
        # old and new instances overlap during a deploy
        total += 2 * service.get("numInstances", 1) * (pool + HEARTBEAT_AND_QUEUE)
    # those that read, and what the server keeps for superusers
    readers = sum(role.connections for role in list_roles(1))
    assert total + readers + SUPERUSERS <= MAX_CONNECTIONS
    for mode in MODES:
        for name in SERVICES:
            given = read_compose(mode)[name]["environment"]
            assert (given["DB_POOL_MIN_SIZE"], given["DB_POOL_MAX_SIZE"]) == ("2", "8")


def test_only_the_gateway_is_published_and_only_locally() -> None:
    for mode in MODES:
        services = read_compose(mode)
        published = {name: service["ports"] for name, service in services.items() if "ports" in service}
        assert set(published) == {"gateway"}
        assert all(str(port).startswith("127.0.0.1:") for port in published["gateway"])
    assert read_yaml("docker-compose.yml")["networks"]["inside"]["internal"] is True


def test_every_container_has_limits_and_ours_are_hardened() -> None:
    for name, service in read_compose("real").items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["read_only"] is True, name
        # each image has its own init, because Render provides none
        assert "init" not in service, name


def test_large_data_goes_to_a_volume() -> None:
    for mode in MODES:
        services = read_compose(mode)
        for name in ("fmp_ingest", "fundata_ingest"):
            text = (ROOT / "services" / name / "Dockerfile").read_text(encoding="utf-8")
            (folder,) = re.findall(r"\bTMPDIR=(\S+)", text)
            assert folder in services[name]["volumes"]
    assert "seed:/var/lib/sra/fundata" in services["fundata_ingest"]["volumes"]
    assert services["fundata_ingest"]["environment"]["FUNDATA_BASE_PATH"].startswith("${SEED_BUCKET:+/var/lib/sra/}")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_images_build_without_arguments_and_run_as_a_plain_user(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    # of a variable that Render hands to the build only the commit's name may stay in the image
    build, _, image = text.rpartition("FROM ")
    assert re.findall(r"(?m)^ARG (.+)$", image) == ["RENDER_GIT_COMMIT=unknown"]
    # whether to install what the lake needs
    assert re.findall(r"(?m)^ARG (.+)$", build) == (["LAKE_URL="] if path.parent.name == "view_builder" else [])
    assert "\nUSER 10001\n" in text
    assert text.count("FROM ") == 2
    assert '\nENTRYPOINT ["tini", "--"' in text
    assert ("HEALTHCHECK" in text) == (path.parent.name != "cli")
    version = read_project(path.parent)["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in text
    first_code = re.search(r"(?m)^COPY (?!.*\.lock)", text)
    assert first_code is not None
    assert text.index("requirements.lock") < first_code.start(), "a change of code would reinstall all dependencies"


def test_dockerfiles_share_their_first_layers() -> None:
    for one, other in pairwise(
        path.read_text(encoding="utf-8").split("COPY requirements", 1)[0] for path in DOCKERFILES
    ):
        assert one.splitlines()[1:] == other.splitlines()[1:]
