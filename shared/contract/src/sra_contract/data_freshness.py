"""How new the data are: per dataset against the market's calendar, per view with the build that it stands at."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import ViewModel, column


class RunContents(ViewModel):
    """Per ended Fundata run and dataset, the newest day among the records that the run stored; data_freshness reads it.

    Kept by run, so that telling how new a dataset is never means going through all of it.
    """

    task_id: UUID = column()
    dataset: str = column()
    newest_record: dt.date | None = column("If it is about no day, its ChangeDate.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "run_contents"


class DataFreshness(ViewModel):
    """One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build.

    Datasets that a service collects are there before anything of them was loaded. The lag counts sessions of the market's
    calendar (NYSE, TSX) that closed longer ago than the vendor takes (prices 6 hours, treasury and exchange rates 30, NAVPS
    14) and that are newer than the newest record, beyond those that the cadence allows (daily none, weekly 5, monthly 33).
    Where records are of no day, sessions count that closed more than 26 hours ago and after the last success. A view's row
    shows its build: when and by which run it was published, and why its newest build failed, if it did. Source:
    specification, section 5.

    point_in_time_since is the end of the dataset's first successful run, and of FMP not earlier than the first recorded call:
    replaced rows are kept since then. A past state of an earlier moment contains what the first runs brought, and nothing of
    what they replaced. It is NULL for FMP's quotes, whose former states are not kept, and for views. Where former releases
    deleted the first runs, it is the end of the month after the oldest one known.
    """

    source: Literal["fmp", "fundata", "views"] = column("Or views.")
    dataset: str = column("Or a view, if source is views.")
    newest_record: dt.date | None = column("Announced ones are left out; for lists, the day of the last success.")
    last_success_at: datetime | None = column()
    rows_stored: int | None = column()
    rows_rejected: int | None = column()
    expected_record: dt.date | None = column()
    expected_at: datetime | None = column()
    lag_sessions: int | None = column()
    is_late: bool | None = column()
    published_at: datetime | None = column()
    error: str | None = column()
    as_of: datetime = column("Of a view, when it was last built.")
    last_run_id: UUID | None = column("It is the last run with success; for a view, its build.")
    cadence: str | None = column()
    late_since: datetime | None = column()
    point_in_time_since: datetime | None = column()

    view_name: ClassVar[str] = "data_freshness"
