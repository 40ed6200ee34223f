"""`./sra test`: runs the tests, and lists those that are skipped because a tool is missing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as Xml

import typer

from sra_cli.foreground import run_foreground
from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.server_wheels import MAJORS, SHORT_MAJORS, find_server
from sra_cli.settings import ROOT, CommandSettings, read_settings
from sra_cli.tools import find_chromium, has_container_engine
from sra_shared.kit.errors import ConfigError

HEAVY = ("faults", "containers", "api", "lake", "postgres")
_NOTHING_SELECTED = 5  # pytest's own code
GENERATOR = ROOT.parent / "shared" / "tools" / "make_fundata"
"""The program that generates seed trees with their expected content; it is next to the clone and not part of it."""

FaultsOption = Annotated[bool, typer.Option("--faults", help="Run the full kill and fault tests.")]
ContainersOption = Annotated[bool, typer.Option("--containers", help="Run the container tests.")]
ApiOption = Annotated[bool, typer.Option("--api", help="Run the full fuzz test of the HTTP interfaces.")]
LakeOption = Annotated[bool, typer.Option("--lake", help="Run the full tests of the lake.")]
PostgresOption = Annotated[
    bool, typer.Option("--postgres", help="Run the tests of every supported PostgreSQL version.")
]
ShortOption = Annotated[
    bool, typer.Option("--short", help="With --postgres: the short form, on the newest versions only.")
]
MoreArguments = Annotated[list[str] | None, typer.Argument(metavar="[-- PYTEST OPTIONS]", help="Passed to pytest.")]


def test(
    more: MoreArguments = None,
    faults: FaultsOption = False,
    containers: ContainersOption = False,
    api: ApiOption = False,
    lake: LakeOption = False,
    postgres: PostgresOption = False,
    short: ShortOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run the ordinary suite, or the heavy tests that you name. Needs nothing outside the clone.

    The ordinary suite lists the tests that it skips because a tool is missing. A heavy test run fails if any part cannot run.
    """
    output = Output(as_json=as_json)
    wanted = [name for name, chosen in zip(HEAVY, (faults, containers, api, lake, postgres), strict=True) if chosen]
    if short and not postgres:
        raise ConfigError("--short requires --postgres.", next_step="Add --postgres, or omit --short.")
    missing = find_missing_tools(wanted)
    if missing and (wanted or read_settings(CommandSettings).ci):
        who = "A heavy test run" if wanted else "CI"
        raise ConfigError(
            f"{who} may skip no test, but these are missing: {', '.join(missing)}.", next_step="Install or start them."
        )
    left_out = describe_skipped(missing, wanted)
    for part in left_out:
        output.print_note(f"left out: {part}")
    begun = time.monotonic()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    problems = []
    kinds: list[str | None] = [*wanted] or [None]
    for name in kinds:
        words, missing_servers = select_tests(name, short=short)
        problems += missing_servers
        code, found = run_pytest(words, more or [], as_proof=name is not None, to_stderr=as_json)
        counts = {kind: counts[kind] + found[kind] for kind in counts}
        if code:
            problems.append(explain_code(name, code))
    for problem in problems:
        output.print_note(problem)
    result = {
        "status": "failed" if problems else "completed",
        "error": " ".join(problems) or None,
        "seconds": round(time.monotonic() - begun, 1),
        **counts,
        "left_out": left_out,
    }
    output.finish(result, code=EXIT_FAILED if problems else 0)


def select_tests(kind: str | None, *, short: bool = False) -> tuple[list[str], list[str]]:
    """Return pytest's options for one kind of heavy test, or for the ordinary suite if None, and why part of it cannot run."""
    if kind == "postgres":
        return select_servers(SHORT_MAJORS if short else MAJORS, short=short)
    if kind is not None:
        return ["-m", kind], []
    # much of the suite waits for real processes; the tests of a file stay together because they share a stack
    workers = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    # a test that exceeds its time limit, for example in its clean-up, dumps its threads and ends its worker
    hangs = ["-o", "faulthandler_timeout=480", "-o", "faulthandler_exit_on_timeout=true"]
    return ["-m", " and ".join(f"not {name}" for name in HEAVY), *workers, *hangs], []


def select_servers(majors: Sequence[int], *, short: bool) -> tuple[list[str], list[str]]:
    """Return pytest's options that run the tests on each PostgreSQL version, and which versions are unavailable."""
    words, missing = [], []
    for major in majors:
        try:
            words.append(f"--postgres-bin={find_server(major)}")
        except ConfigError as error:
            missing.append(f"--postgres: {error}")
    if len(missing) == len(majors):
        raise ConfigError("None of the PostgreSQL versions is available.", next_step=" ".join(missing))
    # Versions run in parallel, each on its own server, which one worker keeps. A stack keeps a core busy.
    workers = ["-n", str(min(len(majors) - len(missing), os.cpu_count() or 1)), "--dist", "loadgroup"]
    return ["-m", "postgres" if short else "postgres or versions", *words, *workers], missing


def run_pytest(words: list[str], more: list[str], *, as_proof: bool, to_stderr: bool) -> tuple[int, dict[str, int]]:
    """Run pytest with the options that select its tests; return its exit code and its counts."""
    with tempfile.TemporaryDirectory(prefix="sra-test-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *words, f"--junit-xml={report}", "-p", "no:cacheprovider"]
        # heavy tests follow CI's rule: no test may be skipped because a tool is missing
        settings = {"CI": "true"} if as_proof else {}
        code = run_foreground([*command, *more], settings=settings, folder=ROOT, to_stderr=to_stderr)
        return code, read_counts(report)


def explain_code(kind: str | None, code: int) -> str:
    """Return why a run of pytest does not count as passed."""
    name = f"--{kind}" if kind else "The suite"
    if code == _NOTHING_SELECTED:
        return f"{name}: no test was selected, so nothing was tested."
    return f"{name}: tests failed, or were skipped although none may be (pytest exited with {code})."


def find_missing_tools(wanted: list[str]) -> dict[str, str]:
    """Return the tools that are missing or do not work, each with the tests that need it."""
    missing = {}
    if "containers" in wanted and not has_container_engine():
        missing["a container engine that answers"] = "container tests"
    if not wanted:
        if find_chromium() is None:
            missing["chromium"] = "browser tests of the dashboard"
        if shutil.which("git-lfs") is None:
            missing["git-lfs"] = "tests with Git LFS itself"
    return missing


def describe_skipped(missing: dict[str, str], wanted: list[str]) -> list[str]:
    """Return what a run skips: tests whose tool is missing and, in an ordinary run, the heavy tests."""
    parts = [f"{what} ({tool} is missing)" for tool, what in missing.items()]
    if "faults" in wanted and not GENERATOR.exists():
        parts.append("comparison of whole generated trees (make_fundata is not next to the clone)")
    if wanted:
        return parts
    engine = "" if has_container_engine() else "; no container engine responds here"
    return [*parts, f"container tests (./sra test --containers{engine})"]


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
