"""`./sra test`: the tests, and what is left out of them for want of a tool."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as Xml

import typer

from sra_cli.foreground import run_foreground
from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.settings import ROOT, CommandSettings, read_settings
from sra_shared.errors import ConfigError

HEAVY = ("faults", "containers", "api")
_NOTHING_FOUND = 5  # pytest's own code
GENERATOR = ROOT.parent / "shared" / "tools" / "make_fundata"
"""The program that writes seed trees with their truth; it lies beside the clone and is no part of it."""

FaultsOption = Annotated[bool, typer.Option("--faults", help="The kill tests at full numbers.")]
ContainersOption = Annotated[bool, typer.Option("--containers", help="The proofs on a container engine.")]
ApiOption = Annotated[bool, typer.Option("--api", help="The full fuzz of the HTTP interfaces.")]
MoreArguments = Annotated[list[str] | None, typer.Argument(metavar="[-- PYTEST OPTIONS]", help="Handed to pytest.")]


def test(
    more: MoreArguments = None,
    faults: FaultsOption = False,
    containers: ContainersOption = False,
    api: ApiOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run the ordinary suite, or the heavy proofs that are named. Nothing outside the clone is needed."""
    output = Output(as_json=as_json)
    wanted = [name for name, chosen in zip(HEAVY, (faults, containers, api), strict=True) if chosen]
    missing = find_missing_tools(wanted)
    for tool, what in missing.items():
        output.note(f"left out: {what} ({tool} is not here)")
    if missing and read_settings(CommandSettings).ci:
        raise ConfigError(f"CI leaves no test out, and lacks: {', '.join(missing)}.", next_step="Install them.")
    if "containers" in wanted and missing:
        raise ConfigError("There is no container engine.", next_step="Start Docker, then try again.")
    marks = " or ".join(wanted) if wanted else " and ".join(f"not {name}" for name in HEAVY)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sra-test-") as folder:
        report = Path(folder) / "report.xml"
        words = [sys.executable, "-m", "pytest", "-m", marks, f"--junit-xml={report}", "-p", "no:cacheprovider"]
        if not wanted:
            # much of the suite waits for real processes; a file's tests stay together, since they share their stack
            words += ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
        code = run_foreground([*words, *(more or [])], folder=ROOT, to_stderr=as_json)
        counts = read_counts(report)
    passed = code in (0, _NOTHING_FOUND) if wanted else code == 0
    result = {
        "status": "completed" if passed else "failed",
        "seconds": round(time.monotonic() - begun, 1),
        **counts,
        "left_out": list(missing.values()),
    }
    output.finish(result, code=0 if passed else EXIT_FAILED)


def find_missing_tools(wanted: list[str]) -> dict[str, str]:
    """Return the tools that are not here, each with the tests that need it."""
    missing = {}
    if "faults" in wanted and not GENERATOR.exists():
        missing["make_fundata"] = "whole generated trees against their truth"
    if "containers" in wanted:
        if shutil.which("docker") is None:
            missing["docker"] = "container proofs"
    elif not wanted:
        if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
            missing["chromium"] = "browser tests of the dashboard"
        if shutil.which("git-lfs") is None:
            missing["git-lfs"] = "tests with Git LFS itself"
    return missing


def read_counts(report: Path) -> dict[str, int]:
    """Return how many tests passed, failed and were skipped, from pytest's own report."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not report.exists():
        return counts
    for case in Xml.parse(report).iter("testcase"):  # noqa: S314  (pytest has just written it)
        if case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        elif case.find("skipped") is not None:
            counts["skipped"] += 1
        else:
            counts["passed"] += 1
    return counts
