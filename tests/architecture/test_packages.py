"""The layout: contracts name every package, locks name every service, and forbidden dependencies are absent."""

from __future__ import annotations

import re

import pytest

from sra_testing.packages import PACKAGES, ROOT, SERVICES, read_lock, read_project

SOURCES = ("*/src", "shared/*/src", "services/*/src", "tests/stand_in/src")
CONTRACTS = read_project(ROOT)["tool"]["importlinter"]


def test_the_list_of_packages_equals_the_folders() -> None:
    folders = {
        package.name
        for source in [
            *ROOT.glob("*/src"),
            *ROOT.glob("shared/*/src"),
            *ROOT.glob("services/*/src"),
            *ROOT.glob("tests/stand_in/src"),
        ]
        for package in source.iterdir()
        if (package / "__init__.py").exists()
    }
    assert folders == set(PACKAGES)
    assert {folder.name for folder in (ROOT / "services").iterdir() if folder.is_dir()} == set(SERVICES)


def test_import_contracts_cover_every_package() -> None:
    assert set(CONTRACTS["root_packages"]) == set(PACKAGES)


def test_services_are_independent_by_contract() -> None:
    independence = [contract for contract in CONTRACTS["contracts"] if contract["type"] == "independence"]
    assert [set(contract["modules"]) for contract in independence] == [set(SERVICES)]


@pytest.mark.parametrize("name", [name for name in PACKAGES if name not in (*SERVICES, "sra_cli")])
def test_shared_packages_import_no_service(name: str) -> None:
    forbidden = {
        module
        for contract in CONTRACTS["contracts"]
        if contract["type"] == "forbidden" and name in contract["source_modules"]
        for module in contract["forbidden_modules"]
    }
    assert {*SERVICES, "sra_cli"} <= forbidden


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_declares_no_other_service(name: str) -> None:
    needs = set(read_project(ROOT / "services" / name)["project"]["dependencies"])
    assert not needs & {f"sra-{other.replace('_', '-')}" for other in SERVICES}
    assert "sra-stand-in" not in needs


def test_the_models_of_the_views_need_pydantic_alone_and_have_no_query() -> None:
    project = read_project(ROOT / "shared" / "contract")["project"]
    assert [re.split(r"\W", need)[0] for need in project["dependencies"]] == ["pydantic"]
    # the extras need nothing that development has not locked
    locked = read_lock(ROOT / "requirements-dev.lock")
    assert {re.split(r"\W", need)[0] for extra in project["optional-dependencies"].values() for need in extra} <= set(
        locked
    )
    for path in (PACKAGES["sra_contract"] / "sra_contract").glob("*.py"):
        assert not re.search(r"\bSELECT\b", path.read_text(encoding="utf-8")), path


def test_types_are_checked_everywhere() -> None:
    checked = set(read_project(ROOT)["tool"]["mypy"]["files"])
    assert {str(source.relative_to(ROOT)) for source in PACKAGES.values()} <= checked
    assert all((source / name / "py.typed").exists() for name, source in PACKAGES.items())
