"""Keeps libraries from importing extras that are installed for somebody else, and that nothing here uses."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


def leave_out_extras() -> None:
    """Import structlog without Rich, and keep httpx's command line from being imported with httpx.

    Both take what is installed, here for the `./sra` command and by way of FastAPI. In each process that is 12 MB and
    150 ms of a processor for tracebacks in colour and for a program that nobody calls.
    """
    with _hide("rich"):
        importlib.import_module("structlog")
    sys.modules.setdefault("httpx._main", _ABSENT)


# by the import system's own rule: what is None here raises ImportError, which both libraries foresee
_ABSENT = cast("ModuleType", None)


@contextmanager
def _hide(name: str) -> Iterator[None]:
    """Have the module look as if it were not installed, unless it is imported already."""
    is_hidden = name not in sys.modules
    if is_hidden:
        sys.modules[name] = _ABSENT
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules[name]
