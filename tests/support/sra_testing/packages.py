"""The packages of this repository and the content of their locks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("fmp_ingest", "fundata_ingest", "gateway", "view_builder")
PACKAGES = {
    "sra_contract": ROOT / "shared" / "contract" / "src",
    "sra_shared": ROOT / "shared" / "src",
    "fmp_collectors": ROOT / "FMP" / "src",
    **{name: ROOT / "services" / name / "src" for name in SERVICES},
    "sra_cli": ROOT / "cli" / "src",
    "sra_stand_in": ROOT / "tests" / "stand_in" / "src",
}


def read_project(folder: Path) -> dict[str, Any]:
    """Return the content of a folder's pyproject.toml."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def read_lock(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the versions that a lock pins, by name; several if they depend on the Python version."""
    found: dict[str, tuple[str, ...]] = {}
    for name, version in re.findall(
        r"(?m)^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ \\;]+)", path.read_text(encoding="utf-8")
    ):
        found[name] = (*found.get(name, ()), version)
    return found
