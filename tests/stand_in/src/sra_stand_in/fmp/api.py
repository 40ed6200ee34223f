"""The entry of the made-up FMP: key, limit, plan, then the response of a path."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict

from sra_stand_in.fmp.revisions import Revisions
from sra_stand_in.fmp.routes import ROUTES, BadQuery, Call, RestrictedSymbol, Session
from sra_stand_in.fmp.saved import SavedResponses
from sra_stand_in.fmp.texts import (
    BULK_REACHED,
    INVALID_KEY,
    LIMIT_REACHED,
    RESTRICTED_ENDPOINT,
    RESTRICTED_SYMBOL,
    find_floor,
    respond_error,
    respond_to_bad_query,
)
from sra_stand_in.fmp.universe import Universe
from sra_stand_in.fmp.world import World
from sra_stand_in.http import Request, Response, respond_text
from sra_stand_in.limits import Door
from sra_stand_in.options import PLANS, Options

PREFIX = "/stable/"
_CACHE_BYTES = 32 * 1024 * 1024


class StandInCache:
    """Bodies already made, the oldest dropped when they pass a size."""

    def __init__(self, size: int = _CACHE_BYTES) -> None:
        self._size = size
        self._held = 0
        self._bodies: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def find(self, key: tuple[object, ...]) -> bytes | None:
        """A body made before."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def keep(self, key: tuple[object, ...], body: bytes) -> None:
        """Keep a body."""
        self._bodies[key] = body
        self._held += len(body)
        while self._held > self._size:
            _, dropped = self._bodies.popitem(last=False)
            self._held -= len(dropped)

    def clear(self) -> None:
        """Forget all."""
        self._bodies.clear()
        self._held = 0


class FmpApi:
    """One made-up FMP: a universe, a day, a plan and a door that counts."""

    def __init__(self, options: Options, day: dt.date) -> None:
        self.plan = options.plan
        self.door = Door(limit=options.fmp_limit, bulk_limit=options.bulk_limit, window=options.window_seconds)
        self._invalid_key = options.invalid_key
        self._universe = Universe(seed=options.seed, securities=options.securities)
        self._cache = StandInCache()
        self._saved = SavedResponses(options.answers)
        self.revisions = Revisions()
        self.session = Session(World(self._universe, day), self.revisions)

    @property
    def as_of(self) -> dt.date:
        """The day of the world."""
        return dt.date.fromordinal(self.session.world.as_of)

    def set_as_of(self, day: dt.date) -> None:
        """Move the world to another day."""
        self._cache.clear()
        self.session = Session(World(self._universe, day), self.revisions)

    def change_events(self, value: object) -> None:
        """Change the events of symbols and days, as `Revisions.change` reads them; raises RevisionError."""
        self.revisions.change(value)
        self._cache.clear()

    def restore_events(self) -> None:
        """Name the events of the made-up world again."""
        self.revisions.clear()
        self._cache.clear()

    def respond(self, request: Request) -> Response:
        """Respond to a call that has been counted."""
        path = request.path.removeprefix(PREFIX)
        return self._refuse(path, request) or self._respond_on_route(path, request)

    def _refuse(self, path: str, request: Request) -> Response | None:
        """The refusal of a call, in the order in which the vendor looks; None where it is let in."""
        key = request.headers.get("apikey") or request.params.get("apikey", "")
        refusal = None
        if request.method not in {"GET", "HEAD"}:
            refusal = respond_text("Method Not Allowed", 405)
        elif not key or key == self._invalid_key:
            refusal = respond_error(INVALID_KEY, 401)
        elif not self.door.admits():
            refusal = respond_error(LIMIT_REACHED, 429)
        elif path not in ROUTES:
            refusal = respond_text("[]", 404)
        elif PLANS.index(self.plan) < PLANS.index(find_floor(path)):
            refusal = respond_text(RESTRICTED_ENDPOINT, 402)
        elif path.endswith("-bulk") and not self.door.admits_bulk():
            refusal = respond_error(BULK_REACHED, 200)
        return refusal

    def _respond_on_route(self, path: str, request: Request) -> Response:
        params = {name: value.strip() for name, value in request.params.items() if name != "apikey"}
        key = (path, self.plan, *sorted(params.items()))
        if (saved := self._saved.find(path, params)) is not None:
            return saved
        if (body := self._cache.find(key)) is not None:
            return Response(body=body)
        try:
            made = ROUTES[path](self.session, Call(path, params, self.plan))
        except BadQuery as problem:
            return respond_to_bad_query(problem.name) if problem.text is None else respond_text(problem.text, 400)
        except RestrictedSymbol:
            return respond_text(RESTRICTED_SYMBOL, 402)
        if isinstance(made, Response):
            return made
        self._cache.keep(key, made)
        return Response(body=made)
