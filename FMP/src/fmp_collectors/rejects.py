"""Rejected rows after their response is gone: their identity, and their classification by the current rules."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from fmp_collectors.call import Origin
from fmp_collectors.dataset import FmpDataset, FmpEndpoint, FmpRequest, Scope
from fmp_collectors.fetch import parse_rows
from fmp_collectors.record_shape import is_given, list_names
from fmp_collectors.records import Batch, Record, read_absence

_OCCURRENCE = "occurrence"


def name_row(dataset: FmpDataset, row: Any, origin: Origin | None) -> str | None:
    """Return the key of a row as delivered, or None if the row lacks a part of it.

    The time of observation is not part of the key if rows are states of one thing (quotes): the next state is the same
    row.
    """
    if not isinstance(row, Mapping):
        return None
    given = {} if origin is None else origin.defaults
    parts = []
    for name in dataset.key:
        if name == _OCCURRENCE or (name == dataset.observed and not dataset.keeps_history):
            continue
        sent = list_names(name, dataset.record.model_fields[name])
        value = next((row[one] for one in sent if is_given(row.get(one))), next((given.get(one) for one in sent), None))
        if value is None and dataset.record.model_fields[name].is_required():
            return None
        parts.append("" if read_absence(value) is None else str(value).strip().upper())
    return "\x1f".join(parts)


def find_request(
    dataset: FmpDataset, origin: Origin | None, *, path: str, symbol: str | None, row: Any
) -> FmpRequest | None:
    """Return a request whose response may hold the row. Return None if the dataset no longer has such an endpoint, or
    if the row alone does not reveal its position in its response.

    `path` and `symbol` replace the `origin` of rows that were kept without one.
    """
    found = _find_endpoint(dataset, origin.path if origin is not None else path)
    if found is None:
        return None
    endpoint, topic = found
    if endpoint.reshape is not None:
        if _is_made(dataset.record, row):
            endpoint = _take_made(endpoint)
        elif endpoint.scope is Scope.SYMBOL:
            return None
    if origin is None:
        origin = Origin(path, topic or symbol or "", {endpoint.topic_field: topic} if topic else {})
    is_single = endpoint.scope is Scope.SYMBOL
    symbols = (origin.defaults.get("symbol") or symbol or "",) if is_single else ()
    return FmpRequest(endpoint, origin.subject, {}, symbols, defaults=origin.defaults)


def recheck_row(
    dataset: FmpDataset,
    row: Any,
    request: FmpRequest,
    *,
    known_symbols: Collection[str],
    aliases: Mapping[str, frozenset[str]],
) -> Batch:
    """Read one row by the current rules, like a row of a response."""
    return parse_rows(dataset, [row], request, known_symbols=known_symbols, aliases=aliases)


def _find_endpoint(dataset: FmpDataset, path: str) -> tuple[FmpEndpoint, str] | None:
    """Return the endpoint of a path, and the topic if the path names one."""
    for endpoint in dataset.endpoints:
        if endpoint.path == path:
            return endpoint, ""
        if matched := re.fullmatch(re.escape(endpoint.path).replace(re.escape("{topic}"), "(.+)"), path):
            return endpoint, matched[1]
    return None


# shapes are cached by endpoint
@functools.cache
def _take_made(endpoint: FmpEndpoint) -> FmpEndpoint:
    return replace(endpoint, reshape=None, sends=())


def _is_made(record: type[Record], row: Any) -> bool:
    """Whether a row has the values that were derived from its position in its response."""
    return isinstance(row, Mapping) and all(
        is_given(row.get(list_names(name, record.model_fields[name])[0])) for name in record.made
    )
