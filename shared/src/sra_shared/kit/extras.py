"""Keeps libraries from importing optional packages that are installed for other purposes and that nothing here uses."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


def block_unused_extras() -> None:
    """Import structlog without Rich, and keep httpx from importing its command line.

    Both import whatever is installed, here for the `./sra` command and through FastAPI. In each process that would cost 12
    MB and 150 ms of CPU time for coloured tracebacks and an unused program.
    """
    with _hide("rich"):
        importlib.import_module("structlog")
    sys.modules.setdefault("httpx._main", _ABSENT)


# the import system raises ImportError for a module that is None, which both libraries handle
_ABSENT: ModuleType = cast("ModuleType", None)


@contextmanager
def _hide(name: str) -> Iterator[None]:
    """Make the module appear not to be installed, unless it is imported already."""
    is_hidden = name not in sys.modules
    if is_hidden:
        sys.modules[name] = _ABSENT
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules[name]
