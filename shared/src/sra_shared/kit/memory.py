"""Measures this process's current and peak memory, and releases memory that it no longer needs."""

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
_M_ARENA_MAX = -8  # from malloc.h


def measure_peak_memory(*, children: bool = False) -> float:
    """Return the peak resident memory of this process in MB; with `children`, also that of its living children.

    On Linux this is the high-water mark of the address space, which restarts with every program. getrusage would include
    that of the program that started this one.
    """
    process = psutil.Process()
    peak = read_high_water_mark(process.pid)
    if peak is None:
        # macOS reports bytes, other systems kibibytes
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
    """Return the peak resident memory of a process in MB; None if the system does not report it."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * _KIBIBYTE if found else None


def share_arenas() -> None:
    """Make all threads share two arenas of the C library; call it before threads are started.

    By default each thread has its own arena, and each arena keeps what it freed. Only glibc has such arenas.
    """
    if _IS_GLIBC:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def release_memory() -> None:
    """Return free pages to the system; call it from a thread, while no run is active.

    The C library keeps freed memory below anything that is still in use: after a large run, most of its peak. Does nothing
    without glibc.
    """
    if _IS_GLIBC:
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
