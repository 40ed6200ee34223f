"""`./sra check`: the checks that a change must pass in addition to the tests."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.text import Text

from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.settings import ROOT, build_environment

_TOOLS = Path(sys.executable).parent
_DOCKERFILES = sorted(path for where in ("services/*", "tests/*", "cli") for path in ROOT.glob(f"{where}/Dockerfile"))
_COMPOSE = sorted(path.name for path in ROOT.glob("docker-compose*.yml"))
STEPS: dict[str, list[str]] = {
    "lint": [str(_TOOLS / "ruff"), "check", "."],
    "format": [str(_TOOLS / "ruff"), "format", "--check", "."],
    "types": [str(_TOOLS / "mypy")],
    "imports": [str(_TOOLS / "lint-imports")],
    "dead code": [sys.executable, "scripts/check_dead_code"],
    "locks": [sys.executable, "scripts/lock", "--check"],
    "env example": [sys.executable, "scripts/write_env_example", "--check"],
    "declarations": [sys.executable, "scripts/write_declared", "--check"],
    "datasets page": [sys.executable, "scripts/write_datasets", "--check"],
    "tables page": [sys.executable, "scripts/write_tables", "--check"],
    "columns": [sys.executable, "scripts/write_columns", "--check"],
    "SQL": [sys.executable, "scripts/check_sql"],
    "lineage": [sys.executable, "scripts/write_lineage", "--check"],
    "exchange sessions": [sys.executable, "scripts/write_sessions", "--check"],
    "prose": [sys.executable, "scripts/check_prose"],
    "pictures": [sys.executable, "scripts/draw_pictures", "--check"],
    # with --quiet it would not count warnings, and pass
    "website": [sys.executable, "-m", "mkdocs", "build"],
    "images": [sys.executable, "scripts/write_dockerfiles", "--check"],
    "dockerfiles": [str(_TOOLS / "hadolint"), *(str(path) for path in _DOCKERFILES)],
    "compose": [str(_TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *_COMPOSE],
}


def check(as_json: JsonOption = False) -> None:
    """Run all checks: lint, types, import contracts, dead code, locks, SQL, generated files, prose, pictures, website, images."""
    output = Output(as_json=as_json)
    results: list[dict[str, Any]] = []
    for name, command in STEPS.items():
        begun = time.monotonic()
        done = subprocess.run(  # noqa: S603
            command,
            cwd=ROOT,
            # a path set for one run must not decide which packages are checked
            env=build_environment({"NO_COLOR": "1"}),
            capture_output=True,
            text=True,
            check=False,
        )
        text = (done.stdout + done.stderr).strip()
        passed = done.returncode == 0
        results.append(
            {
                "step": name,
                "status": "completed" if passed else "failed",
                "seconds": round(time.monotonic() - begun, 1),
                "output": "" if passed else text,
            }
        )
        output.notes.print(Text(f"{name}: {'passed' if passed else 'failed'}", style="green" if passed else "red"))
        if not passed:
            output.print_note(text)
    failed = [result["step"] for result in results if result["status"] == "failed"]
    output.finish({"status": "failed" if failed else "completed", "steps": results}, code=EXIT_FAILED if failed else 0)
