"""The pictures of the documents: current, legible on a dark page, and used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sra_testing.packages import ROOT

PICTURES = ROOT / "docs" / "pictures"
SOURCES = sorted(PICTURES.glob("*.dot"))


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/draw_pictures", "--check", "--folder", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_each_picture_matches_its_source() -> None:
    assert len(SOURCES) >= 3
    done = check(PICTURES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", ["source", "picture", "other"])
def test_an_outdated_picture_is_named(tmp_path: Path, change: str) -> None:
    folder = shutil.copytree(PICTURES, tmp_path / "pictures")
    if change == "source":
        with (folder / "takeover.dot").open("a", encoding="utf-8") as file:
            file.write("\n")
    elif change == "picture":
        (folder / "takeover.svg").unlink()
    else:
        shutil.copyfile(folder / "publication.svg", folder / "takeover.svg")
    done = check(folder)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["takeover.svg"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_each_has_a_white_background_and_is_shown(source: Path) -> None:
    picture = source.with_suffix(".svg")
    assert '<polygon fill="white" stroke="transparent"' in picture.read_text(encoding="utf-8")
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")]
    assert any(f"pictures/{picture.name})" in page for page in pages)
