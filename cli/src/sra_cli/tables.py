"""Tables for people: one line per row even on 80 columns, with short times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sra_shared.kit.texts import escape_controls

_LEAST_CUT = 12
_RECENT = timedelta(days=300)


@dataclass(frozen=True)
class _Column:
    """A column, and how it shrinks if there is not enough room for all."""

    name: str
    numeric: bool
    optional: bool
    cut: bool
    wraps: bool

    @classmethod
    def parse(cls, text: str) -> _Column:
        marks, name = re.fullmatch(r"([#?~>]*)(.*)", text).groups()  # type: ignore[union-attr]
        return cls(name, "#" in marks, "?" in marks, "~" in marks, ">" in marks)


def make_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table with one line per row; numbers get thousands separators.

    A column's name may start with marks. `#` holds numbers. `?` is dropped if there is not enough room, the last such
    column first. `~` is truncated to the remaining room, or dropped if little remains. `>` is text that must be shown in
    full and wraps between words.
    """
    parsed = [_Column.parse(column) for column in columns]
    cells = [[_write_cell(cell) for cell in row] for row in rows]
    shown, widths = _fit(parsed, [_measure(column, index, cells) for index, column in enumerate(parsed)])
    table = Table(
        title=title or None, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold"
    )
    for index in shown:
        column = parsed[index]
        table.add_column(
            column.name,
            justify="right" if column.numeric else "left",
            overflow="fold" if column.wraps else "ellipsis",
            no_wrap=not column.wraps,
            width=widths[index] if column.cut else None,
        )
    for row in cells:
        table.add_row(*(row[index] for index in shown))
    return table


def format_moment(moment: datetime | None, *, now: datetime | None = None) -> str:
    """Return a moment in UTC in at most 11 characters: month, day and time, or only the day if it is months ago."""
    if moment is None:
        return ""
    moment = moment.astimezone(UTC)
    is_recent = abs((now or datetime.now(UTC)) - moment) < _RECENT
    return moment.strftime("%m-%d %H:%M" if is_recent else "%Y-%m-%d")


def format_duration(seconds: float | None) -> str:
    """Return a duration in at most 7 characters: 83.2 s, 12m 34s, 4h 00m."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def _write_cell(cell: object) -> Text:
    if isinstance(cell, Text):
        return cell
    return Text("" if cell is None else f"{cell:,}" if isinstance(cell, int) else escape_controls(str(cell)))


def _measure(column: _Column, index: int, cells: Sequence[Sequence[Text]]) -> int:
    longest = max((cell_len(row[index].plain) for row in cells), default=0)
    # a column that wraps needs only the width of its longest word
    if column.wraps:
        longest = max((cell_len(word) for row in cells for word in row[index].plain.split()), default=0)
    return max(cell_len(column.name), longest)


def _fit(columns: Sequence[_Column], widths: list[int]) -> tuple[list[int], list[int]]:
    """Return the columns that are shown, and their widths, so that all of it fits the console."""
    room = Console().width
    shown = list(range(len(columns)))

    def count_needed() -> int:
        return sum(min(widths[i], _LEAST_CUT) if columns[i].cut else widths[i] for i in shown) + len(shown) - 1

    for index in [i for i in reversed(shown) if columns[i].cut] + [i for i in reversed(shown) if columns[i].optional]:
        if count_needed() > room:
            shown.remove(index)
    for index in (i for i in shown if columns[i].cut):
        widths[index] = min(widths[index], room - count_needed() + min(widths[index], _LEAST_CUT))
    return shown, widths
