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
from sra_shared.kit.errors import ConfigError, RunParkedError
from sra_shared.kit.texts import excerpt

_MOST_COMPARED = 2000
_REFUSED = frozenset({ResponseKind.PLAN_ENDPOINT, ResponseKind.PLAN_VALUE, ResponseKind.FORBIDDEN, ResponseKind.LEGACY})
_OTHER_SHAPE = frozenset({ResponseKind.ERROR_IN_200, ResponseKind.TRUNCATED})


@dataclass
class EndpointResult:
    """The result of one question.

    `status` is granted, partly (some values are refused), refused, no_data, other_shape, error or not_asked.
    """

    question: Question
    status: str
    message: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
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
            "asked": dict(self.parameters),
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
        self._quota_message = ""

    async def call_all(self, questions: Sequence[Question]) -> list[EndpointResult]:
        """Return the result of each question; throttled bulk files are requested in parallel with the rest."""
        results: dict[int, EndpointResult] = {}

        async def call_in_order(*, is_bulk: bool) -> None:
            for number, question in enumerate(questions):
                if question.endpoint.is_bulk is is_bulk:
                    results[number] = await self._call(question)

        await _run_together([lambda: call_in_order(is_bulk=False), lambda: call_in_order(is_bulk=True)])
        return [results[number] for number in range(len(questions))]

    async def _call(self, question: Question) -> EndpointResult:
        result = EndpointResult(question, "not_asked", self._quota_message)
        refusal = ""
        for request in question.requests:
            if self._quota_message:
                return result
            result = await self._try(question, request)
            if result.status in ("granted", "no_data") and refusal:
                result.status, result.message = "partly", refusal
            if result.status not in ("refused", "no_data"):
                break
            refusal = result.message if result.status == "refused" else refusal
        return result

    async def _try(self, question: Question, request: FmpRequest) -> EndpointResult:
        parameters = {**request.params, **(request.variants[0] if request.variants else {})}
        try:
            response = await self._fetch(question.dataset, request)
            if response is None:
                return EndpointResult(question, "no_data", parameters=parameters)
            return await asyncio.to_thread(self._classify, question, request, parameters, response)
        except ResponseError as error:
            return self._classify_refusal(question, request, parameters, error)
        except OutageError as error:
            return EndpointResult(question, "error", str(error), parameters)
        except RunParkedError as error:
            self._quota_message = str(error)
            return EndpointResult(question, "not_asked", self._quota_message, parameters)
        except AccountError as error:
            raise ConfigError(error.message, next_step="Check FMP_API_KEY and the account, then try again.") from error

    async def _fetch(self, dataset: FmpDataset, request: FmpRequest) -> FmpResponse | None:
        """Return the first response; further pages are not requested."""
        async with aclosing(cast("Any", fetch_pages(self._client, dataset, request))) as responses:
            return cast("FmpResponse | None", await anext(responses, None))

    def _classify(
        self, question: Question, request: FmpRequest, parameters: Mapping[str, str], response: FmpResponse
    ) -> EndpointResult:
        try:
            count = response.call.rows if response.call is not None else len(response.verdict.rows)
            rows = list(islice(read_rows(response), None if request.exchange else _MOST_COMPARED))
        finally:
            if response.csv is not None:
                cast("BinaryIO", response.csv).close()
        if not rows:
            return EndpointResult(question, "no_data", parameters=parameters)
        known = self.known_symbols or frozenset(str(row.get("symbol")) for row in rows if isinstance(row, Mapping))
        batch = parse_rows(question.dataset, rows, request, known_symbols=known)
        found = find_differences(question.dataset, request, rows[:_MOST_COMPARED])
        result = EndpointResult(question, "granted", "", parameters, count, found, batch)
        if found.is_other_shape:
            result.status, result.message = "other_shape", _describe(found)
        elif batch.rejected and not batch.accepted:
            result.status, result.message = "other_shape", f"every record is rejected: {batch.rejected[0].detail}"
        return result

    def _classify_refusal(
        self, question: Question, request: FmpRequest, parameters: Mapping[str, str], error: ResponseError
    ) -> EndpointResult:
        message = excerpt(error.message or error.kind)
        if error.kind in _REFUSED:
            return EndpointResult(question, "refused", message, parameters)
        if error.kind in _OTHER_SHAPE:
            recorded = self._recorder.find_last(request.path)
            rows = recorded.read_rows() if recorded is not None else []
            found = find_differences(question.dataset, request, rows)
            message = _describe(found) if found.rows else f"no rows, but: {message}"
            return EndpointResult(question, "other_shape", message, parameters, 0, found)
        if error.kind in (ResponseKind.RATE_LIMIT, ResponseKind.BANDWIDTH):
            self._quota_message = f"The account's quota is used up: {message}"
            return EndpointResult(question, "not_asked", self._quota_message, parameters)
        return EndpointResult(question, "error", f"{error.kind}: {message}", parameters)


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


def list_fmp_findings(results: Sequence[EndpointResult]) -> list[str]:
    """Return one sentence for each incomplete dataset, or for an endpoint with another shape."""
    findings = []
    by_dataset: dict[str, list[EndpointResult]] = {}
    for result in results:
        by_dataset.setdefault(result.question.dataset.name, []).append(result)
    for name, own in by_dataset.items():
        if not any(result.is_usable for result in own):
            reasons = "; ".join(f"{result.question.path}: {result.message or result.status}" for result in own)
            findings.append(f"{name} cannot be collected ({reasons}).")
            continue
        findings += [_describe_result(result) for result in own if _is_finding(result, own)]
    return findings


def _is_finding(result: EndpointResult, own: Sequence[EndpointResult]) -> bool:
    if result.status in ("other_shape", "error", "not_asked"):
        return True
    if result.status == "refused":
        # a list has no substitute, whereas one endpoint among several has
        return all(other.question.endpoint is result.question.endpoint for other in own)
    return result.status == "partly" and not any(
        other.status == "granted" and other.question.endpoint is not result.question.endpoint for other in own
    )


def _describe_result(result: EndpointResult) -> str:
    words = {
        "other_shape": "returns another shape",
        "error": "did not respond",
        "not_asked": "was not called",
        "partly": "returns only a part",
        "refused": "is outside the plan",
    }
    return f"{result.question.dataset.name}: {result.question.path} {words[result.status]} ({result.message})."
