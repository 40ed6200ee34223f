"""Members of the large US indices."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, Dataset, Plan, Scope, Source, Storage
from fmp_collectors.records import Record, Symbol


class Constituent(Record):
    """A member of an index; the year or day of its founding is text, in several forms."""

    index_name: str
    symbol: Symbol
    name: str | None = None
    sector: str | None = None
    sub_sector: str | None = None
    head_quarter: str | None = None
    date_first_added: str | None = None
    cik: str | None = None
    founded: str | None = None


CONSTITUENTS = Dataset(
    name="constituents",
    title="Members of S&P 500, Nasdaq-100 and Dow",
    record=Constituent,
    table="fmp_constituent",
    key=("index_name", "symbol"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    list_field="index_name",
    sources=(
        Source(
            path="{topic}-constituent",
            scope=Scope.TOPIC,
            topics=("sp500", "nasdaq", "dowjones"),
            topic_field="indexName",
            plan=Plan.PREMIUM,
        ),
    ),
)
