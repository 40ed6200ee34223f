"""Every security that we know, of both vendors."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.security_types import SecurityType


class SecurityMaster(ViewModel):
    """One row per security: equities and ETFs by symbol, funds by Fundata's InstrumentKey.

    A fund's name is the English one, else the French one, else that of a record in neither language; both are kept. A listing
    that left the universe stays as inactive. So does a fund that ended or merged, with the data of its last records.

    security_id is assigned once and stored. Renames do not change it, however many there are and in whatever order they are
    reported. A security that takes the symbol of a delisted or renamed one has a different id. Rows with the same id are the
    symbols of one security; valid_to is NULL for its present symbol. If a rename is reported after both symbols got an id, the
    older id is used from then on. issuer_id is the CIK, else name and country without case and punctuation, so the classes of a
    company and its listings elsewhere share one. fund_id is shared by all series of a fund. Fundata has no key of a fund, so it
    is the manager and the legal name without the series. currency_since is the day in New York on which the profile replaced the
    last one in another currency.

    The type of a listing is the first that applies: etf by the vendor's flag; the type in its symbol; a fund by the vendor's
    flag; the type in its name; adr by the vendor's flag; otherwise equity. Symbols of NYSE, NASDAQ and AMEX: ABC-WT or ABC-WS is
    a warrant, ABC-P or ABC-PA a preferred share, ABC-R or ABC-RT a right, ABC-U or ABC-UN a unit (not of a trust, partnership or
    fund). Symbols of TSX and TSXV: ABC-WT is a warrant, ABC-PA a preferred share, ABC-RT a right, ABC-DB or ABC-NT a note; ABC-UN
    and ABC-U are a trust's common equity there. The letter of a share class (BRK-B) indicates no type. A fund is a mutual_fund if
    its symbol has five letters and ends in X, a closed_end_fund if it trades like a share and its name does not say ETF, else
    fund. Names: "preferred stock", "preferred shares" or "pfd" state a preferred share, "warrant" at the end or before its terms
    a warrant, a rate or a due year with "notes", "bonds" or "debentures" a note, "American depositary shares" or ADR at the end
    an adr, "common shares" or "ordinary shares" at the end a common share; "units" and "rights" count only with the fifth letter
    U or R of a NASDAQ symbol, and no name of a fund counts. A fund of Fundata is a fund, whatever its legal form.
    """

    source: Literal["fundata", "fmp"] = column("It also identifies the namespace of the identifier.")
    identifier: str = column()
    name: str | None = column("It is the English name, else the French one, else that of any language.")
    name_en: str | None = column()
    name_fr: str | None = column()
    type: SecurityType = column()
    exchange: str | None = column("NULL for a Fundata fund.")
    currency: str | None = column()
    family: str | None = column()
    company: str | None = column()
    sector: str | None = column()
    industry: str | None = column()
    country: str | None = column()
    isin: str | None = column()
    inception_date: date | None = column()
    is_active: bool = column("A fund is active if its record is.")
    as_of: datetime = column()
    last_run_id: UUID = column()
    cik: str | None = column("NULL for a Fundata fund.")
    currency_since: date | None = column()
    security_id: str = column()
    issuer_id: str | None = column()
    fund_id: str | None = column()
    valid_from: date | None = column()
    valid_to: date | None = column()

    view_name: ClassVar[str] = "security_master"
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("source", "identifier")
