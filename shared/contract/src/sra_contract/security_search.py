"""The names and codes by which securities are found."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.security_types import SecurityType


class SecuritySearch(ViewModel):
    """The names, without accents, and the codes of each security, as sra.search_securities searches them."""

    source: Literal["fundata", "fmp"] = column()
    identifier: str = column()
    security_id: str = column()
    type: SecurityType = column()
    name: str | None = column()
    exchange: str | None = column()
    currency: str | None = column()
    is_active: bool = column()
    search_text: str = column()
    search_codes: list[str] = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "security_search"
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("source", "identifier")
