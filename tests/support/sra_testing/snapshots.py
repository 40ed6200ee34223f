"""Texts that are reviewed in the repository: compared, or rewritten on request."""

from __future__ import annotations

from pathlib import Path

from sra_testing.settings import wants_new_snapshots


def require_same(path: Path, text: str) -> None:
    """Raise AssertionError if the file differs from the text; with UPDATE_SNAPSHOTS=1 write it instead."""
    if wants_new_snapshots():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing: run the test with UPDATE_SNAPSHOTS=1 and review the file"
    assert path.read_text(encoding="utf-8") == text, (
        f"{path} differs: run with UPDATE_SNAPSHOTS=1 and review the change"
    )
