"""Keeps the beginnings of responses as they arrive, and saves them without secrets."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from sra_shared.kit.errors import ConfigError
from sra_shared.kit.http.bodies import BodyError, Bound, Unpacker
from sra_shared.kit.logs import redact_text

_KEPT_BYTES = 256 * 1024
_SAVED_ROWS = 50
_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")


@dataclass
class Recorded:
    """One call without its key, and the beginning of its response; `size` is the number of bytes that arrived."""

    path: str
    parameters: Mapping[str, str]
    status: int
    content_type: str
    is_stand_in: bool
    packed: bytearray = field(default_factory=bytearray)
    encoding: str = ""
    size: int = 0

    def read_text(self) -> str:
        """Return the beginning of the body as text."""
        pieces = bytearray()
        # show what arrived before the error
        with suppress(BodyError):
            unpacker = Unpacker([self.encoding], Bound.of(16 * _KEPT_BYTES))
            for piece in unpacker.feed(bytes(self.packed)):
                pieces += piece
        return pieces.decode("utf-8", "replace")

    def cut_text(self) -> str:
        """Return the body with only its first whole rows, completed to a valid body."""
        text = self.read_text()
        start = text.lstrip("\ufeff \t\r\n")
        if start.startswith("["):
            return f"[{','.join(part for part, _ in _take_rows(start))}]"
        return _take_lines(text) if "csv" in self.content_type else text[:_KEPT_BYTES]

    def read_rows(self) -> list[Any]:
        """Return the first rows of a body that the validation refused; empty if it has no rows."""
        text = self.read_text().lstrip("\ufeff \t\r\n")
        return [row for _, row in _take_rows(text)] if text.startswith("[") else []


def _take_rows(text: str) -> list[tuple[str, Any]]:
    """Return the first elements of an array that may be truncated, each as text and as value."""
    rows: list[tuple[str, Any]] = []
    place = 1
    while len(rows) < _SAVED_ROWS:
        place = cast("re.Match[str]", _BETWEEN.match(text, place)).end()
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        rows.append((text[place:end], value))
        place = end
    return rows


def _take_lines(text: str) -> str:
    """Return the header and the first rows of a CSV body that may be truncated."""
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines)
    ends = [0]
    # stop at the first row that cannot be read
    with suppress(csv.Error):
        ends.extend(reader.line_num for _ in itertools.islice(reader, _SAVED_ROWS + 1))
    if ends[-1] == len(lines) and not text.endswith("\n"):
        ends.pop()
    return "".join(lines[: ends[-1]])


class RecordingTransport(httpx.AsyncBaseTransport):
    """Forwards calls and records the responses."""

    def __init__(self, inner: httpx.AsyncBaseTransport, base_url: str, mark: str) -> None:
        """`mark` is the header that identifies a stand-in."""
        self.calls: list[Recorded] = []
        self._inner = inner
        self._base = httpx.URL(base_url).path.rstrip("/") + "/"
        self._mark = mark

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        recorded = Recorded(
            request.url.path.removeprefix(self._base),
            dict(request.url.params),
            response.status_code,
            response.headers.get("content-type", ""),
            self._mark in response.headers,
            encoding=response.headers.get("content-encoding", ""),
        )
        self.calls.append(recorded)
        response.stream = _Tee(cast("httpx.AsyncByteStream", response.stream), recorded)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def find_last(self, path: str) -> Recorded | None:
        """Return the newest response of a path."""
        return next((call for call in reversed(self.calls) if call.path == path), None)


class _Tee(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, recorded: Recorded) -> None:
        self._inner = inner
        self._recorded = recorded

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            self._recorded.size += len(part)
            self._recorded.packed += part[: _KEPT_BYTES - len(self._recorded.packed)]
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def prepare_folder(folder: Path) -> None:
    """Create an empty folder for responses that only its owner can read; raises ConfigError if that is not possible."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty.", next_step="Name an empty or a new folder.")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.", next_step="Choose another one.") from error


def save_answers(folder: Path, calls: list[Recorded]) -> int:
    """Write the first rows of each response to a separate file, without secrets; return the number of files."""
    for number, call in enumerate(calls, 1):
        content = {
            "path": call.path,
            "parameters": {name: redact_text(value) for name, value in call.parameters.items()},
            "status": call.status,
            "content_type": call.content_type,
            "stand_in": call.is_stand_in,
            "body": redact_text(call.cut_text()),
        }
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        target = folder / f"{number:03d}_{re.sub('[^A-Za-z0-9]+', '_', call.path)[:60]}.json"
        try:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError(
                f"{target} cannot be written: {error.strerror}.", next_step="Check permissions and free space."
            ) from error
    return len(calls)
