"""Deletes the files that no kept build of the lake needs."""

from __future__ import annotations

from collections.abc import Iterable

from pyiceberg.manifest import ManifestFile
from pyiceberg.serializers import FromInputFile

from view_builder.lake.exchange import Cleaned, CleanOrder
from view_builder.lake.storage import MARK, LakeFiles


def delete_orphans(order: CleanOrder) -> Cleaned:
    """Delete the files that are older than the order's time and that no kept build needs; a dry run only counts them.

    The present builds of a table share manifests; each is read once. Raises the errors of the storage before it
    deletes anything if the files of a build cannot be listed.
    """
    files = LakeFiles(order.storage)
    files.require_mark(order.mark, is_new=False)
    needed = {f"{files.root}/{MARK}", *order.kept, *_list_needed(files, order.kept)}
    orphans = [
        found
        for found in list(files.list_files())
        if found.location not in needed and found.written_at < order.older_than
    ]
    for orphan in () if order.is_dry else orphans:
        files.delete(orphan.location)
    return Cleaned(files=len(orphans), size=sum(orphan.size for orphan in orphans))


def _list_needed(files: LakeFiles, kept: Iterable[str]) -> set[str]:
    needed: set[str] = set()
    for location in kept:
        metadata = FromInputFile.table_metadata(files.io.new_input(location))
        snapshot = metadata.current_snapshot()
        if snapshot is None or snapshot.manifest_list in needed:
            continue
        needed.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(files.io):
            if manifest.manifest_path not in needed:
                needed |= _list_of_manifest(files, manifest)
    return needed


def _list_of_manifest(files: LakeFiles, manifest: ManifestFile) -> set[str]:
    entries = manifest.fetch_manifest_entry(files.io)
    return {manifest.manifest_path, *(entry.data_file.file_path for entry in entries)}
