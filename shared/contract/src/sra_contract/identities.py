"""Identities of listings, FundSERV codes, and the periods in which securities were listed."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.security_types import SecurityType


class ListingIdentity(ViewModel):
    """The security and the type of every listing, published in one commit with equity_quote_history.

    security_master describes all securities further. It is published in a separate commit, so that its rows may be newer than
    the prices.
    """

    symbol: str = column()
    security_id: str = column()
    type: SecurityType = column()
    valid_to: dt.date | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "listing_identity"
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)


class FundCode(ViewModel):
    """FundSERV codes under which the series of funds are sold, with their status and load, as delivered."""

    security_id: str = column()
    identifier: str = column()
    fundserv_code: str | None = column()
    ordinal: int = column("It numbers the records of the code.")
    load_type: str | None = column()
    sales_status: str | None = column()
    max_load: Decimal | None = column()
    change_date: dt.date | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "fund_codes"
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "fundserv_code", "ordinal")


class UniverseEntry(ViewModel):
    """The periods of listing on the five exchanges.

    Entries with evidence universe come from our lists of the universe, since the first collection. Each change of an entry,
    such as of its sector, starts a new entry. Entries with evidence delisting are listings that ended before we listed them,
    with the days that the vendor states. The listings on a day have listed_from NULL or at most that day, and listed_until
    NULL or later. security_id is NULL for a listing that we never knew.
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
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("symbol", "exchange", "entry")
