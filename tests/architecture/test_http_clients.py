"""HTTP clients limit the bodies that they read, so that no vendor, proxy or peer decides how much memory is used."""

from __future__ import annotations

import re

import pytest

from sra_testing.packages import PACKAGES, ROOT

ALLOWED = {
    "shared/src/sra_shared/kit/http/bodies.py",
    "shared/src/sra_shared/kit/http/request.py",
    "shared/src/sra_shared/kit/http/public_download.py",
}
FORBIDDEN = {
    "reads a whole body": r"\.(aread|aiter_bytes|aiter_text|aiter_lines|iter_bytes|iter_text|iter_lines)\(",
    "reads raw bytes by itself": r"\.(aiter_raw|iter_raw)\(",
    "follows redirects, whose bodies httpx reads": r"follow_redirects=True",
    "has the client read the whole answer": r"(http|client|_client)(\(\))?\.(get|post|put|delete|request)\(",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_every_client_limits_what_it_reads(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for name, source in PACKAGES.items()
        if name != "sra_stand_in"
        for path in source.rglob("*.py")
        if str(path.relative_to(ROOT)) not in ALLOWED and "import httpx" in (text := path.read_text(encoding="utf-8"))
        for match in re.finditer(FORBIDDEN[what], text)
    ]
    assert not found


def test_nothing_downloads_past_httpx() -> None:
    pattern = re.compile(r"obstore\.get|urlopen|urlretrieve|import aiohttp|import requests")
    found = [
        path
        for name, source in PACKAGES.items()
        if name != "sra_stand_in"
        for path in source.rglob("*.py")
        if pattern.search(path.read_text("utf-8"))
    ]
    assert not found
