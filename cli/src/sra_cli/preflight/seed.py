"""Predicts a load of a seed tree: a verdict per file, the expected rows, and their size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fundata_ingest.catalogue import Catalogue
from fundata_ingest.formats.batches import FileHead, FileProblem
from fundata_ingest.seed.manifest import Manifest, ManifestFile
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import SeedStore, open_store
from fundata_ingest.seed.tree import FoundFile, SeedTree, inspect_tree
from sra_cli.preflight.ends import (
    Ends,
    check_head,
    check_records,
    describe_encoding,
    fetch_ends,
    guess_delimiter,
    read_ends,
)
from sra_cli.preflight.sizes import BYTES_PER_FUND_ROW, LOADER_PEAK_MB
from sra_shared.kit.errors import ConfigError, FatalError, RetryableError
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.kit.texts import excerpt

_MOST_MANIFEST_BYTES = 16 << 20


@dataclass
class FileCheck:
    """The result for one file; `verdict` is fits, rejected, missing, unreadable, or unseen for a file that is only listed."""

    file: str
    dataset: str | None
    verdict: str
    place: str | None = None
    size: int | None = None
    problem: str | None = None
    message: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    absent: Sequence[str] = ()
    rows: int | None = None
    is_exact: bool = False
    sampled: int = 0
    rejected_by: Mapping[str, int] = field(default_factory=dict)
    warnings_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """Records of the sample that would be quarantined."""
        return sum(self.rejected_by.values())

    def as_dict(self) -> dict[str, Any]:
        """The file in the form of `--json`."""
        return {
            "file": self.file,
            "dataset": self.dataset,
            "verdict": self.verdict,
            "place": self.place,
            "bytes": self.size,
            "problem": self.problem,
            "message": self.message,
            "header": {
                **{name: self.details.get(name, []) for name in ("added", "missing", "twice")},
                "renamed": self.details.get("renamed", {}),
                "absent": list(self.absent),
            },
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "rows": self.rows,
            "rows_exact": self.is_exact,
            "sampled": self.sampled,
            "rejected_by": dict(self.rejected_by),
            "warnings_by": dict(self.warnings_by),
        }


@dataclass(frozen=True)
class SeedCheck:
    """All files, in the order of their paths."""

    root: str
    is_sample: bool
    files: Sequence[FileCheck]
    reject_limit: Decimal

    @property
    def rows(self) -> int:
        """Records to expect from the files that would load."""
        return sum(file.rows or 0 for file in self.files if file.verdict == "fits")

    @property
    def rejected(self) -> int:
        """Expected records that would be quarantined, extrapolated from each file's sample."""
        fitting = (file for file in self.files if file.verdict == "fits" and file.sampled)
        return round(sum((file.rows or 0) * file.rejected / file.sampled for file in fitting))

    def list_findings(self) -> list[str]:
        """Return the causes of an incomplete load, in sentences."""
        findings = [
            file.message or f"{file.file} is {file.verdict}."
            for file in self.files
            if file.verdict in ("rejected", "missing", "unreadable")
        ]
        share = self.rejected / self.rows if self.rows else 0
        if share > self.reject_limit:
            worst = sorted((file for file in self.files if file.rejected), key=lambda file: -file.rejected)[:3]
            findings.append(
                f"About {share:.2%} of the records would be rejected, more than REJECT_LIMIT ({self.reject_limit:.2%}) allows;"
                f" most of the sampled ones in {', '.join(file.file for file in worst)}. Correct them, or raise the limit."
            )
        return findings

    def as_dict(self) -> dict[str, Any]:
        """This part in the form of `--json`."""
        return {
            "status": "findings" if self.list_findings() else "fits",
            "root": self.root,
            "sample": self.is_sample,
            "files": [file.as_dict() for file in self.files],
            "rows": self.rows,
            "rejected": self.rejected,
            "bytes": sum(file.size or 0 for file in self.files),
            "database_bytes": self.rows * BYTES_PER_FUND_ROW,
            "peak_memory_mb": LOADER_PEAK_MB,
        }


def read_manifest(path: Path) -> Manifest:
    """Return a manifest on disk; raises ConfigError if it is not a valid manifest."""
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise ConfigError(f"{path} is too large for a manifest.", next_step="Name the seed tree or its manifest.")
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", next_step="Name the seed tree.") from error
    except ValidationError as error:
        raise ConfigError(
            f"{path} is not a manifest: {excerpt(error.errors()[0]['msg'])}.",
            next_step="Write one with `./sra load --write-manifest DIR`.",
        ) from error


async def check_seed(
    tree: SeedTree,
    manifest: Manifest | None,
    storage: SeedStorageSettings,
    catalogue: Catalogue,
    *,
    reject_limit: Decimal,
) -> SeedCheck:
    """Check each file on disk, else in storage; a file that only the manifest lists is checked by its name."""
    found, missing = await asyncio.to_thread(inspect_tree, tree, catalogue)
    listed = {file.path: file for file in manifest.files} if manifest is not None else {}
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(storage)) if storage.is_set else None
        checker = _FileChecker(tree, catalogue, listed, store)
        checks = [await checker.check_file(file) for file in found]
        checks += [await checker.check_missing(problem) for problem in missing]
    known = {checked.file for checked in checks}
    checks += [_refuse_unknown(file) for path, file in listed.items() if path not in known]
    checks.sort(key=lambda checked: checked.file)
    return SeedCheck(str(tree.root), tree.is_sample, checks, reject_limit)


def _refuse_unknown(file: ManifestFile) -> FileCheck:
    message = f"{file.path} is in the manifest, but not in the catalogue; it is not loaded."
    return FileCheck(file.path, None, "rejected", "manifest", file.size, "unknown_file", message)


@dataclass(frozen=True)
class _FileChecker:
    """Checks files one after another."""

    tree: SeedTree
    catalogue: Catalogue
    listed: Mapping[str, ManifestFile]
    store: SeedStore | None

    async def check_file(self, file: FoundFile) -> FileCheck:
        """Check a file on disk; if it is a pointer, its content is checked where it is stored, if accessible."""
        if isinstance(file.verdict, FileProblem):
            details = file.verdict.details
            if file.verdict.kind == "lfs_pointer" and self.store is not None:
                oid, size = details.get("oid"), details.get("size")
                wanted = WantedFile(file.path, file.location, str(oid), size if isinstance(size, int) else None)
                return await self._check_store(wanted, file.verdict)
            # reading a pipe would block, and a link to another place is not followed
            has_text = file.verdict.kind == "header"
            ends = await asyncio.to_thread(_try_ends, file.location) if has_text else None
            return self._refuse(file.verdict, "disk", file.size, ends)
        ends = await asyncio.to_thread(_try_ends, file.location)
        if ends is None:
            message = f"{file.path}: the file cannot be read; the other files are loaded."
            return FileCheck(
                file.path, file.verdict.dataset.name, "unreadable", "disk", file.size, "unreadable", message
            )
        checked = await asyncio.to_thread(self._check_ends, file.path, ends, "disk")
        entry = self.listed.get(file.path)
        if entry is not None and entry.size != ends.size and checked.verdict == "fits":
            checked.verdict, checked.problem = "rejected", "other_size"
            checked.message = (
                f"{file.path} has {ends.size:,} bytes on disk and {entry.size:,} in the manifest. Upload the file again, or"
                " write the manifest again."
            )
        return checked

    async def check_missing(self, problem: FileProblem) -> FileCheck:
        """Check a catalogued file that is not on disk, using storage or the manifest."""
        entry = self.listed.get(problem.path)
        if self.store is not None:
            return await self._check_store(WantedFile(problem.path, self.tree.locate(problem.path)), problem)
        if entry is not None:
            return FileCheck(problem.path, problem.dataset, "unseen", "manifest", entry.size)
        return FileCheck(problem.path, problem.dataset, "missing", None, None, problem.kind, problem.message)

    async def _check_store(self, wanted: WantedFile, problem: FileProblem) -> FileCheck:
        reasons = [problem.message]
        for source in self.store.sources if self.store is not None else ():
            try:
                file = await source.find_file(wanted)
                if file is not None:
                    ends = await fetch_ends(source, file)
                    return await asyncio.to_thread(self._check_ends, wanted.path, ends, "storage")
            except (RetryableError, FatalError) as error:
                reasons.append(str(error))
        verdict = "missing" if len(reasons) == 1 else "unreadable"
        return FileCheck(wanted.path, problem.dataset, verdict, None, None, problem.kind, " ".join(reasons))

    def _check_ends(self, path: str, ends: Ends, place: str) -> FileCheck:
        verdict = check_head(ends, path, self.catalogue)
        if isinstance(verdict, FileProblem):
            return self._refuse(verdict, place, ends.size, ends)
        sample = check_records(ends, verdict, datetime.now(UTC).date())
        return FileCheck(
            path,
            verdict.dataset.name,
            "fits",
            place,
            ends.size,
            encoding=describe_encoding(ends.head),
            delimiter="comma",
            absent=[name for name in verdict.dataset.column_names if name not in verdict.columns],
            rows=sample.records if ends.is_whole else _estimate_rows(ends, verdict, sample.records, sample.size),
            is_exact=ends.is_whole,
            sampled=sample.records,
            rejected_by=sample.rejected_by,
            warnings_by=sample.warnings_by,
        )

    def _refuse(self, problem: FileProblem, place: str, size: int, ends: Ends | None) -> FileCheck:
        dataset = self.catalogue.find_file(problem.path)
        head = ends.head if ends is not None and problem.kind == "header" else None
        return FileCheck(
            problem.path,
            problem.dataset,
            "rejected",
            place,
            size,
            problem.kind,
            problem.message,
            details=problem.details,
            encoding=None if head is None else describe_encoding(head),
            delimiter=None if head is None or dataset is None else guess_delimiter(head, dataset),
        )


def _try_ends(location: Path) -> Ends | None:
    try:
        return read_ends(location)
    except OSError:
        return None


def _estimate_rows(ends: Ends, head: FileHead, records: int, size: int) -> int:
    return round((ends.size - head.start.offset) * records / size) if size else 0
