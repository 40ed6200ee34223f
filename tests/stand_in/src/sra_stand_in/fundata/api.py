"""The entry of the made-up Fundata: log in, request an export, poll, download."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from sra_stand_in.fundata.datasets import BY_ENDPOINT, DATASETS, GENERAL_ENDPOINTS, Dataset
from sra_stand_in.fundata.exports import encode_csv, encode_json
from sra_stand_in.fundata.records import Record, make_records, read_records
from sra_stand_in.fundata.updates import change_day, update_records
from sra_stand_in.http import CSV_TYPE, Request, Response, respond_json, respond_text
from sra_stand_in.limits import Door
from sra_stand_in.options import Options

AUTH_PREFIX = "/fundata-auth/"
API_PREFIX = "/fundata-api/"
_EXPIRED_LINK = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>'
    "<Message>Request has expired</Message></Error>"
)


@dataclass(slots=True)
class Behaviour:
    """How exports go; all of it can be changed while the stand-in runs.

    An export is Running for `pending_polls` responses and at least `pending_seconds`. The `fail_next`, `expire_next`,
    `cut_next`, `empty_next` and `revoke_next` counts hit that many of the next exports, links, files, exports, calls.
    """

    format: str = "csv"
    pending_polls: int = 1
    pending_seconds: float = 0.0
    token_seconds: float = 3600.0
    link_seconds: float = 900.0
    same_execution: bool = False
    fail_next: int = 0
    expire_next: int = 0
    cut_next: int = 0
    empty_next: int = 0
    revoke_next: int = 0

    def take(self, name: str) -> bool:
        """Decrement a counter; return False if it is zero."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0


@dataclass(slots=True)
class Export:
    """One export job."""

    execution_id: str
    dataset: Dataset
    from_day: int
    language: str | None
    made_at: float
    polls: int = 0
    failed: bool = False
    empty: bool = False


class FundataApi:
    """One made-up Fundata."""

    def __init__(self, options: Options, day: dt.date, clock: Callable[[], float] = time.monotonic) -> None:
        self.door = Door(clock=clock)
        self.behaviour = Behaviour(
            format=options.fundata_format,
            pending_polls=options.pending_polls,
            token_seconds=options.token_seconds,
            link_seconds=options.link_seconds,
        )
        self._options = options
        self._clock = clock
        self._as_of = day.toordinal()
        self._tokens: dict[str, float] = {}
        self._exports: dict[str, Export] = {}
        self._links: dict[str, tuple[str, float]] = {}
        self._base: dict[str, list[Record]] = {}
        self._current: dict[str, list[Record]] = {}

    def set_as_of(self, day: dt.date) -> None:
        """Move to another day: exports requested from now on contain its changes."""
        self._as_of = day.toordinal()
        self._current.clear()

    def change_behaviour(self, values: object) -> None:
        """Set fields of the behaviour by name.

        Raises ValueError for an unknown name or a value of another type.
        """
        if not isinstance(values, dict):
            raise ValueError("an object of settings is expected")
        types = {one.name: type(getattr(self.behaviour, one.name)) for one in fields(Behaviour)}
        for name, value in values.items():
            kind = types.get(name)
            if kind is None or not isinstance(value, (float, int) if kind is float else kind):
                raise ValueError(f"{name}: unknown, or not of type {kind.__name__ if kind else 'any'}")
        self.behaviour = replace(self.behaviour, **values)

    def list_records(self, dataset: Dataset) -> list[Record]:
        """The vendor's records of a dataset on the day."""
        if dataset.name not in self._current:
            if dataset.name not in self._base:
                tree = self._options.fundata_tree
                self._base[dataset.name] = (
                    read_records(dataset, tree)
                    if tree
                    else make_records(dataset, funds=self._options.funds, seed=self._options.seed)
                )
            self._current[dataset.name] = update_records(dataset, self._base[dataset.name], self._as_of)
        return self._current[dataset.name]

    def respond(self, request: Request) -> tuple[Response, bool]:
        """Respond to a call; the second value is whether to truncate the body."""
        if request.path == f"{AUTH_PREFIX}authenticate":
            return self._authenticate(request), False
        path = request.path.removeprefix(API_PREFIX)
        if path.startswith("download/"):
            return self._download(path.removeprefix("download/"), request)
        token = request.headers.get("authorization", "")
        if self.behaviour.take("revoke_next"):
            self._tokens.pop(token, None)
        if self._clock() >= self._tokens.get(token, 0.0) or token not in self._tokens:
            return respond_json({"message": "Unauthorized"}, 401), False
        if path.startswith("getresults/"):
            return self._poll(path.removeprefix("getresults/"), request), False
        dataset = BY_ENDPOINT.get(path)
        if dataset is None:
            return respond_json({"message": "Missing Authentication Token"}, 403), False
        return self._start_export(dataset, path, request), False

    def _authenticate(self, request: Request) -> Response:
        if request.method != "POST":
            return respond_json({"message": "Method Not Allowed"}, 405)
        requested = request.read_json()
        if not isinstance(requested, dict) or not requested.get("key") or not requested.get("secret"):
            return respond_json({"message": "key and secret are required"}, 400)
        if self._options.invalid_key in {requested["key"], requested["secret"]}:
            return respond_json({"message": "Invalid credentials"}, 401)
        stamp = hashlib.blake2b(f"{self._options.seed}:{len(self._tokens)}".encode(), digest_size=24).hexdigest()
        token = f"eyJhbGciOiJIUzI1NiJ9.{stamp}.stand-in"
        self._tokens[token] = self._clock() + self.behaviour.token_seconds
        return respond_json({"token": token})

    def _start_export(self, dataset: Dataset, path: str, request: Request) -> Response:
        try:
            from_day = dt.date.fromisoformat(request.params.get("fromdate", "")).toordinal()
        except ValueError:
            return respond_json({"message": "fromdate is required as YYYY-MM-DD"}, 400)
        language = request.params.get("language") if path in GENERAL_ENDPOINTS else None
        if language not in {None, "en", "fr"}:
            return respond_json({"message": "language is en or fr"}, 400)
        name = f"{path}:{from_day}:{language}:{self._as_of}"
        if not self.behaviour.same_execution:
            name += f":{len(self._exports)}"
        execution_id = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        if execution_id not in self._exports:
            self._exports[execution_id] = Export(
                execution_id,
                dataset,
                from_day,
                language,
                self._clock(),
                failed=self.behaviour.take("fail_next"),
                empty=self.behaviour.take("empty_next"),
            )
        return respond_json({"execution_id": execution_id})

    def _poll(self, execution_id: str, request: Request) -> Response:
        export = self._exports.get(execution_id)
        if export is None:
            return respond_json({"message": f"No execution {execution_id}"}, 404)
        export.polls += 1
        waited = self._clock() - export.made_at
        if export.polls <= self.behaviour.pending_polls or waited < self.behaviour.pending_seconds:
            return respond_json({"status": "Running"})
        if export.failed:
            return respond_json({"status": "Failed"})
        link = hashlib.blake2b(f"{execution_id}:{export.polls}".encode(), digest_size=12).hexdigest()
        life = 0.0 if self.behaviour.take("expire_next") else self.behaviour.link_seconds
        self._links[link] = (execution_id, self._clock() + life)
        ending = "json" if self.behaviour.format == "json" else "csv"
        url = f"{request.base}{API_PREFIX}download/{export.dataset.name}-{execution_id}.{ending}?signature={link}"
        return respond_json({"status": "Succeeded", "url": url})

    def _download(self, name: str, request: Request) -> tuple[Response, bool]:
        execution_id, ends = self._links.get(request.params.get("signature", ""), ("", 0.0))
        export = self._exports.get(execution_id)
        if export is None or execution_id not in name or self._clock() >= ends:
            return respond_text(_EXPIRED_LINK, 403, "application/xml"), False
        records = [] if export.empty else self._choose_records(export)
        cut = self.behaviour.take("cut_next")
        if self.behaviour.format == "json":
            return Response(body=encode_json(export.dataset, records)), cut
        return Response(body=encode_csv(export.dataset, records), content_type=CSV_TYPE), cut

    def _choose_records(self, export: Export) -> list[Record]:
        dataset = export.dataset
        found = [one for one in self.list_records(dataset) if change_day(dataset, one) >= export.from_day]
        if export.language:
            at = dataset.columns.index("Language")
            found = [one for one in found if one[at].strip().lower() == export.language]
        return found

    def report(self) -> dict[str, object]:
        """Figures of the door and how many records each dataset holds so far."""
        held = {name: len(records) for name, records in self._current.items() if name in DATASETS}
        return self.door.report() | {"exports": len(self._exports), "tokens": len(self._tokens), "records": held}

    def reset(self) -> None:
        """Forget figures, tokens, exports and links; the behaviour returns to that of the start."""
        self.door.reset()
        self._tokens.clear()
        self._exports.clear()
        self._links.clear()
        self.behaviour = Behaviour(
            format=self._options.fundata_format,
            pending_polls=self._options.pending_polls,
            token_seconds=self._options.token_seconds,
            link_seconds=self._options.link_seconds,
        )
