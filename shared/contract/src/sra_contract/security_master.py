"""Every security that we know, of both vendors."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, ViewModel


class SecurityMaster(ViewModel):
    """One row per security: equities and ETFs by symbol, funds by Fundata's InstrumentKey.

    A fund's name is the English one, else the French one, else that of a record in neither; both are kept. A listing that
    left the universe stays, inactive.
    """

    source: Literal["fundata", "fmp"] = Field(description="Vendor, which also names the space of the identifier.")
    identifier: str = Field(description="InstrumentKey of a fund, symbol of a listing.")
    name: str | None = Field(description="Name to show: English, else French, else in whatever language there is.")
    name_en: str | None = Field(description="English name.")
    name_fr: str | None = Field(description="French name.")
    type: Literal["equity", "etf", "fund"] = Field(description="Kind of security.")
    exchange: str | None = Field(description="Exchange of the listing; none for a Fundata fund.")
    currency: str | None = Field(description="Currency of its prices, as the vendor gives it.")
    family: str | None = Field(description="Fund family.")
    company: str | None = Field(description="Company, or manager of the fund.")
    sector: str | None = Field(description="Sector.")
    industry: str | None = Field(description="Industry.")
    country: str | None = Field(description="Country of the issuer, ISO 3166 alpha-2 as a rule.")
    isin: str | None = Field(description="ISIN, vendor's.")
    inception_date: date | None = Field(description="First day of the fund or ETF.")
    is_active: bool = Field(description="Whether it is in the present universe, or the fund's record is active.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)
    cik: str | None = Field(description="Key of the issuer at the SEC; none for a Fundata fund.")

    view_name: ClassVar[str] = "security_master"
