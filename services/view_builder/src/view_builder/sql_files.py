"""The SQL of the views as files: `sql/core` holds each definition once, `sql/marts` the queries of the published views.

A file of `core` creates one view or function. A file of `marts` has the selections of one view, each after a line `--
name:`; they are whole statements, except for the two words that `ViewSpec` documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import resources

_FOLDER = resources.files("view_builder").joinpath("sql")
_COMMENT = re.compile(r"(?m)^\s*--.*\n?")
_SECTION = re.compile(r"(?m)^-- name: (\w+)\n")
_USE = re.compile(r"\bcore\.(\w+)")


@dataclass(frozen=True)
class CoreObject:
    """A view or function of schema core: its statement without comments, its file's head comment, and what it uses."""

    name: str
    statement: str
    head: str
    uses: frozenset[str]

    @property
    def is_view(self) -> bool:
        """Whether it is a view; readers of a view that uses it lock it while they read."""
        return self.statement.startswith("CREATE OR REPLACE VIEW")

    @property
    def is_granted(self) -> bool:
        """Whether it is a function that live views call with their readers' rights."""
        return "\nGRANT EXECUTE ON FUNCTION " in self.statement


@cache
def read_core() -> Mapping[str, CoreObject]:
    """Return all objects of schema core by name, each after those that it uses."""
    found = {
        path.name.removesuffix(".sql"): _read_object(path.name.removesuffix(".sql"), path.read_text(encoding="utf-8"))
        for path in _FOLDER.joinpath("core").iterdir()
    }
    order = TopologicalSorter({name: found[name].uses for name in sorted(found)}).static_order()
    return {name: found[name] for name in order}


def _read_object(name: str, text: str) -> CoreObject:
    head = " ".join(line.removeprefix("--").strip() for line in text.partition("CREATE ")[0].splitlines())
    statement = strip_comments(text)
    return CoreObject(name, statement, head, frozenset(_USE.findall(statement)) - {name})


@cache
def read_mart(name: str) -> Mapping[str, str]:
    """Return the selections of a published view by name, without comments."""
    return split_mart(_FOLDER.joinpath("marts", f"{name}.sql").read_text(encoding="utf-8"))


def split_mart(text: str) -> Mapping[str, str]:
    """Return the selections in the text of a mart's file."""
    _, *parts = _SECTION.split(text)
    found = {part: strip_comments(body).rstrip(";") for part, body in zip(parts[::2], parts[1::2], strict=True)}
    chosen = [part for part in found if part.startswith("chosen_")]
    if any(part.endswith("_full") for part in chosen):
        found["rows_full"] = _choose(found, "rows", "_full")
    if any(part.endswith("_as_of") for part in chosen):
        found["as_of"] = _choose(found, "read" if "read" in found else "rows", "_as_of")
    for part in ("rows", "read"):
        if chosen and part in found:
            found[part] = _choose(found, part, "")
    return found


def _choose(found: Mapping[str, str], part: str, ending: str) -> str:
    """Insert the selections `chosen_*`: those of some keys, of all keys at once (`_full`), or of a past state (`_as_of`)."""
    return re.sub(r"\bFROM (chosen_\w+)", lambda use: f"FROM ({found[use[1] + ending]})", found[part])


def strip_comments(text: str) -> str:
    """Return a text without its comment lines, which have no effect in the database."""
    return _COMMENT.sub("", text).strip()


def find_core(texts: Iterable[str]) -> Sequence[CoreObject]:
    """Return the core objects that the texts use, directly or indirectly, in the order of their names."""
    core, left, used = read_core(), {name for text in texts for name in _USE.findall(text)}, set[str]()
    while left:
        name = left.pop()
        used.add(name)
        left |= core[name].uses - used
    return [core[name] for name in sorted(used)]


def hash_text(text: str) -> str:
    """Return the digest of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
