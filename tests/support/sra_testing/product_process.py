"""The product's programs with another timing: `python -m sra_testing.product_process TIMING CHUNK_ROWS PROGRAM [WORDS]`.

CHUNK_ROWS is the number of lines in a chunk of a seed file, 0 for the product's own. PROGRAM is `sra` with the words of its
command line, or a service's name.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from sra_shared.kit.timing import LeaseTiming
from sra_shared.service import start_service
from sra_testing.timings import QUICK, read_timing, write_timing

_BUILDERS = {"fmp_ingest": "build_app", "fundata_ingest": "build_service", "view_builder": "build_service"}

SUPPORT = str(Path(__file__).resolve().parents[1])
"""What the PYTHONPATH of such a process must contain."""


def make_command(program: str, *words: str, timing: LeaseTiming = QUICK, chunk_rows: int = 0) -> Sequence[str]:
    """Return the command that starts the program."""
    options = [write_timing(timing), str(chunk_rows)]
    return [sys.executable, "-m", "sra_testing.product_process", *options, program, *words]


def main(timing: LeaseTiming, chunk_rows: int, program: str, words: Sequence[str]) -> int:
    """Run the program and return its exit code."""
    if chunk_rows:
        # before the modules that import it
        vars(importlib.import_module("fundata_ingest.store.chunk_loader"))["CHUNK_ROWS"] = chunk_rows
    if program == "sra":
        code: int = importlib.import_module("sra_cli.app").run(words, timing=timing)
        return code
    build = getattr(importlib.import_module(f"{program}.main"), _BUILDERS[program])
    start_service(functools.partial(build, timing=timing), name=program, host="127.0.0.1")
    return 0


if __name__ == "__main__":
    sys.exit(main(read_timing(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
