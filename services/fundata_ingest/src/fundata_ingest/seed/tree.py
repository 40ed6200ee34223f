"""A seed tree on disk: the files that the catalogue expects, their problems, and the sandbox rule."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fundata_ingest.catalogue import Catalogue, TableName
from fundata_ingest.formats.batches import FileHead, FileProblem
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file, report_missing
from fundata_ingest.seed.manifest import compute_sha256
from sra_shared.kit.errors import ConfigError

SAMPLE_MARK = "SAMPLE"


@dataclass(frozen=True)
class SeedTree:
    """The location of a seed tree; `data` and `quotes` need not be below `root`."""

    root: Path
    data: Path
    quotes: Path

    @classmethod
    def at(cls, root: Path, *, data: Path | None = None, quotes: Path | None = None) -> SeedTree:
        """Return the tree below `root`; raises ConfigError if there is no such folder, or its name is not UTF-8."""
        if not root.is_dir():
            raise ConfigError(
                f"Folder {root} does not exist.", next_step="Name the folder that holds `data` and `quotes`."
            )
        if _show_path(root) != root.as_posix():
            raise ConfigError(
                f"The name of the folder {_show_path(root)} is not UTF-8, so the ledger cannot store it.",
                next_step="Rename it.",
            )
        return cls(root, data or root / "data", quotes or root / "quotes")

    @property
    def is_sample(self) -> bool:
        """Whether the tree marks itself as made up."""
        return (self.root / SAMPLE_MARK).is_file()

    def folder(self, table: TableName) -> Path:
        """Return the folder of one table's files."""
        return self.data if table == "data" else self.quotes

    def locate(self, path: str) -> Path:
        """Return the location of the file that the catalogue calls `path`."""
        table, rest = path.split("/", 1)
        return (self.data if table == "data" else self.quotes) / rest

    def check_mark(self, *, is_sandbox: bool) -> None:
        """Raise ConfigError if the sample would be mixed with real data."""
        if self.is_sample and not is_sandbox:
            raise ConfigError(
                f"{self.root} is the made-up sample, but this database is for real data.",
                next_step="Use a separate database, migrated with `./sra migrate --sandbox`.",
            )


@dataclass(frozen=True)
class FoundFile:
    """A file of the tree: its catalogued path, its location, and the verdict on its first 64 KB."""

    path: str
    location: Path
    size: int
    modified_ns: int
    verdict: FileHead | FileProblem


def inspect_tree(
    tree: SeedTree,
    catalogue: Catalogue,
    *,
    tables: tuple[TableName, ...] = ("data", "quotes"),
    only: frozenset[str] | None = None,
) -> tuple[list[FoundFile], list[FileProblem]]:
    """Return the files found, in path order, and the catalogued ones that are missing; `only` these paths, or all.

    The folders of the tree may be links. A link below them must lead to a place within them; otherwise it is reported as a
    problem.
    """
    found = {}
    roots = tuple(os.path.realpath(folder) for folder in (tree.root, tree.data, tree.quotes))
    for table in tables:
        for location in _walk(tree.folder(table), roots):
            path = f"{table}/{_show_path(location.relative_to(tree.folder(table)))}"
            if only is None or path in only:
                is_inside = _is_inside(location, roots)
                found[path] = (examine_file if is_inside else _refuse_link)(path, location, catalogue)
    missing = [
        report_missing(path, dataset)
        for path in catalogue.files
        if path not in found
        and (only is None or path in only)
        and (dataset := catalogue.find_file(path)) is not None
        and dataset.table in tables
    ]
    return [found[path] for path in sorted(found)], missing


def _is_inside(location: Path, roots: tuple[str, ...]) -> bool:
    real = os.path.realpath(location)
    return any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def _refuse_link(path: str, location: Path, catalogue: Catalogue) -> FoundFile:
    dataset = catalogue.find_file(path)
    message = (
        f"{path} is a link that leads outside the seed folder; it is not followed, and the other files are loaded."
        " Put the file itself there, or name its folder in FUNDATA_DATA_PATH or FUNDATA_QUOTES_PATH."
    )
    name = dataset.name if dataset is not None else None
    return FoundFile(path, location, 0, 0, FileProblem(path, "outside_link", "rejected", message, name))


def examine_file(path: str, location: Path, catalogue: Catalogue) -> FoundFile:
    """Check one file; an unreadable file is a problem of that file only."""
    try:
        # reading a pipe would wait, and a device never ends
        if not stat.S_ISREG(location.stat().st_mode):
            message = f"{path} is not a regular file but a pipe, a socket or a device; the other files are loaded."
            return FoundFile(path, location, 0, 0, FileProblem(path, "unreadable", "rejected", message))
        with location.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            state = os.fstat(stream.fileno())
    except OSError as error:
        message = f"{path}: the file cannot be read ({error.strerror}); the other files are loaded."
        return FoundFile(path, location, 0, 0, FileProblem(path, "unreadable", "rejected", message))
    return FoundFile(path, location, state.st_size, state.st_mtime_ns, inspect_file(head, path, catalogue))


def hash_file(found: FoundFile) -> str:
    """Return the SHA-256 of a file in hex; raises OSError if it cannot be read."""
    return compute_sha256(found.location)


def _show_path(path: Path) -> str:
    """Return a path as text for tables and messages; bytes that are not UTF-8 become `\\xNN`."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _walk(folder: Path, roots: tuple[str, ...], above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield the files below a folder, and links to folders outside `roots`; skip hidden ones, which belong to tools.

    `above` are the folders that led here, so that a link to one of them does not recurse forever.
    """
    above |= {os.path.realpath(folder)}
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return
    for place in (folder / name for name in names if not name.startswith(".")):
        if not place.is_dir() or not _is_inside(place, roots):
            yield place
        elif os.path.realpath(place) not in above:
            yield from _walk(place, roots, above)
