"""Descriptions of declarations for the command's list, its help, and the page of datasets."""

from __future__ import annotations

from fmp_collectors.currencies import ALWAYS, BASE, MINOR_UNITS
from fmp_collectors.dataset import Audience, FmpDataset, FmpEndpoint, History, Repeats, Scope, Storage
from fmp_collectors.record_shape import make_shape

_AUDIENCES = {
    Audience.ALL: "all listings",
    Audience.FUNDS: "ETFs and funds",
    Audience.COMPANIES: "companies",
    Audience.CURRENCIES: f"USDCAD, and {BASE} with every other currency of a stored profile or of a company's oldest and"
    f" newest statements; minor units count as their currency ({', '.join(f'{m} as {c}' for m, c in MINOR_UNITS.items())})",
}
_HISTORIES = {
    History.LISTED: "yes",
    History.DELISTED: "yes, including companies delisted within those years",
}
_STORAGES = {
    Storage.ROWS: "newest row of each key",
    Storage.SNAPSHOT: "list, with the times at which it contained each entry",
    Storage.VERSIONS: "every version of each key",
    Storage.EVENTS: "events, with the times at which the vendor reported them",
}
_REPEATS = {
    Repeats.AMBIGUOUS: "all rejected as `ambiguous_key`",
    Repeats.SET: "all are stored, as a set",
    Repeats.NUMBERED: "all are stored, numbered by their content",
    Repeats.FILED: "versions by filing or acceptance date; rejected as `ambiguous_key` if those dates do not order them",
    Repeats.FULLER: "the more complete one is stored, else the newer by `lastUpdated`; the others are rejected as `superseded`,"
    " or all as `ambiguous_key`",
}


def describe_calls(endpoint: FmpEndpoint) -> str:
    """Return how many calls an endpoint takes, such as `1 per symbol`."""
    pages = f" and {endpoint.page_size:,} rows" if endpoint.page_size else ""
    if endpoint.scope is Scope.SYMBOL:
        return f"{2 if endpoint.is_fiscal else 1} per symbol"
    if endpoint.scope is Scope.TOPIC:
        return "1 per pair" if endpoint.topics == ALWAYS else f"{len(endpoint.topics)}"
    if endpoint.scope is Scope.PARTS:
        return "1 per part, about 5"
    words = {
        Scope.LIST: f"1 per {endpoint.page_size} rows" if endpoint.page_size else "1",
        Scope.EXCHANGE: f"1 per exchange{pages}",
        Scope.BATCH: f"1 per {endpoint.batch_size} symbols",
        Scope.RANGE: f"1 per {endpoint.range_days} days",
        Scope.SESSION: "1 per session",
        Scope.FISCAL: "1 per fiscal year and period, 15 a week",
    }
    return words[endpoint.scope]


def describe_endpoint(endpoint: FmpEndpoint) -> str:
    """Return path, calls and plan of an endpoint in one line."""
    kind = ", bulk" if endpoint.is_bulk else ""
    return f"`{endpoint.path}`: {describe_calls(endpoint)} ({endpoint.plan} plan{kind})"


def describe_proof(dataset: FmpDataset, endpoint: FmpEndpoint) -> str:
    """Return the fields that a row of an endpoint must have to be a record."""
    return f"a record has {', '.join(make_shape(dataset, endpoint).key)}"


def describe_repeats(dataset: FmpDataset) -> str:
    """Return the rule for different rows of one key in one response."""
    return _REPEATS[dataset.repeats]


def describe_prices(dataset: FmpDataset) -> str:
    """Return what a price of zero or less causes; empty if a dataset holds no prices."""
    parts = [f"in {', '.join(names)} {cost}" for names, cost in _list_costs(dataset) if names]
    return "; ".join(parts)


def _list_costs(dataset: FmpDataset) -> tuple[tuple[tuple[str, ...], str], ...]:
    return (dataset.prices, "rejects the row (`bad_price`)"), (dataset.side_prices, "drops the value, with a warning")


def describe_audience(dataset: FmpDataset) -> str:
    """Return which listings a dataset is about; empty if it is about none."""
    if dataset.is_worldwide:
        return ""
    by_symbol = dataset.symbol_fields or any(s.scope in (Scope.SYMBOL, Scope.BATCH) for s in dataset.endpoints)
    return _AUDIENCES[dataset.audience] if by_symbol or dataset.audience is Audience.CURRENCIES else ""


def describe_history(dataset: FmpDataset) -> str:
    """Return whether and for which companies the first backfill covers the dataset; empty if it does not."""
    return _HISTORIES.get(dataset.history, "")


def describe_storage(dataset: FmpDataset) -> str:
    """Return what the table keeps."""
    rule = f"; rows with one key form a set, and {dataset.kind_field} names their kind" if dataset.kind_field else ""
    is_traced = "; replaced rows are in `fmp_row_history`" if dataset.moves_replaced else ""
    moving = sorted(dataset.record.moving) if dataset.moves_replaced else ()
    exempt = f", except after a change of only {', '.join(moving)}" if moving else ""
    return f"{_STORAGES[dataset.storage]}{is_traced}{exempt}{rule}"


def write_line(dataset: FmpDataset) -> str:
    """Return name, cadence and calls in fixed columns, for the command's help."""
    return f"{dataset.name:21} {dataset.cadence:7} {describe_calls(dataset.endpoints[0])}"
