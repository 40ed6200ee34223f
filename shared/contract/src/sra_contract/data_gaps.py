"""Explanations of gaps in the data: exchange rates, sessions, runs, rejected rows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class CurrencyRate(ViewModel):
    """Exchange rates of every collected pair at the end of each day, as delivered.

    All pairs have the US dollar first. A rate between two other currencies is the quotient of two of them.
    """

    pair: str = column()
    date: dt.date = column()
    base_currency: str = column()
    quote_currency: str = column()
    exchange_rate: Decimal | None = column()
    exchange_rate_open: Decimal | None = column()
    exchange_rate_high: Decimal | None = column()
    exchange_rate_low: Decimal | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "exchange_rates"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("pair", "date")


class TradingSession(ViewModel):
    """Sessions of the exchanges, past and future, with the moment of the close. A weekday without a row is a holiday.

    The calendar NYSE is also that of NASDAQ and AMEX, TSX also that of TSXV. It is part of the product; no run delivers it.
    """

    exchange: str = column("It names a calendar, NYSE or TSX.")
    session_date: dt.date = column()
    close_at: datetime = column()
    as_of: datetime | None = column("It is NULL, because the row has no source record.")
    last_run_id: UUID | None = column("It is NULL.")

    view_name: ClassVar[str] = "trading_calendar"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("exchange", "session_date")


class DatasetRun(ViewModel):
    """The result of each run of a vendor for each dataset, including failures. Old runs are archived and leave the view."""

    task_id: UUID = column("The run may have stored none.")
    dataset: str = column("It is empty if the run planned none.")
    source: Literal["fmp", "fundata"] = column()
    task_type: str = column()
    run_status: str = column()
    scheduled_at: datetime = column()
    started_at: datetime | None = column()
    completed_at: datetime | None = column()
    unit_count: int = column()
    completed_unit_count: int = column()
    read_count: int | None = column()
    stored_count: int | None = column()
    unchanged_count: int | None = column()
    duplicate_count: int | None = column()
    rejected_count: int | None = column()
    run_error: str | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "runs"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("task_id", "dataset")


class RejectedRow(ViewModel):
    """The delivered rows that were not stored, with the reason but without the bytes.

    A reject without resolved_at and dismissed_at is open.
    """

    reject_id: int = column()
    source: Literal["fmp", "fundata"] = column()
    dataset: str = column()
    record_key: str | None = column()
    file_path: str | None = column()
    line: int | None = column()
    reject_reason: str = column()
    reject_detail: str | None = column()
    delivered_at: datetime | None = column()
    known_at: datetime = column()
    last_seen_at: datetime = column()
    seen_count: int = column()
    resolved_at: datetime | None = column()
    resolution: str | None = column()
    dismissed_at: datetime | None = column()
    dismissal: str | None = column()
    first_run_id: UUID = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "rejects"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("reject_id",)
