"""Each service's README names every module of the service, and only modules and tables that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sra_cli.settings import ROOT
from sra_shared.schema.tables import metadata

SERVICES = sorted(path.parent for path in ROOT.glob("services/*/README.md"))
_ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)
_NAME = re.compile(r"`([\w.*]+)`")


def list_modules(service: Path) -> set[str]:
    package = service / "src" / service.name
    files = {path.relative_to(package) for path in package.rglob("*.py") if not path.name.startswith("__")}
    return {".".join(path.with_suffix("").parts) for path in files}


def test_every_service_has_one() -> None:
    assert [path.name for path in SERVICES] == ["fmp_ingest", "fundata_ingest", "gateway", "view_builder"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_it_names_every_module_and_no_other(service: Path) -> None:
    text = (service / "README.md").read_text(encoding="utf-8")
    named = [name for row in _ROW.findall(text) for name in _NAME.findall(row)]
    assert sorted(named) == sorted(list_modules(service))


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_it_names_tables_that_exist(service: Path) -> None:
    text = (service / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Tables\n")[2].partition("\n## ")[0]
    named = {
        name
        for name in _NAME.findall(section)
        if not name.startswith("sra.") and name not in ("published", "fmp_*", "sra_shared.schema.tables")
    }
    tables = {table.name for table in metadata.tables.values()}
    assert named - tables == set()
    assert named
