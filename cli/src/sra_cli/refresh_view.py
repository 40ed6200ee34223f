"""A refresh, formatted for people: its steps while it runs, counts per dataset when it has finished."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from sra_cli.tables import format_duration, make_table

COUNTS = ("read", "stored", "unchanged", "duplicate", "rejected")
_COUNT_COLUMNS = ("#read", "#stored", "?#unchanged", "?#duplicate", "#rejected")
STEP_KEYS = ("step", "status", "seconds", "error", "datasets")
_STYLES = {"completed": "green", "partial": "yellow", "parked": "yellow", "held": "yellow", "failed": "red"}
_WAITING = ("queued", "pending", "waiting")


def sum_counts(step: Mapping[str, Any]) -> dict[str, int]:
    """Return the five counts of a step over its datasets."""
    return {name: sum(int(row.get(name, 0)) for row in step.get("datasets") or ()) for name in COUNTS}


def render_steps(state: Mapping[str, Any]) -> RenderableType:
    """Return the table of steps."""
    rows = []
    for step in state.get("steps", ()):
        counts = sum_counts(step)
        status = Text(str(step["status"]), style=_STYLES.get(step["status"], ""))
        seconds = None if step.get("seconds") is None else float(step["seconds"])
        rows.append((step["step"], status, format_duration(seconds), *(counts[name] for name in COUNTS)))
    return make_table("", ("step", "status", "#took", *_COUNT_COLUMNS), rows)


def render_refresh(result: Mapping[str, Any]) -> RenderableType:
    """Return the whole result: steps, datasets with their counts, errors."""
    parts: list[RenderableType] = [render_steps(result)]
    rows = [
        (row["dataset"], *(int(row.get(name, 0)) for name in COUNTS))
        for step in result.get("steps", ())
        for row in step.get("datasets") or ()
    ]
    if rows:
        parts += ["", make_table("", ("dataset", *_COUNT_COLUMNS), rows)]
    parts += [
        Text(f"{step['step']}: {step['error']}", style="red") for step in result.get("steps", ()) if step.get("error")
    ]
    parts += ["", Text(f"The refresh is {result['status']}.", style=_STYLES.get(str(result["status"]), ""))]
    return Group(*parts)


class RefreshProgress:
    """Shows a running refresh: a live table on a terminal, otherwise a line for each change of a step."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, state: Mapping[str, Any]) -> None:
        """Show the state of the refresh that the gateway reports."""
        if self._live is not None:
            self._live.update(render_steps(state))
            return
        for step in state.get("steps", ()):
            name, status = str(step["step"]), str(step["status"])
            if self._shown.get(name) == status or (status in _WAITING and name not in self._shown):
                continue
            self._shown[name] = status
            counts = sum_counts(step)
            counted = f", read {counts['read']:,}, stored {counts['stored']:,}" if counts["read"] else ""
            seconds = f" in {float(step['seconds']):.1f} s" if step.get("seconds") is not None else ""
            going = status == "running"
            self._console.print(f"  {name}: {status}" + ("" if going else f"{seconds}{counted}"), markup=False)
