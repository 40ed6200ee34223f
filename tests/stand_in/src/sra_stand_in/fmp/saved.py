"""Responses that `./sra preflight --save DIR` stored, served instead of made-up ones."""

from __future__ import annotations

import json
from pathlib import Path

from sra_stand_in.http import Response


class SavedResponses:
    """The saved responses of a folder: for the same parameters, else the first of the same path."""

    def __init__(self, folder: Path | None) -> None:
        """Read the folder; raises OSError or ValueError for one that holds something else."""
        self._by_call: dict[tuple[str, frozenset[tuple[str, str]]], Response] = {}
        self._by_path: dict[str, Response] = {}
        for file in sorted(folder.glob("*.json")) if folder is not None else ():
            saved = json.loads(file.read_text(encoding="utf-8"))
            response = Response(saved["status"], saved["body"].encode(), saved["content_type"])
            # a repeated call ended with its last response
            self._by_call[saved["path"], frozenset(saved["parameters"].items())] = response
            self._by_path.setdefault(saved["path"], response)

    def find(self, path: str, params: dict[str, str]) -> Response | None:
        """Return the response to a call, None if none of this path was saved."""
        return self._by_call.get((path, frozenset(params.items())), self._by_path.get(path))
