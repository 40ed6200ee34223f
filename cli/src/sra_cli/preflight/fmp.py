"""Checks what an FMP plan grants: calls each endpoint once and compares its response with the declaration."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, cast

from fmp_collectors.dataset import FmpDataset, FmpRequest
from fmp_collectors.differences import Differences, find_differences
from fmp_collectors.fetch import fetch_pages, parse_rows, read_rows
from fmp_collectors.records import Batch
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind
from fmp_ingest.client.circuit_breaker import OutageError
from fmp_ingest.client.fmp_client import AccountError, FmpClient
from sra_cli.preflight.questions import Question
from sra_cli.preflight.recording import RecordingTransport
from sra_shared.errors import ConfigError, RunParkedError
from sra_shared.texts import excerpt

_MOST_COMPARED = 2000
_REFUSED = frozenset({ResponseKind.PLAN_ENDPOINT, ResponseKind.PLAN_VALUE, ResponseKind.FORBIDDEN, ResponseKind.LEGACY})
_OTHER_SHAPE = frozenset({ResponseKind.ERROR_IN_200, ResponseKind.TRUNCATED})


@dataclass
class Sight:
    """The result of one question.

    `status` is granted, partly (some values are refused), refused, no_data, other_shape, error or not_asked.
    """

    question: Question
    status: str
    message: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    differences: Differences = field(default_factory=Differences)
    batch: Batch = field(default_factory=Batch)

    @property
    def is_usable(self) -> bool:
        """Whether a run gets at least some of its rows from here."""
        return self.status in ("granted", "partly", "no_data") or (self.status == "other_shape" and self.rows > 0)

    def as_dict(self) -> dict[str, Any]:
        """The endpoint in the form of `--json`."""
        endpoint, found = self.question.endpoint, self.differences
        return {
            "dataset": self.question.dataset.name,
            "path": self.question.path,
            "exchange": self.question.requests[0].exchange,
            "status": self.status,
            "message": self.message or None,
            "bulk": endpoint.is_bulk,
            "plan": str(endpoint.plan),
            "asked": dict(self.asked),
            "rows": self.rows,
            "compared": found.rows,
            "missing": list(found.missing),
            "unknown": dict(sorted(found.unknown.items())),
            "odd": {
                name: {"declared": odd.declared, "sent": dict(odd.sent), "rows": odd.rows, "example": odd.example}
                for name, odd in sorted(found.odd.items())
            },
            "rejected_by": dict(Counter(one.reason for one in self.batch.rejected)),
        }


class FmpProbe:
    """Asks one question after the other; an exhausted quota ends the questions, an invalid key ends the command."""

    def __init__(self, client: FmpClient, recorder: RecordingTransport, known_symbols: frozenset[str]) -> None:
        """`known_symbols` are those of the universe; if empty, each response is assumed to be about our listings."""
        self.known_symbols = known_symbols
        self._client = client
        self._recorder = recorder
        self._spent = ""

    async def ask_all(self, questions: Sequence[Question]) -> list[Sight]:
        """Return the result of each question; throttled bulk files are requested in parallel with the rest."""
        answers: dict[int, Sight] = {}

        async def ask_lane(*, is_bulk: bool) -> None:
            for number, question in enumerate(questions):
                if question.endpoint.is_bulk is is_bulk:
                    answers[number] = await self._ask(question)

        await _run_together([lambda: ask_lane(is_bulk=False), lambda: ask_lane(is_bulk=True)])
        return [answers[number] for number in range(len(questions))]

    async def _ask(self, question: Question) -> Sight:
        sight = Sight(question, "not_asked", self._spent)
        refusal = ""
        for request in question.requests:
            if self._spent:
                return sight
            sight = await self._try(question, request)
            if sight.status in ("granted", "no_data") and refusal:
                sight.status, sight.message = "partly", refusal
            if sight.status not in ("refused", "no_data"):
                break
            refusal = sight.message if sight.status == "refused" else refusal
        return sight

    async def _try(self, question: Question, request: FmpRequest) -> Sight:
        asked = {**request.params, **(request.variants[0] if request.variants else {})}
        try:
            answer = await self._fetch(question.dataset, request)
            if answer is None:
                return Sight(question, "no_data", asked=asked)
            return await asyncio.to_thread(self._classify, question, request, asked, answer)
        except ResponseError as error:
            return self._classify_refusal(question, request, asked, error)
        except OutageError as error:
            return Sight(question, "error", str(error), asked)
        except RunParkedError as error:
            self._spent = str(error)
            return Sight(question, "not_asked", self._spent, asked)
        except AccountError as error:
            raise ConfigError(error.message, next_step="Check FMP_API_KEY and the account, then try again.") from error

    async def _fetch(self, dataset: FmpDataset, request: FmpRequest) -> FmpResponse | None:
        """Return the first response; further pages are not requested."""
        async with aclosing(cast("Any", fetch_pages(self._client, dataset, request))) as answers:
            return cast("FmpResponse | None", await anext(answers, None))

    def _classify(
        self, question: Question, request: FmpRequest, asked: Mapping[str, str], answer: FmpResponse
    ) -> Sight:
        try:
            count = answer.call.rows if answer.call is not None else len(answer.verdict.rows)
            rows = list(islice(read_rows(answer), None if request.exchange else _MOST_COMPARED))
        finally:
            if answer.csv is not None:
                cast("BinaryIO", answer.csv).close()
        if not rows:
            return Sight(question, "no_data", asked=asked)
        known = self.known_symbols or frozenset(str(row.get("symbol")) for row in rows if isinstance(row, Mapping))
        batch = parse_rows(question.dataset, rows, request, known_symbols=known)
        found = find_differences(question.dataset, request, rows[:_MOST_COMPARED])
        sight = Sight(question, "granted", "", asked, count, found, batch)
        if found.is_other_shape:
            sight.status, sight.message = "other_shape", _describe(found)
        elif batch.rejected and not batch.accepted:
            sight.status, sight.message = "other_shape", f"every record is rejected: {batch.rejected[0].detail}"
        return sight

    def _classify_refusal(
        self, question: Question, request: FmpRequest, asked: Mapping[str, str], error: ResponseError
    ) -> Sight:
        said = excerpt(error.message or error.kind)
        if error.kind in _REFUSED:
            return Sight(question, "refused", said, asked)
        if error.kind in _OTHER_SHAPE:
            recorded = self._recorder.find_last(request.path)
            rows = recorded.read_rows() if recorded is not None else []
            found = find_differences(question.dataset, request, rows)
            said = _describe(found) if found.rows else f"no rows, but: {said}"
            return Sight(question, "other_shape", said, asked, 0, found)
        if error.kind in (ResponseKind.RATE_LIMIT, ResponseKind.BANDWIDTH):
            self._spent = f"The account's quota is used up: {said}"
            return Sight(question, "not_asked", self._spent, asked)
        return Sight(question, "error", f"{error.kind}: {said}", asked)


def _describe(found: Differences) -> str:
    parts = [f"no row has {', '.join(found.missing)}"] if found.missing else []
    parts += [
        f"{name} is {'/'.join(sorted(odd.sent))} in {odd.rows} of {found.rows} rows, {odd.declared} is declared"
        for name, odd in sorted(found.odd.items())
    ]
    if found.unknown and found.missing:
        parts.append(f"not declared: {', '.join(excerpt(name, 40) for name in sorted(found.unknown)[:20])}")
    return "; ".join(parts)


async def _run_together(steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run the steps concurrently; the first exception cancels the others and is raised."""
    tasks = [asyncio.ensure_future(step()) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def list_fmp_findings(sights: Sequence[Sight]) -> list[str]:
    """Return one sentence for each incomplete dataset, or for an endpoint with another shape."""
    findings = []
    by_dataset: dict[str, list[Sight]] = {}
    for sight in sights:
        by_dataset.setdefault(sight.question.dataset.name, []).append(sight)
    for name, own in by_dataset.items():
        if not any(sight.is_usable for sight in own):
            told = "; ".join(f"{sight.question.path}: {sight.message or sight.status}" for sight in own)
            findings.append(f"{name} cannot be collected ({told}).")
            continue
        findings += [_describe_sight(sight) for sight in own if _is_finding(sight, own)]
    return findings


def _is_finding(sight: Sight, own: Sequence[Sight]) -> bool:
    if sight.status in ("other_shape", "error", "not_asked"):
        return True
    if sight.status == "refused":
        # a list has no substitute, whereas one endpoint among several has
        return all(other.question.endpoint is sight.question.endpoint for other in own)
    return sight.status == "partly" and not any(
        other.status == "granted" and other.question.endpoint is not sight.question.endpoint for other in own
    )


def _describe_sight(sight: Sight) -> str:
    words = {
        "other_shape": "returns another shape",
        "error": "did not respond",
        "not_asked": "was not called",
        "partly": "returns only a part",
        "refused": "is outside the plan",
    }
    return f"{sight.question.dataset.name}: {sight.question.path} {words[sight.status]} ({sight.message})."
