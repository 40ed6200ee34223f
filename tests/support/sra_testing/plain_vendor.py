"""A vendor with a few rows: a real HTTP server whose FMP responses a test defines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sra_testing.small_server import QuietHandler, serve

Rows = list[Any]


@dataclass
class PlainVendor:
    """The current data: `events` by dataset, `responses` by path for fixed responses.

    The calendars return the events of the requested days, the paths by symbol those of the symbol.
    """

    events: dict[str, Rows] = field(default_factory=lambda: {"splits": [], "dividends": []})
    responses: dict[str, Callable[[Mapping[str, str]], Rows]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    base_url: str = ""

    def respond(self, path: str, params: dict[str, str]) -> Rows:
        """Return the rows of a call, and record it."""
        self.calls.append((path, params))
        if path in self.responses:
            return self.responses[path](params)
        rows = self.events.get(path.removesuffix("-calendar"), [])
        if path.endswith("-calendar"):
            return [row for row in rows if params["from"] <= row["date"] <= params["to"]]
        return [row for row in rows if row["symbol"] == params.get("symbol")]

    def list_requested_symbols(self, path: str) -> list[str]:
        """Return the symbols that a path was called for, in order."""
        return [params["symbol"] for requested, params in self.calls if requested == path]


@contextmanager
def run_plain_vendor() -> Iterator[PlainVendor]:
    """A vendor without data yet."""
    vendor = PlainVendor()

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            parts = urlsplit(self.path)
            body = json.dumps(vendor.respond(parts.path.lstrip("/"), dict(parse_qsl(parts.query)))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serve(Handler) as url:
        vendor.base_url = url
        yield vendor


def make_split(symbol: str, day: date, numerator: int, denominator: int = 1) -> dict[str, Any]:
    """A row of the vendor's splits."""
    return {"symbol": symbol, "date": day.isoformat(), "numerator": numerator, "denominator": denominator}


def make_dividend(symbol: str, day: date, amount: float, kind: str | None = "Quarterly") -> dict[str, Any]:
    """A row of the vendor's dividends."""
    return {
        "symbol": symbol, "date": day.isoformat(), "recordDate": day.isoformat(), "paymentDate": "", "declarationDate": "",
        "adjDividend": amount, "dividend": amount, "yield": 4.6, "frequency": kind,
    }  # fmt: skip
