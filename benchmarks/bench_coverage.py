"""Coverage: the share of the production code's statements that the ordinary suite runs, in any process."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sra_cli.commands.test import select_tests

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    "shared/src",
    "FMP/src",
    "services/gateway/src",
    "services/fmp_ingest/src",
    "services/fundata_ingest/src",
    "services/view_builder/src",
    "cli/src",
)
LIMITS = {"percent": 90.0}
AIMS = {"percent": 95.0}


def write_settings(folder: Path) -> Path:
    """Configure coverage to measure every process that the tests start, including those stopped by SIGTERM."""
    path = folder / "coveragerc"
    lines = [
        "[run]",
        "patch = subprocess",
        "parallel = true",
        "sigterm = true",
        "concurrency = thread, greenlet",
        f"data_file = {folder / 'data'}",
        "source =",
        *(f"    {ROOT / source}" for source in SOURCES),
        "[report]",
        "exclude_also =",
        "    if TYPE_CHECKING:",
        r"    ^\s*\.\.\.$",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_suite(settings: Path, words: list[str]) -> int:
    """Run the ordinary suite as `./sra test` does, and return pytest's code."""
    suite = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest"]
    suite += [*select_tests(None)[0], "-p", "no:cacheprovider", "-q", *words]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}  # noqa: TID251  (handed on)
    return subprocess.run(suite, cwd=ROOT, env=environment, stdout=sys.stderr, check=False).returncode


def read_result(settings: Path) -> dict[str, Any]:
    """Return the coverage in percent of statements, in total and by package."""
    report = settings.with_name("report.json")
    tool = [sys.executable, "-m", "coverage"]
    subprocess.run([*tool, "combine", "-q", f"--rcfile={settings}"], cwd=ROOT, check=True, stdout=sys.stderr)
    words = [*tool, "json", "-q", f"--rcfile={settings}", "-o", str(report)]
    subprocess.run(words, cwd=ROOT, check=True, stdout=sys.stderr)
    found = json.loads(report.read_text())
    packages = {}
    for source in SOURCES:
        files = [file["summary"] for path, file in found["files"].items() if path.startswith(f"{source}/")]
        covered, all_ = (sum(file[key] for file in files) for key in ("covered_lines", "num_statements"))
        packages[source.removesuffix("/src")] = round(100 * covered / all_, 1)
    least = sorted(found["files"].items(), key=lambda item: -item[1]["summary"]["missing_lines"])[:15]
    return {
        "percent": round(found["totals"]["percent_covered"], 1),
        "statements": found["totals"]["num_statements"],
        "packages": packages,
        "most_missing": {path: file["missing_lines"] for path, file in least},
    }


def main() -> int:
    """Measure, print, and return 1 if a test failed or the coverage is below the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("words", nargs="*", help="passed to pytest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-coverage-") as folder:
        settings = write_settings(Path(folder))
        code = run_suite(settings, options.words)
        result = read_result(settings) | {"tests_passed": code == 0, "limits": LIMITS, "aims": AIMS}
    result["passed"] = result["tests_passed"] and result["percent"] >= LIMITS["percent"]
    print(json.dumps(result) if options.json else "\n".join(f"{name:14} {value}" for name, value in result.items()))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
