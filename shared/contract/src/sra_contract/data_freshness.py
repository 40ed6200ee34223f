"""The freshness of the data: of each dataset against the market's calendar, and of each view with its published build."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class RunContents(ViewModel):
    """One row per finished Fundata run and dataset: the newest day among the records that the run stored. data_freshness reads
    it.

    It is stored by run, so finding the newest day of a dataset never scans the whole dataset.
    """

    task_id: UUID = column()
    dataset: str = column()
    newest_record: dt.date | None = column("For a record without a day, its ChangeDate.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "run_contents"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("task_id", "dataset")


class DataFreshness(ViewModel):
    """One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build.

    A dataset that a service collects has a row before it is first loaded. The lag is a number of sessions of the market's
    calendar (NYSE, TSX). It counts sessions that are newer than the newest record and that closed longer ago than the vendor
    needs (prices 6 hours, treasury and exchange rates 30, NAVPS 14), minus the sessions that the cadence allows (daily none,
    weekly 5, monthly 33). For records without a day, it counts sessions that closed more than 26 hours ago and after the last
    success. A view's row shows its build: when and by which run it was published, and why its newest build failed, if it did.
    Source: specification, section 5.

    point_in_time_since is the end of the dataset's first successful run. For FMP it is not earlier than the first recorded call,
    because replaced rows are kept since then. A past state of an earlier moment contains the rows of the first runs, but not the
    rows that they replaced. It is NULL for FMP's quotes, whose former states are not kept, and for views. If former releases
    deleted the first runs, it is the end of the month after the oldest known run.
    """

    source: Literal["fmp", "fundata", "views", "lake"] = column(
        "Or views, or lake for the Iceberg lake, if there is one."
    )
    dataset: str = column("Or a view, if source is views.")
    newest_record: dt.date | None = column("Announced ones are excluded; for lists, the day of the last success.")
    last_success_at: datetime | None = column()
    rows_stored: int | None = column()
    rows_rejected: int | None = column()
    expected_record: dt.date | None = column()
    expected_at: datetime | None = column()
    lag_sessions: int | None = column()
    is_late: bool | None = column()
    published_at: datetime | None = column()
    error: str | None = column()
    as_of: datetime = column("For a view, when it was last built.")
    last_run_id: UUID | None = column("It is the last successful run; for a view, its build.")
    cadence: str | None = column()
    late_since: datetime | None = column()
    point_in_time_since: datetime | None = column()

    view_name: ClassVar[str] = "data_freshness"
    view_subject: ClassVar[Subject] = "Runs and quality"
    view_key: ClassVar[tuple[str, ...]] = ("source", "dataset")
