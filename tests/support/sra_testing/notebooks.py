"""Executes the cells of a notebook one after the other, as a kernel does, without one."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any


async def run_notebook(path: Path) -> dict[str, Any]:
    """Return what the cells define; an error names the cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        name = f"{path.name}, cell {number}"
        # without this module's own way to read annotations
        code = compile("".join(cell["source"]), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, names)  # noqa: S307 - our own notebook
        if inspect.iscoroutine(result):
            await result
    return names
