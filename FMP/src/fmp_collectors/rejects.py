"""Rejected rows after their answer is gone: what makes one the same row again, and its judgement under today's rules."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from fmp_collectors.call import Origin
from fmp_collectors.dataset import Dataset, Request, Scope, Source
from fmp_collectors.fetch import parse_rows
from fmp_collectors.judge import is_given, list_names
from fmp_collectors.records import Batch, Record, read_absence

_OCCURRENCE = "occurrence"


def name_row(dataset: Dataset, row: Any, origin: Origin | None) -> str | None:
    """Return the key of a row as delivered, None where it lacks a part of it.

    The time at which something was seen is no part of it where rows are states of one thing (quotes): the next state is the
    same row again.
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


def find_request(dataset: Dataset, origin: Origin | None, *, path: str, symbol: str | None, row: Any) -> Request | None:
    """Return a request whose answer the row may be of, None where the dataset has no such source any more, or the row alone
    does not tell its place in its answer.

    `path` and `symbol` stand for the `origin` of rows that were kept without one.
    """
    found = _find_source(dataset, origin.path if origin is not None else path)
    if found is None:
        return None
    source, topic = found
    if source.reshape is not None:
        if _is_made(dataset.record, row):
            source = _take_made(source)
        elif source.scope is Scope.SYMBOL:
            return None
    if origin is None:
        origin = Origin(path, topic or symbol or "", {source.topic_field: topic} if topic else {})
    is_single = source.scope is Scope.SYMBOL
    symbols = (origin.defaults.get("symbol") or symbol or "",) if is_single else ()
    return Request(source, origin.subject, {}, symbols, defaults=origin.defaults)


def judge_again(
    dataset: Dataset,
    row: Any,
    request: Request,
    *,
    known_symbols: Collection[str],
    aliases: Mapping[str, frozenset[str]],
) -> Batch:
    """Read one row as an answer's are read today."""
    return parse_rows(dataset, [row], request, known_symbols=known_symbols, aliases=aliases)


def _find_source(dataset: Dataset, path: str) -> tuple[Source, str] | None:
    """Return the source of a path, and the topic where the path names one."""
    for source in dataset.sources:
        if source.path == path:
            return source, ""
        if matched := re.fullmatch(re.escape(source.path).replace(re.escape("{topic}"), "(.+)"), path):
            return source, matched[1]
    return None


# shapes are kept by source
@functools.cache
def _take_made(source: Source) -> Source:
    return replace(source, reshape=None, sends=())


def _is_made(record: type[Record], row: Any) -> bool:
    """Whether a row holds the values that were made from its place in its answer."""
    return isinstance(row, Mapping) and all(
        is_given(row.get(list_names(name, record.model_fields[name])[0])) for name in record.made
    )
