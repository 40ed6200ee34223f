"""Definitions that exist once: the growth of pauses, the loop of background tasks, commits that do not wait for the disk."""

from __future__ import annotations

import re

import pytest

from sra_testing.packages import PACKAGES, ROOT

SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for name, folder in PACKAGES.items()
    if name != "sra_stand_in"
    for path in folder.rglob("*.py")
}


@pytest.mark.parametrize(
    ("what", "pattern", "place"),
    [
        (
            "pauses that grow",
            r"AsyncRetrying\(|\b2(\.0)? ?\*\* ?[a-z(]*(attempt|failure|tries|death)",
            "shared/src/sra_shared/kit/retry.py",
        ),
        ("waiting for a stop", r"wait_for\([\w.]*stopping\.wait\(\)", "shared/src/sra_shared/kit/repeating.py"),
        ("the stand-in's header", r"X-SRA-Stand-In", "shared/src/sra_shared/kit/sandbox.py"),
        (
            "claims of messages",
            r"next_attempt_at <= clock_timestamp\(\)",
            "shared/src/sra_shared/kit/database/outbox.py",
        ),
        (
            "lazy commits",
            r"synchronous_commit TO off",
            "services/fundata_ingest/src/fundata_ingest/store/chunk_loader.py",
        ),
    ],
)
def test_it_is_written_once(what: str, pattern: str, place: str) -> None:
    assert [path for path, text in SOURCES.items() if re.search(pattern, text)] == [place], what
