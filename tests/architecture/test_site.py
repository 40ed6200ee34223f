"""The documents as a website: built strictly, complete, and without resources of other hosts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sra_testing.packages import ROOT

# what a browser fetches to show a page
_FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)")


class PageReader(HTMLParser):
    """Collects the addresses that a page makes a browser fetch, and the classes of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.classes.update((given.get("class") or "").split())
        is_fetched = tag != "link" or given.get("rel") not in ("canonical", "prev", "next")
        if is_fetched and (address := given.get(_FETCHED.get(tag, ""))):
            self.addresses.append(address)


def build_site(source: Path, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(source / "mkdocs.yml"), "-d", str(into)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build_site(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    for name in ("mkdocs.yml", "README.md", "scripts/site_hooks.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


def list_documents() -> Iterator[str]:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield path.relative_to(ROOT / "docs").with_suffix("").as_posix()


def test_every_document_is_a_page(site: Path) -> None:
    pages = {path.parent.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert {name.removesuffix("/README") for name in list_documents()} | {"."} == pages


def test_pages_fetch_nothing_from_another_host(site: Path) -> None:
    found: set[str] = set()
    for path in site.rglob("*.html"):
        reader = PageReader()
        reader.feed(path.read_text(encoding="utf-8"))
        found |= {address for address in reader.addresses if re.match(r"(?:\w+:)?//", address)}
        # the theme loads the renderer of these diagrams from elsewhere
        assert "mermaid" not in reader.classes, path
    for path in (*site.rglob("*.css"), *site.rglob("*.html"), *site.rglob("*.svg")):
        found |= set(_IN_STYLE.findall(path.read_text(encoding="utf-8")))
    assert not found


def test_broken_links_broken_anchors_and_unlisted_pages_fail_the_build(copy: Path) -> None:
    with (copy / "docs" / "naming.md").open("a", encoding="utf-8") as file:
        file.write("\n[Gone](gone.md), [gone](testing.md#gone)\n")
    (copy / "docs" / "unlisted.md").write_text("# Unlisted\n", encoding="utf-8")
    done = build_site(copy, copy / "site")
    assert done.returncode == 1
    assert "contains a link 'gone.md'" in done.stderr
    assert "does not contain an anchor '#gone'" in done.stderr
    assert "- unlisted.md" in done.stderr
    assert "Aborted with 3 warnings in strict mode!" in done.stdout + done.stderr


def test_page_of_decisions_names_each_with_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    named = re.findall(r"^\| \[(.+?)\]\((.+?)\) \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    titles = [
        (path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "), path.name)
        for path in sorted(folder.glob("0*.md"))
    ]
    assert named == titles
