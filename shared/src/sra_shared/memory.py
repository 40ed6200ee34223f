"""How much memory this process takes, and took at most, and how it releases what it no longer needs."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from pathlib import Path

import psutil

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_KIBIBYTE = 1024 / 1e6
_IS_GLIBC = hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
_M_ARENA_MAX = -8  # of malloc.h


def measure_peak_memory(*, children: bool = False) -> float:
    """Return the greatest resident memory so far of this process, in MB, with `children` that of its living ones too.

    On Linux it is the high-water mark of the address space, which begins anew with every program: getrusage would go on
    with that of the program which started this one.
    """
    process = psutil.Process()
    peak = read_high_water_mark(process.pid)
    if peak is None:
        # macOS counts in bytes, the others in kibibytes
        unit = 1e-6 if sys.platform == "darwin" else _KIBIBYTE
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return peak + sum(_measure_child(child) for child in process.children(recursive=True)) if children else peak


def _measure_child(child: psutil.Process) -> float:
    peak = read_high_water_mark(child.pid)
    if peak is not None:
        return peak
    try:
        return child.memory_info().rss / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def read_high_water_mark(pid: int) -> float | None:
    """Return the greatest resident memory so far of a process, in MB; None where the system does not tell."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * _KIBIBYTE if found else None


def share_arenas() -> None:
    """Let all threads take memory from two arenas of the C library; to be called before there are threads.

    By default each thread has one of its own, and each keeps what it freed. What is not glibc has no such arenas.
    """
    if _IS_GLIBC:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def release_memory() -> None:
    """Give free pages back to the system; for a thread, while nothing runs.

    The C library keeps what was freed below anything that is still in use: after a great run, most of its peak. Where it
    is another library than glibc, nothing happens.
    """
    if _IS_GLIBC:
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
