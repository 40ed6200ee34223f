"""Templates and static files: read once, all served by the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse

from gateway.refresh.model import add_datasets
from gateway.refresh.result import RefreshView, StepView
from sra_shared.runs.audit import describe_details

STATIC = {
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "login.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # with no-referrer, browsers would send our own forms without their origin
    "Referrer-Policy": "same-origin",
}
_COUNTS = ("read", "stored", "unchanged", "duplicate", "rejected")


@cache
def _open_templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": show_time,
        "minute": lambda value: f"{value.astimezone(UTC):%Y-%m-%d %H:%M}",
        "number": show_number,
        "cell": show_cell,
        "path": show_path,
        "words": lambda name: str(name).replace("_", " "),
        "reasons": lambda found: ", ".join(f"{name} {n:,}" for name, n in found.items()),
        "total": sum_rows,
        "everything": sum_refresh,
        "act": describe_details,
    }
    return environment


@cache
def read_static(name: str) -> bytes:
    """Return one of the files of STATIC."""
    return (files("gateway") / "static" / name).read_bytes()


def render_page(template: str, *, status_code: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; its content security policy allows only our own resources."""
    token = values.get("form_token", "")
    field = Markup('<input type="hidden" name="form_token" value="{}">').format(token)
    text = _open_templates().get_template(template).render(**values, token=lambda: field)
    return HTMLResponse(text, status_code=status_code, headers=_PAGE_HEADERS)


def neutralise_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet interprets as a formula or command: risky values get a leading apostrophe."""
    if not isinstance(value, str) or not value:
        return value
    is_risky = value[0] in "=+-@" or not value[0].isprintable()
    return f"'{value}" if is_risky else value


def show_time(value: datetime | str | None) -> str:
    """Return a time in UTC, formatted for readers."""
    if value is None:
        return "not yet"
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def show_path(value: str) -> Markup:
    """Return a path that wraps after its folders, not inside a name."""
    return Markup("/<wbr>").join(value.split("/"))


def show_number(value: float | None) -> str:
    """Return a number with thousands separators."""
    return "" if value is None else f"{value:,}"


def show_cell(value: object) -> str:
    """Return any value of a published row, formatted for readers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return show_time(value)
    text = str(value)
    return text[:16].replace("T", " ") if len(text) >= 19 and text[4:5] == "-" and text[10:11] == "T" else text


def sum_rows(rows: list[Any]) -> Mapping[str, int]:
    """Return the five counts, summed over the datasets of a step."""
    plain = [{**row.model_dump(), "dataset": ""} for row in rows]
    added = add_datasets(plain)
    return added[0] if added else dict.fromkeys(_COUNTS, 0)


def sum_refresh(refresh: RefreshView) -> Mapping[str, int]:
    """Return the five counts, summed over a whole refresh."""
    steps: list[StepView] = refresh.steps
    return sum_rows([row for step in steps for row in step.datasets])
