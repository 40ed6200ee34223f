"""Each service runs in an environment with only the packages of its lock.

The packages are linked from the environment that runs the tests, so that no index is needed; images are built from the
same locks over the network elsewhere.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from sra_testing.packages import PACKAGES, ROOT, SERVICES, read_lock

pytestmark = pytest.mark.long

# packages of ours that not all services need
OURS = {"sra-fmp-collectors": "fmp_collectors", "sra-contract": "sra_contract"}
PROBE = """
import importlib, importlib.util, json, pkgutil, sys
own, names, left_out = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",")
package = importlib.import_module(own)
found = [info.name for info in pkgutil.walk_packages(package.__path__, own + ".") if not info.name.endswith("__main__")]
modules = [name for name in found if name not in left_out]
for module in modules:
    importlib.import_module(module)
print(json.dumps({"modules": len(modules), "found": [name for name in names if importlib.util.find_spec(name)]}))
"""


def link_distribution(name: str, site: Path) -> None:
    """Make an installed distribution importable from another environment."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # meant for another platform or Python
    for entry in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
        target, link = Path(str(found.locate_file(entry))), site / entry
        if target.exists() and not link.exists():
            link.symlink_to(target)


# modules that only the process of the lake imports
NEEDS_ARROW = tuple(
    f"view_builder.lake.{name}"
    for name in (
        *("arrow_rows", "cleaning", "iceberg", "parquet_files", "process", "publisher", "storage"),
        *("table_writer", "verification"),
    )
)
LAKE = "view_builder/requirements-lake.lock"


@pytest.fixture(params=[*(f"{name}/requirements.lock" for name in SERVICES), LAKE])
def service_python(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, Sequence[str]]:
    """A service's name, the Python of an environment that holds what a lock and its own needs name, modules that need more."""
    name: str = request.param.partition("/")[0]
    venv.create(tmp_path / "venv", symlinks=True)
    site = next((tmp_path / "venv" / "lib").glob("python3.*")) / "site-packages"
    for package in read_lock(ROOT / "services" / request.param):
        link_distribution(package, site)
    sources = [PACKAGES["sra_shared"], PACKAGES[name]]
    project = (ROOT / "services" / name / "pyproject.toml").read_text()
    for distribution_name, package in OURS.items():
        if re.search(rf'"{distribution_name}"', project):
            sources.append(PACKAGES[package])
    (site / "ours.pth").write_text("".join(f"{source}\n" for source in sources))
    return name, tmp_path / "venv" / "bin" / "python", () if request.param == LAKE else NEEDS_ARROW


def test_a_service_runs_in_its_own_environment(service_python: tuple[str, Path, Sequence[str]]) -> None:
    name, python, left_out = service_python
    own = {
        name,
        "sra_shared",
        "fmp_collectors" if name == "fmp_ingest" else "",
        "sra_contract" if name == "view_builder" else "",
    }
    strangers = [other for other in PACKAGES if other not in own]
    response = subprocess.run(
        [str(python), "-I", "-c", PROBE, name, ",".join([*strangers, "pytest", "moto"]), ",".join(left_out)],
        capture_output=True,
        text=True,
        check=False,
        cwd=python.parent,
    )
    assert response.returncode == 0, response.stderr
    said = json.loads(response.stdout)
    assert said["modules"] > 0
    assert said["found"] == []


def test_the_stand_in_does_not_need_the_product() -> None:
    code = "import sys, sra_stand_in; print(sorted(name for name in sys.modules if name in sys.argv[1:]))"
    response = subprocess.run(
        [sys.executable, "-c", code, *PACKAGES],
        capture_output=True,
        text=True,
        check=True,
    )
    assert response.stdout.strip() == "['sra_stand_in']"
