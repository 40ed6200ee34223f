"""Events of listings: dividends, splits, earnings reports, renames, delistings, moves."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column

_NEWEST = "It is the newest one of the security."


class DividendPayment(ViewModel):
    """Every dividend of every listing that the vendor lists now, including announced ones, one row per payment.

    Amounts are as delivered: per share on ex_date, before later splits. The vendor states no currency; currency is that of
    the listing (price_adjustment.currency_basis shows whether that is doubtful). If the vendor delivers a day under two
    symbols of a security, the payments under the newest one count. price_adjustment has the same payments by day, with their
    factors.
    """

    security_id: str = column()
    symbol: str = column(_NEWEST)
    ex_date: dt.date = column()
    ordinal: int = column("The largest payment is the first.")
    amount: Decimal | None = column()
    currency: str | None = column("It is the listing's.")
    vendor_adjusted_amount: Decimal | None = column()
    vendor_payment_yield: Decimal | None = column()
    frequency: str | None = column()
    is_special: bool = column()
    declaration_date: dt.date | None = column()
    record_date: dt.date | None = column()
    payment_date: dt.date | None = column()
    delivered_symbol: str = column()
    known_at: datetime = column("It was not listed with this content earlier.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "dividends"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "ex_date", "ordinal")


class DividendPaymentHistory(ViewModel):
    """Every dividend that the vendor has ever listed, including withdrawn and replaced ones.

    A row is one state of a payment. The dividends that were listed at a moment are those with known_at <= moment and
    withdrawn_at NULL or later.
    """

    security_id: str = column()
    symbol: str = column(_NEWEST)
    ex_date: dt.date = column()
    ordinal: int = column("The state that was listed first is the first.")
    amount: Decimal | None = column()
    currency: str | None = column("It is the listing's.")
    vendor_adjusted_amount: Decimal | None = column()
    vendor_payment_yield: Decimal | None = column()
    frequency: str | None = column()
    is_special: bool = column()
    declaration_date: dt.date | None = column()
    record_date: dt.date | None = column()
    payment_date: dt.date | None = column()
    delivered_symbol: str = column()
    known_at: datetime = column()
    withdrawn_at: datetime | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column("It is the run that withdrew the row, if it is withdrawn.")

    view_name: ClassVar[str] = "dividends_history"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "ex_date", "ordinal")


class ShareSplit(ViewModel):
    """Every split of every listing that the vendor lists now, including announced ones.

    If the vendor delivers a day under two symbols of a security, the split under the newest one counts.
    """

    security_id: str = column()
    symbol: str = column(_NEWEST)
    date: dt.date = column("It is the first day with the new number of shares.")
    ordinal: int = column()
    split_numerator: Decimal | None = column()
    split_denominator: Decimal | None = column()
    kind: Literal["split", "price_factor"] | None = column()
    delivered_symbol: str = column()
    known_at: datetime = column("It was not listed with this content earlier.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "splits"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "date", "ordinal")


class ShareSplitHistory(ViewModel):
    """Every split that the vendor has ever listed, including withdrawn and replaced ones.

    The splits that were listed at a moment are those with known_at <= moment and withdrawn_at NULL or later.
    """

    security_id: str = column()
    symbol: str = column(_NEWEST)
    date: dt.date = column("It is the first day with the new number of shares.")
    ordinal: int = column("The state that was listed first is the first.")
    split_numerator: Decimal | None = column()
    split_denominator: Decimal | None = column()
    kind: Literal["split", "price_factor"] | None = column()
    delivered_symbol: str = column()
    known_at: datetime = column()
    withdrawn_at: datetime | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column("It is the run that withdrew the row, if it is withdrawn.")

    view_name: ClassVar[str] = "splits_history"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "date", "ordinal")


class EarningsReport(ViewModel):
    """Earnings reports of every company, past and expected: estimates, results, surprises.

    The vendor states no currency for these figures; it is usually that of the statements.
    """

    security_id: str = column()
    symbol: str = column(_NEWEST)
    report_date: dt.date = column()
    eps_actual: Decimal | None = column()
    eps_estimated: Decimal | None = column()
    eps_surprise: Decimal | None = column()
    eps_surprise_ratio: Decimal | None = column()
    revenue_actual: Decimal | None = column()
    revenue_estimated: Decimal | None = column()
    revenue_surprise: Decimal | None = column()
    revenue_surprise_ratio: Decimal | None = column()
    delivered_symbol: str = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "earnings"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "report_date")


class ListingEvent(ViewModel):
    """Renames, delistings and moves of listings to another exchange.

    The vendor reports renames and delistings of all exchanges; security_id is NULL if we do not know the security. A move is
    known since the day on which the vendor first listed the symbol on the other exchange.
    """

    event: Literal["rename", "delisting", "move"] = column()
    symbol: str = column("It is the one before the event.")
    date: dt.date = column("A delisting may be announced.")
    ordinal: int = column()
    security_id: str | None = column()
    new_symbol: str | None = column()
    exchange: str | None = column("It is the one before the event; NULL for a rename.")
    new_exchange: str | None = column()
    name: str | None = column()
    ipo_date: dt.date | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "listing_events"
    view_subject: ClassVar[Subject] = "Securities"
    view_key: ClassVar[tuple[str, ...]] = ("event", "symbol", "date", "ordinal")
