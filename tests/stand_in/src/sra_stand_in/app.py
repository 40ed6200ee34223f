"""The ASGI application: counts requests, applies faults, and passes the rest to the two made-up vendors."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import struct
from dataclasses import replace

from sra_stand_in.calendars import FIRST_YEAR, LAST_YEAR
from sra_stand_in.faults import (
    DEFAULT_SECONDS,
    PLAIN_KINDS,
    Fault,
    RuleError,
    list_huge_chunks,
    read_rules,
    respond_with_fault,
)
from sra_stand_in.fmp.api import PREFIX, FmpApi
from sra_stand_in.fmp.texts import LEGACY, respond_error
from sra_stand_in.fundata.api import API_PREFIX, AUTH_PREFIX, FundataApi
from sra_stand_in.http import (
    Receive,
    Request,
    Response,
    Scope,
    Send,
    read_request,
    respond_json,
    respond_text,
    send_response,
    send_start,
    wait_for_hangup,
)
from sra_stand_in.limits import Door
from sra_stand_in.options import PLANS, Options

CONTROL_PREFIX = "/control/"
TRANSPORT_KEY = "sra_stand_in.transport"
"""Under this name the server leaves the connection in the scope's state, so that a fault can break it."""


def read_today() -> dt.date:
    """The default day of the world: today, UTC."""
    return dt.datetime.now(dt.UTC).date()


class StandInApp:
    """Both vendors behind one port, and the controls under `/control/`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._day = options.as_of or read_today()
        self._follows_clock = options.as_of is None
        self.fmp = FmpApi(options, self._day)
        self.fundata = FundataApi(options, self._day)
        self.faults: list[Fault] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        door = self._find_door(path)
        if door is None:
            request = await read_request(scope, receive)
            await send_response(request, self._respond_elsewhere(request), send)
            return
        if self._follows_clock and (today := read_today()) != self._day:
            self.set_as_of(today)
        door.enter(path)
        try:
            await self._serve_vendor(door, scope, receive, send)
        finally:
            door.leave()

    def set_as_of(self, day: dt.date) -> None:
        """Move both vendors to a day."""
        self._day = day
        self.fmp.set_as_of(day)
        self.fundata.set_as_of(day)

    def _find_door(self, path: str) -> Door | None:
        if path.startswith(PREFIX):
            return self.fmp.door
        return self.fundata.door if path.startswith((AUTH_PREFIX, API_PREFIX)) else None

    async def _serve_vendor(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        fault = next((rule for rule in self.faults if rule.hits_call(request)), None)
        if fault is not None and fault.kind in PLAIN_KINDS:
            response = respond_with_fault(fault, request)
            door.by_status[response.status] += 1
            await send_response(request, response, send)
            return
        if fault is not None and fault.kind in {"hang", "huge_body", "reset"}:
            await self._break_call(fault, scope, receive, send)
            return
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(DEFAULT_SECONDS if fault.seconds is None else fault.seconds)
        response, cut = self._respond_as_vendor(request)
        door.by_status[response.status] += 1
        if cut or (fault is not None and fault.kind == "cut_body"):
            await _send_cut(_gather(response), scope, receive, send)
        elif fault is not None and fault.kind == "truncated_json":
            whole = _gather(response)
            await send_response(request, replace(whole, body=whole.body[: max(1, len(whole.body) // 2)]), send)
        else:
            await send_response(request, response, send)

    def _respond_as_vendor(self, request: Request) -> tuple[Response, bool]:
        if request.path.startswith(PREFIX):
            return self.fmp.respond(request), False
        return self.fundata.respond(request)

    async def _break_call(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "reset":
            _reset_connection(scope)
            await wait_for_hangup(receive)
        elif fault.kind == "hang":
            try:
                async with asyncio.timeout(fault.seconds):
                    await wait_for_hangup(receive)
            except TimeoutError:
                _reset_connection(scope)
                await wait_for_hangup(receive)
        else:
            await send_start(Response(), send, length=None)
            for chunk in list_huge_chunks(fault.size):
                if scope.get("state", {})[TRANSPORT_KEY].is_closing():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    def _respond_elsewhere(self, request: Request) -> Response:
        if request.path.startswith(CONTROL_PREFIX):
            return self._control(request)
        if request.path.startswith("/api/v"):
            return respond_error(LEGACY, 403)
        return respond_text("[]", 404)

    def _control(self, request: Request) -> Response:
        path = request.path.removeprefix(CONTROL_PREFIX)
        if path == "faults" and request.method in {"POST", "DELETE"}:
            return self._change_faults(request)
        actions = {
            ("GET", "stats"): self._report,
            ("GET", "faults"): lambda: [fault.report() for fault in self.faults],
            ("POST", "reset"): self._reset,
        }
        if action := actions.get((request.method, path)):
            return respond_json(action())
        changes = {("POST", "fmp"): self._change_fmp, ("POST", "fundata"): self.fundata.change_behaviour,
                   ("POST", "as-of"): self._change_day, ("POST", "events"): self.fmp.change_events}  # fmt: skip
        change = changes.get((request.method, path))
        if change is None:
            return respond_json({"error": f"no control {request.method} {path}"}, 404)
        try:
            change(request.read_json())
        except ValueError as problem:
            return respond_json({"error": str(problem)}, 422)
        return respond_json(self._report())

    def _change_faults(self, request: Request) -> Response:
        try:
            self.faults = [] if request.method == "DELETE" else read_rules(request.read_json(), self.options.seed)
        except RuleError as problem:
            return respond_json({"error": str(problem)}, 422)
        return respond_json({"rules": len(self.faults)})

    def _change_fmp(self, values: object) -> None:
        if not isinstance(values, dict) or set(values) - {"plan", "limit", "bulk_limit"}:
            raise ValueError("an object with plan, limit or bulk_limit is expected")
        if values.get("plan", "free") not in PLANS:
            raise ValueError(f"plan is one of {', '.join(PLANS)}")
        numbers = [values.get("limit", 0), values.get("bulk_limit", 0)]
        if any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in numbers):
            raise ValueError("limit and bulk_limit are whole numbers, 0 for none")
        self.fmp.plan = values.get("plan", self.fmp.plan)
        self.fmp.door.limit = values.get("limit", self.fmp.door.limit)
        self.fmp.door.bulk_limit = values.get("bulk_limit", self.fmp.door.bulk_limit)

    def _change_day(self, values: object) -> None:
        if not isinstance(values, dict) or not isinstance(values.get("date"), str):
            raise ValueError('{"date": "YYYY-MM-DD"} is expected')
        day = dt.date.fromisoformat(values["date"])
        if not FIRST_YEAR + 5 < day.year < LAST_YEAR:
            raise ValueError(f"the made-up world lasts from {FIRST_YEAR + 6} to {LAST_YEAR - 1}")
        self._follows_clock = False
        self.set_as_of(day)

    def _report(self) -> dict[str, object]:
        return {
            "as_of": self.fmp.as_of.isoformat(),
            "plan": self.fmp.plan,
            "securities": self.options.securities,
            "fmp": self.fmp.door.report(),
            "fundata": self.fundata.report(),
            "faults": [fault.report() for fault in self.faults],
        }

    def _reset(self) -> dict[str, object]:
        self.faults = []
        self.fmp.door.reset()
        self.fmp.restore_events()
        self.fundata.reset()
        return {"reset": True}


def _gather(response: Response) -> Response:
    """The response with its whole body in memory and uncompressed, so that half of it is half of the text."""
    if response.lines is None:
        return replace(response, may_compress=False)
    return replace(response, body="".join(response.lines).encode(), lines=None, may_compress=False)


def _reset_connection(scope: Scope) -> None:
    """Close the connection so that the caller sees a reset instead of an end."""
    transport: asyncio.Transport = scope["state"][TRANSPORT_KEY]
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _send_cut(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Announce the whole length, send half of it, close the connection."""
    await send_start(response, send, length=len(response.body))
    await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True})
    transport: asyncio.Transport = scope["state"][TRANSPORT_KEY]
    transport.close()
    await wait_for_hangup(receive)
