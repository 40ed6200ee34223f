"""What a declaration says, in words: for the command's list, its help, and the page of datasets."""

from __future__ import annotations

from fmp_collectors.dataset import Audience, Dataset, Scope, Source, Storage

_AUDIENCES = {Audience.ALL: "all listings", Audience.FUNDS: "ETFs and funds", Audience.COMPANIES: "companies"}
_STORAGES = {
    Storage.ROWS: "newest row of each key",
    Storage.SNAPSHOT: "list with the times at which it named each entry",
    Storage.VERSIONS: "every content of each key",
}


def describe_calls(source: Source) -> str:
    """Return how many calls a source takes, such as `1 per symbol`."""
    pages = f" and {source.page_size:,} rows" if source.page_size else ""
    if source.scope is Scope.SYMBOL:
        return f"{2 if source.is_fiscal else 1} per symbol"
    if source.scope is Scope.TOPIC:
        return f"{len(source.topics)}"
    if source.scope is Scope.PARTS:
        return "1 per part, about 5"
    words = {
        Scope.LIST: f"1 per {source.page_size} rows" if source.page_size else "1",
        Scope.EXCHANGE: f"1 per exchange{pages}",
        Scope.BATCH: f"1 per {source.batch_size} symbols",
        Scope.RANGE: f"1 per {source.range_days} days",
        Scope.SESSION: "1 per session",
        Scope.FISCAL: "1 per fiscal year and period, 10 a week",
    }
    return words[source.scope]


def describe_source(source: Source) -> str:
    """Return path, calls and plan of a source in one line."""
    kind = ", bulk" if source.is_bulk else ""
    return f"`{source.path}`: {describe_calls(source)} ({source.plan} plan{kind})"


def describe_audience(dataset: Dataset) -> str:
    """Return which listings a dataset is about; empty where it is about none."""
    by_symbol = dataset.symbol_fields or any(s.scope in (Scope.SYMBOL, Scope.BATCH) for s in dataset.sources)
    return _AUDIENCES[dataset.audience] if by_symbol else ""


def describe_storage(dataset: Dataset) -> str:
    """Return what the table keeps."""
    return _STORAGES[dataset.storage]


def write_line(dataset: Dataset) -> str:
    """Return name, cadence and calls in fixed columns, for the command's help."""
    return f"{dataset.name:21} {dataset.cadence:7} {describe_calls(dataset.sources[0])}"
