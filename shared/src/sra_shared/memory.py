"""How much memory this process takes, and took at most."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

import psutil

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_KIBIBYTE = 1024 / 1e6


def measure_peak_memory(*, children: bool = False) -> float:
    """Return the greatest resident memory so far of this process, in MB, with `children` that of its living ones too.

    On Linux it is the high-water mark of the address space, which begins anew with every program: getrusage would go on
    with that of the program which started this one.
    """
    process = psutil.Process()
    peak = _read_high_water_mark(process.pid)
    if peak is None:
        # macOS counts in bytes, the others in kibibytes
        unit = 1e-6 if sys.platform == "darwin" else _KIBIBYTE
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return peak + sum(_measure_child(child) for child in process.children(recursive=True)) if children else peak


def _measure_child(child: psutil.Process) -> float:
    peak = _read_high_water_mark(child.pid)
    if peak is not None:
        return peak
    try:
        return child.memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _read_high_water_mark(pid: int) -> float | None:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * _KIBIBYTE if found else None
