"""Delisted companies."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, Scope
from fmp_collectors.records import Day, ExchangeCode, Record, Symbol


class DelistedCompany(Record):
    """A listing that has ended or will end."""

    symbol: Symbol
    exchange: ExchangeCode
    delisted_date: Day
    company_name: str | None = None
    ipo_date: Day | None = None


DELISTED = FmpDataset(
    name="delisted",
    title="Delisted companies",
    record=DelistedCompany,
    table="fmp_delisted",
    key=("symbol", "exchange", "delisted_date"),
    cadence=Cadence.DAILY,
    exchange_field="exchange",
    endpoints=(FmpEndpoint(path="delisted-companies", scope=Scope.LIST, page_size=100),),
)
