"""What mkdocs.yml adds to MkDocs: the README is the first page of the site."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

README = Path(__file__).resolve().parents[1] / "README.md"
_LINK_INTO_DOCS = re.compile(r"(?<=\]\()docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the README, whose links then start in docs instead of above it."""
    text = _LINK_INTO_DOCS.sub("", README.read_text(encoding="utf-8"))
    files.append(File.generated(config, "index.md", content=text))
    return files
