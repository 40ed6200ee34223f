"""Small SVG plots, drawn here so that pages need no script and no external library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

from gateway.pages.render import sum_refresh
from gateway.refresh.result import RefreshView

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 360, 120, 20, 18
_ROW = 26


@dataclass(frozen=True)
class Bar:
    """One value, with its CSS class and the text of its tooltip."""

    value: float
    kind: str
    tooltip: str


@dataclass(frozen=True)
class Plot:
    """A drawing with its heading."""

    title: str
    drawing: Markup


def draw_bars(
    bars: Sequence[Bar], *, label: str, first: str, last: str, unit: str = "", ceiling: float | None = None
) -> Markup:
    """Return bars in order, labelled with the greatest value and both ends of the axis.

    With a `ceiling`, bars are scaled to it and a line marks it.
    """
    highest = max((bar.value for bar in bars), default=0) or 1
    full = max(highest, ceiling or 0)
    step = min(_WIDTH / max(len(bars), 1), 40.0)
    drawn = []
    for index, bar in enumerate(bars):
        height = bar.value / full * (_HEIGHT - _BOTTOM - _TOP)
        if bar.value:
            height = max(height, 2.0)
        drawn.append(
            f'<rect class="bar-{escape(bar.kind)}" x="{index * step:.1f}" width="{max(step * 0.8, 1):.1f}"'
            f' y="{_HEIGHT - _BOTTOM - height:.1f}" height="{height:.1f}" rx="1.5"><title>{escape(bar.tooltip)}</title></rect>'
        )
    end = max(step * len(bars), 170.0)
    most = f"max {highest:,.0f}{escape(unit)}"
    if ceiling:
        top = _HEIGHT - _BOTTOM - ceiling / full * (_HEIGHT - _BOTTOM - _TOP)
        most += f" of {ceiling:,.0f} allowed"
        drawn.append(f'<line class="ceiling" x1="0" x2="{_WIDTH}" y1="{top:.1f}" y2="{top:.1f}"/>')
    texts = (
        f'<text x="0" y="12">{most}</text>'
        f'<text x="0" y="{_HEIGHT - 4}">{escape(first)}</text>'
        f'<text x="{end:.1f}" y="{_HEIGHT - 4}" text-anchor="end">{escape(last)}</text>'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT - _BOTTOM}" y2="{_HEIGHT - _BOTTOM}"/>'
    )
    # every value is a number or was escaped above
    return Markup(  # noqa: S704
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(drawn)}{texts}</svg>'
    )


def draw_history(refreshes: Sequence[RefreshView]) -> list[Plot]:
    """Return duration, stored and rejected rows of the finished refreshes, oldest first; empty for fewer than two."""
    shown = [one for one in reversed(refreshes) if one.seconds is not None and one.completed_at is not None]
    if len(shown) < 2:
        return []
    first, last = (f"{one.scheduled_at:%b %d %H:%M}" for one in (shown[0], shown[-1]))
    series: dict[str, list[float]] = {
        "Duration": [one.seconds or 0 for one in shown],
        "Stored rows": [sum_refresh(one)["stored"] for one in shown],
        "Rejected rows": [sum_refresh(one)["rejected"] for one in shown],
    }
    plots = []
    for title, values in series.items():
        unit = " s" if title == "Duration" else ""
        bars = [
            Bar(
                value,
                "rejected" if title == "Rejected rows" else one.status,
                f"{one.scheduled_at:%Y-%m-%d %H:%M} UTC: {value:,.10g}{unit}, {one.status}",
            )
            for one, value in zip(shown, values, strict=True)
        ]
        label = f"{title} of the last {len(shown)} refreshes"
        plots.append(Plot(title, draw_bars(bars, label=label, first=first, last=last, unit=unit)))
    return plots


def draw_calls(minutes: Sequence[tuple[datetime, int]], ceiling: int | None) -> Markup:
    """Return the calls of each minute, oldest first, below the allowed number."""
    bars = [Bar(calls, "running", f"{at:%H:%M} UTC: {calls:,} calls") for at, calls in minutes]
    ends = [f"{minutes[index][0]:%H:%M}" for index in (0, -1)]
    return draw_bars(
        bars,
        label="Calls of FMP's API in each minute",
        first=ends[0],
        last=f"{ends[1]} UTC",
        unit=" calls",
        ceiling=ceiling,
    )


def draw_timeline(refresh: RefreshView) -> Markup | None:
    """Return one line per step from its start to its end, or None if no step has started."""
    now = datetime.now(UTC)
    begun = [step for step in refresh.steps if step.started_at is not None]
    if not begun:
        return None
    start = min(step.started_at for step in begun if step.started_at)
    span = max((max(step.completed_at or now for step in begun) - start).total_seconds(), 0.1)
    left, width = 150.0, 720 - 150.0 - 80
    lines = []
    for index, step in enumerate(begun):
        offset = ((step.started_at or start) - start).total_seconds() / span * width
        length = max((step.seconds or 0) / span * width, 2.0)
        y = index * _ROW
        lines.append(
            f'<text x="0" y="{y + 17}">{escape(step.step)}</text>'
            f'<rect class="bar-{escape(step.status)}" x="{left + offset:.1f}" y="{y + 5}" width="{length:.1f}" height="16"'
            f' rx="3"><title>{escape(step.step)}: {escape(step.status)}</title></rect>'
            f'<text x="{left + offset + length + 6:.1f}" y="{y + 17}">{step.seconds or 0:,.1f} s</text>'
        )
    # every value is a number or was escaped above
    return Markup(  # noqa: S704
        f'<svg class="timeline" viewBox="0 0 720 {_ROW * len(begun)}" role="img" aria-label="When each step ran">'
        f"{''.join(lines)}</svg>"
    )
