"""Renamed symbols."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Plan, Scope
from fmp_collectors.records import Day, Record, Symbol


class SymbolChange(Record):
    """An old symbol and the new one."""

    date: Day
    old_symbol: Symbol
    new_symbol: Symbol
    company_name: str | None = None


SYMBOL_CHANGES = FmpDataset(
    name="symbol_changes",
    title="Renamed symbols",
    record=SymbolChange,
    table="fmp_symbol_change",
    key=("date", "old_symbol", "new_symbol"),
    cadence=Cadence.DAILY,
    symbol_fields=("oldSymbol", "newSymbol"),
    # a chain of renames may pass through symbols that none of our exchanges ever had
    is_worldwide=True,
    # without a limit the response is the newest hundred
    endpoints=(FmpEndpoint(path="symbol-change", scope=Scope.LIST, params={"limit": "10000"}, plan=Plan.STARTER),),
)
