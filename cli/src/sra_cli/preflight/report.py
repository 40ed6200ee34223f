"""The result of `./sra preflight`, formatted for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sra_cli.preflight.sizes import BYTES_PER_GB, RESERVE
from sra_cli.tables import make_table
from sra_shared.kit.texts import escape_controls


def render_report(result: Mapping[str, Any]) -> RenderableType:
    """Return the checked parts, the expected load, and the findings."""
    parts: list[RenderableType] = []
    if result["fmp"] is not None:
        parts += _render_fmp(result["fmp"])
        parts.append("")
    if result["seed"] is not None:
        parts += _render_seed(result["seed"])
    if result["updates"] is not None:
        updates = result["updates"]
        parts += ["", _render_line(f"update API: export of {updates['dataset']} {updates['status']}")]
    parts += [_render_line(line) for line in _list_end(result)]
    return Group(*parts)


def _render_line(text: str, style: str = "") -> Text:
    return Text(escape_controls(text), style=style)


def _list_end(result: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    for finding in result["findings"]:
        yield f"- {finding}"
    if result["saved"] is not None:
        yield f"{result['saved']['answers']} responses are saved in {result['saved']['folder']}."
    count = len(result["findings"])
    yield "Everything fits." if not count else f"{count} finding{'s' if count > 1 else ''}."


def _render_fmp(fmp: Mapping[str, Any]) -> Iterator[RenderableType]:
    rows = [
        (
            " ".join(filter(None, (one["path"], one["exchange"]))),
            one["dataset"],
            one["status"],
            one["rows"],
            len(one["missing"]) + len(one["odd"]) or None,
        )
        for one in fmp["endpoints"]
    ]
    kind = " (the stand-in: made-up responses)" if fmp["stand_in"] else ""
    yield make_table(f"FMP{kind}", ("endpoint", "?dataset", "status", "#rows", "?#fields differ"), rows)
    total, history = sum(fmp["listings"].values()), fmp["history"]
    yield Text(
        f"{total:,} listings. First history from {history['from']}: {history['calls']:,} calls, {history['days']} days."
    )
    for name in ("daily", "weekly"):
        yield Text(f"Each {name} run: {fmp[name]['calls']:,} calls, {fmp[name]['minutes']:.0f} minutes.")
    yield Text(
        f"Closes of these years: {_show_size(fmp['database_bytes'])} in the database,"
        f" {_show_size(int(fmp['database_bytes'] * RESERVE))} of disk with reserve."
    )


def _render_seed(seed: Mapping[str, Any]) -> Iterator[RenderableType]:
    rows = [
        (
            file["file"].rpartition("/")[2],
            file["problem"] or file["verdict"],
            file["place"],
            file["bytes"],
            file["rows"],
            sum(file["rejected_by"].values()) or None,
        )
        for file in seed["files"]
    ]
    columns = ("file", "verdict", "?place", "#bytes", "#rows", "?#rejected")
    yield make_table(f"seed files in {escape_controls(seed['root'])}", columns, rows)
    if seed["sample"]:
        yield Text("This is the made-up sample.")
    size = seed["database_bytes"]
    yield Text(
        f"{seed['rows']:,} rows: {_show_size(size)} in the database, {_show_size(int(size * RESERVE))} of disk with reserve;"
        f" the loader needs about {seed['peak_memory_mb']} MB of memory."
    )


def _show_size(size: int) -> str:
    return f"{size / BYTES_PER_GB:.1f} GB" if size >= BYTES_PER_GB // 10 else f"{size / 10**6:.1f} MB"
