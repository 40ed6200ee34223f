"""Under which names securities are found: FundSERV codes, and who was listed when."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import ViewModel, column


class FundCode(ViewModel):
    """FundSERV codes under which the series of funds are sold, with their status and load, as the vendor's records name them."""

    security_id: str = column()
    identifier: str = column()
    fundserv_code: str | None = column()
    ordinal: int = column("It counts the records of the code.")
    load_type: str | None = column()
    sales_status: str | None = column()
    max_load: Decimal | None = column()
    change_date: dt.date | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "fund_codes"


class UniverseEntry(ViewModel):
    """Who was listed when on the five exchanges.

    Entries of evidence universe are those of our lists of the universe, known since the first collection: a change of an entry,
    such as of its sector, is another entry. Entries of evidence delisting are listings that ended before we listed them, by
    the days that the vendor names. A listing of a day has listed_from NULL or at most that day, and listed_until NULL or
    later. security_id is NULL for a listing that we never knew.
    """

    symbol: str = column()
    exchange: str = column()
    entry: int = column()
    security_id: str | None = column()
    name: str | None = column()
    sector: str | None = column()
    industry: str | None = column()
    country: str | None = column()
    is_etf: bool | None = column()
    is_fund: bool | None = column()
    is_actively_trading: bool | None = column()
    evidence: Literal["universe", "delisting"] = column()
    listed_from: dt.date | None = column()
    listed_until: dt.date | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "universe_history"
