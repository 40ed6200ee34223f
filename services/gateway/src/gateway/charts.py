"""Small plots as SVG, drawn here so that pages need no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from gateway.refresh.result import RefreshView

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 120, 46, 20


def draw_history(refreshes: Sequence[RefreshView]) -> Markup | None:
    """Return bars of duration, oldest first, coloured by how each refresh ended; None where there is nothing to show."""
    shown = [one for one in reversed(refreshes) if one.seconds is not None]
    if len(shown) < 2:
        return None
    highest = max(one.seconds or 0 for one in shown) or 1
    step = min((_WIDTH - _LEFT) / len(shown), 48.0)
    bars = []
    for index, one in enumerate(shown):
        height = max(2.0, (one.seconds or 0) / highest * (_HEIGHT - _BOTTOM - 12))
        told = f"{one.scheduled_at:%Y-%m-%d %H:%M} UTC: {one.status}, {one.seconds} s"
        bars.append(
            f'<rect class="bar-{escape(one.status)}" x="{_LEFT + index * step + 1:.1f}" width="{max(step - 3, 2):.1f}"'
            f' y="{_HEIGHT - _BOTTOM - height:.1f}" height="{height:.1f}" rx="2"><title>{escape(told)}</title></rect>'
        )
    first, last = shown[0].scheduled_at, shown[-1].scheduled_at
    labels = (
        f'<text x="0" y="16">{highest:.0f} s</text><text x="0" y="{_HEIGHT - _BOTTOM}">0</text>'
        + (f'<text x="{_LEFT}" y="{_HEIGHT - 4}">{first:%b %d %H:%M}</text>' if step * len(shown) > 200 else "")
        + f'<text x="{_LEFT + step * len(shown):.1f}" y="{_HEIGHT - 4}" text-anchor="end">{last:%b %d %H:%M}</text>'
    )
    # every part is a number or escaped above
    return Markup(  # noqa: S704
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Seconds that each refresh took">'
        f"{''.join(bars)}{labels}</svg>"
    )
