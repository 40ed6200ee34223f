"""docs/read_the_code.md: the files of its stops exist, contain the named symbols, and take an hour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sra_testing.packages import ROOT

PAGE = (ROOT / "docs" / "read_the_code.md").read_text(encoding="utf-8")
STOPS = re.findall(r"^\| (?:(\d+) \| )?`([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
SOURCES = [path for folder in ("FMP", "services", "shared") for path in (ROOT / folder).rglob("*.py")]
_CODE = re.compile(r"`([^`\n]+)`")


def find_files(name: str) -> list[Path]:
    """Return the file of a path, or the sources that have a name."""
    if "/" in name:
        return [ROOT / name] if (ROOT / name).is_file() else []
    return [path for path in SOURCES if path.name == name]


def test_the_stops_take_an_hour() -> None:
    minutes = [int(minutes) for minutes, _, _ in STOPS if minutes]
    assert sum(minutes) == 60
    assert 8 <= len(minutes) <= 12


@pytest.mark.parametrize(("path", "text"), [(path, text) for _, path, text in STOPS])
def test_a_stop_contains_the_names_to_look_for(path: str, text: str) -> None:
    words = _CODE.findall(text)
    files = [file for name in (path, *words) if name.endswith((".py", ".sql", ".md")) for file in find_files(name)]
    content = "\n".join(file.read_text(encoding="utf-8") for file in files)
    names = [word for word in words if not word.endswith(".py")]
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", content)] == []


def test_every_file_that_it_names_exists() -> None:
    named = [word for word in _CODE.findall(PAGE) if re.fullmatch(r"[\w./]+\.(py|sql|md)", word)]
    assert len(named) > 20
    assert [name for name in named if not find_files(name)] == []
