"""Checks the first 64 KB of a file: whether it is what the catalogue names, or why not, in one message."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from fundata_ingest.catalogue import Catalogue, FundataDataset, normalise_name
from fundata_ingest.formats.batches import FileHead, FileProblem, Position, ProblemKind
from fundata_ingest.formats.csv_scanner import Scan, scan_record
from sra_shared.kit.json_stream import ROW_LIMIT

HEAD_BYTES = 64 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_POINTER = re.compile(
    rb"\Aversion https://git-lfs\.github\.com/spec/v1\r?\n(?:[a-z0-9.-]+ [^\n]*\n)*?oid sha256:([0-9a-f]{64})\r?\n",
    re.I,
)
_POINTER_SIZE = re.compile(rb"^size (\d{1,18})\r?$", re.M)
_COMPRESSED = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_HTML = re.compile(rb"\A\s*<(?:!doctype\s+html|html|head|body|\?xml|!--)", re.I)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# With fewer damaged lines than this a file is not "not text": its lines are quarantined one by one.
_MIN_DAMAGED_LINES = 20
# Bounds of the message about a header with any content.
_MAX_LISTED, _MAX_COMPARED, _MAX_NAME = 40, 200, 100


def inspect_file(
    head: bytes, path: str, catalogue: Catalogue, *, dataset: FundataDataset | None = None
) -> FileHead | FileProblem:
    """Check a file by its first HEAD_BYTES bytes (a shorter one entirely).

    `path` is relative to the seed folder, with slashes; it names the dataset unless `dataset` is given (a download). Raises
    nothing for the content of `head`.
    """
    found = dataset or catalogue.find_file(path)
    if found is None:
        return _refuse(path, None, "unknown_file", "is not in the catalogue; it is not loaded.")
    problem = _find_foreign_content(head, path, found)
    if problem is not None:
        return problem
    if _has_bare_line_ends(head, found):
        text = "has CR line endings, as on old Macs, which make it a single line; convert them to LF or CRLF."
        return _refuse(path, found, "line_ends", text)
    return _match_header(head, path, found)


def report_missing(path: str, dataset: FundataDataset) -> FileProblem:
    """Return the problem of a catalogued file that is not available anywhere."""
    message = (
        f"{path} ({dataset.name}): the catalogue lists this file, but it does not exist; the other files are loaded."
    )
    return FileProblem(path, "missing", "missing", message, dataset.name)


def _refuse(path: str, dataset: FundataDataset | None, kind: ProblemKind, text: str, **details: object) -> FileProblem:
    name = f"{path} ({dataset.name})" if dataset else path
    return FileProblem(path, kind, "rejected", f"{name}: the file {text}", dataset.name if dataset else None, details)


def _find_foreign_content(head: bytes, path: str, dataset: FundataDataset) -> FileProblem | None:
    if not head.removeprefix(_BYTE_ORDER_MARK).strip():
        return _refuse(path, dataset, "empty_file", "is empty, without even a header; deliver it again.")
    pointer = _POINTER.match(head)
    if pointer is not None:
        oid, size = pointer[1].decode().lower(), _POINTER_SIZE.search(head)
        text = f"is a Git LFS pointer, not the content (oid sha256:{oid}); fetch it with `git lfs pull` or set SEED_*."
        return _refuse(path, dataset, "lfs_pointer", text, oid=oid, size=int(size[1]) if size else None)
    for magic, what in _COMPRESSED.items():
        if head.startswith(magic):
            return _refuse(path, dataset, "compressed", f"is {what}, not a CSV file; unpack it first.")
    if head.startswith(_UTF16) or _looks_like_utf16(head):
        return _refuse(path, dataset, "utf16", "is UTF-16 or UTF-32 text; deliver it as UTF-8.")
    if _HTML.match(head.removeprefix(_BYTE_ORDER_MARK)):
        return _refuse(
            path, dataset, "html", "is an HTML or XML page, not a CSV file; it is probably a web server's error page."
        )
    return _find_binary_content(head, path, dataset)


def _looks_like_utf16(head: bytes) -> bool:
    sample = head[:512]
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    return half >= 4 and max(even, odd) > half * 0.8 and min(even, odd) < half * 0.2


def _find_binary_content(head: bytes, path: str, dataset: FundataDataset) -> FileProblem | None:
    """Return the problem of a file that is not UTF-8 text as a whole; a few damaged lines are accepted."""
    lines = head.split(b"\n")
    if _is_damaged(lines[0]):
        return _refuse(path, dataset, "not_text", "is not UTF-8 text: its first line contains invalid bytes.")
    whole = lines[1:-1]
    damaged = sum(map(_is_damaged, whole))
    if damaged >= _MIN_DAMAGED_LINES and damaged * 2 > len(whole):
        text = f"is not UTF-8 text: {damaged} of its first {len(whole)} lines contain invalid bytes."
        return _refuse(path, dataset, "not_text", text, damaged=damaged, lines=len(whole))
    return None


def _is_damaged(line: bytes) -> bool:
    if _CONTROL.search(line):
        return True
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _has_bare_line_ends(head: bytes, dataset: FundataDataset) -> bool:
    """Return whether lines end in CR alone: no LF is near, or the text before the first CR is the whole header."""
    text = head.removeprefix(_BYTE_ORDER_MARK)
    line, mark, rest = text.partition(b"\r")
    if not mark or not rest or rest.startswith(b"\n") or b"\n" in line:
        return False
    if b"\n" not in rest:
        return True
    header = scan_record(line, 0, at_end=True)
    names = header.fields if isinstance(header, Scan) and header.fields is not None else ()
    known = {dataset.names_by_normal_form.get(normalise_name(_decode(name))) for name in names}
    return all(column.name in known for column in dataset.columns if column.required)


def _match_header(head: bytes, path: str, dataset: FundataDataset) -> FileHead | FileProblem:
    start, line = (len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0), 1
    while (blank := re.compile(rb"\r?\n").match(head, start)) is not None:
        start, line = blank.end(), line + 1
    at_end = len(head) < min(HEAD_BYTES, ROW_LIMIT)
    scan = scan_record(head, start, at_end=at_end)
    if isinstance(scan, Scan) and scan.has_stray_quote:
        return _refuse(path, dataset, "header", "has text after a closing quote in its header.")
    if not isinstance(scan, Scan) or scan.fields is None:
        return _refuse(path, dataset, "header", f"has no header line within its first {HEAD_BYTES // 1024} KB.")
    names = [_decode(name) for name in scan.fields]
    known = dataset.names_by_normal_form
    columns = [known.get(normalise_name(name)) for name in names]
    delivered = [column for column in columns if column is not None]
    missing = [c.name for c in dataset.columns if c.required and c.name not in delivered]
    added = [name for name, column in zip(names, columns, strict=True) if column is None]
    double = sorted({name for name in delivered if delivered.count(name) > 1})
    if missing or added or double:
        return _refuse_header(path, dataset, added, missing, double)
    lines = head.count(b"\n", start, scan.end)
    return FileHead(dataset, tuple(delivered), Position(scan.end, line + max(1, lines)))


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _refuse_header(
    path: str, dataset: FundataDataset, added: Sequence[str], missing: Sequence[str], double: Sequence[str]
) -> FileProblem:
    renamed = _guess_renames(added, missing)
    plain_added = [_show(name) for name in added if name not in renamed.values()]
    plain_missing = [name for name in missing if name not in renamed]
    parts = [
        ("added", plain_added),
        ("missing", plain_missing),
        ("probably renamed", [f"{old} -> {_show(new)}" for old, new in renamed.items()]),
        ("twice", list(double)),
    ]
    listed = "; ".join(f"{what}: {_join(names)}" for what, names in parts if names)
    text = (
        f"has a header that differs from the catalogue ({listed}). It is not loaded; "
        "deliver it with the catalogued columns or extend the catalogue."
    )
    details = {
        "added": [_show(name) for name in added[:_MAX_COMPARED]],
        "missing": list(missing),
        "renamed": renamed,
        "twice": list(double),
    }
    return _refuse(path, dataset, "header", text, **details)


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more


def _show(name: str) -> str:
    """Return a delivered name in a form fit for a message: one line, bounded length."""
    return repr(name)[1:-1][:60] if name.strip() else "(no name)"


def _guess_renames(added: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    """Pair each missing column with the most similar added one, if it is similar enough."""
    renamed: dict[str, str] = {}
    free = {normalise_name(name): name for name in added[:_MAX_COMPARED] if 0 < len(name.strip()) <= _MAX_NAME}
    for old in missing:
        close = difflib.get_close_matches(normalise_name(old), list(free), n=1, cutoff=0.6)
        if close:
            renamed[old] = free.pop(close[0])
    return renamed
