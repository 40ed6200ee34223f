"""Members of the large US indices."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope, Storage
from fmp_collectors.records import Cik, Day, Record, Symbol, SymbolOrNothing


class Constituent(Record):
    """A member of an index; its founding year or day is text, in several formats."""

    index_name: str
    symbol: Symbol
    name: str | None = None
    sector: str | None = None
    sub_sector: str | None = None
    head_quarter: str | None = None
    date_first_added: str | None = None
    cik: Cik = None
    founded: str | None = None


class ConstituentChange(Record):
    """An addition to an index or a removal from it; the fields of the other are empty. `date_added` is text in a long format."""

    index_name: str
    date: Day
    symbol: SymbolOrNothing = ""
    removed_ticker: SymbolOrNothing = ""
    date_added: str | None = None
    added_security: str | None = None
    removed_security: str | None = None
    reason: str | None = None


CONSTITUENTS = FmpDataset(
    name="constituents",
    title="Members of S&P 500, Nasdaq-100 and Dow",
    record=Constituent,
    table="fmp_constituent",
    key=("index_name", "symbol"),
    cadence=Cadence.WEEKLY,
    storage=Storage.SNAPSHOT,
    list_field="index_name",
    endpoints=(
        FmpEndpoint(
            path="{topic}-constituent",
            scope=Scope.TOPIC,
            topics=("sp500", "nasdaq", "dowjones"),
            topic_field="indexName",
            sends=("symbol",),
            plan=Plan.PREMIUM,
        ),
    ),
)
CONSTITUENT_CHANGES = FmpDataset(
    name="constituent_changes",
    title="Additions to these indices and removals",
    record=ConstituentChange,
    table="fmp_constituent_change",
    key=("index_name", "date", "symbol", "removed_ticker"),
    cadence=Cadence.WEEKLY,
    endpoints=(
        FmpEndpoint(
            path="historical-{topic}-constituent",
            scope=Scope.TOPIC,
            topics=("sp500", "nasdaq", "dowjones"),
            topic_field="indexName",
            sends=("date",),
            plan=Plan.PREMIUM,
        ),
    ),
)
