"""How new the data are: per dataset against the market's calendar, per view with the build that it stands at."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel


class RunContents(ViewModel):
    """Per ended Fundata run and dataset, the newest day among the records that the run stored; data_freshness reads it.

    Kept by run, so that telling how new a dataset is never means going through all of it.
    """

    task_id: UUID = Field(description="The run.")
    dataset: str = Field(description="Dataset of the catalogue.")
    newest_record: dt.date | None = Field(description="Newest day that a stored record is about, else its ChangeDate.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "run_contents"


class DataFreshness(ViewModel):
    """One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build.

    Datasets that a service collects are there before anything of them was loaded. The lag counts sessions of the market's
    calendar (NYSE, TSX) that closed longer ago than the vendor takes (prices 6 hours, treasury and exchange rates 30, NAVPS
    14) and that are newer than the newest record, beyond those that the cadence allows (daily none, weekly 5, monthly 33).
    Where records are of no day, sessions count that closed more than 26 hours ago and after the last success. A view's row
    shows its build: when and by which run it was published, and why its newest build failed, if it did. Source:
    specification, section 5.
    """

    source: Literal["fmp", "fundata", "views"] = Field(description="Vendor, or views.")
    dataset: str = Field(description="Dataset, or view.")
    newest_record: dt.date | None = Field(
        description="Newest day that a record is about, announced ones left out; for lists, the day of the last success."
    )
    last_success_at: datetime | None = Field(description="When it was last loaded, or built, with success.")
    rows_stored: int | None = Field(description="Records stored since ever; for a view, the rows that it holds.")
    rows_rejected: int | None = Field(description="Records rejected since ever.")
    expected_record: dt.date | None = Field(
        description="Newest day that should be there by now; none where records are of no day, or nothing is expected."
    )
    expected_at: datetime | None = Field(description="Since when it should, or should have been collected anew.")
    lag_sessions: Annotated[int | None, Col("sessions")] = Field(
        description="Sessions that should be there and are not."
    )
    is_late: bool | None = Field(description="Whether something is missing, or the newest build failed.")
    published_at: datetime | None = Field(description="When the last run, or the view, was published.")
    error: str | None = Field(description="Why the newest build of the view failed; none where it did not.")
    as_of: datetime = Field(description="When this row's facts last changed, in UTC.")
    last_run_id: UUID | None = Field(description="The last run with success; for a view, its build.")
    cadence: str | None = Field(
        description="How often new data are expected: daily, weekly or monthly; none where they are not, as of seeds."
    )
    late_since: datetime | None = Field(
        description="Since when it is late: when the first of what is missing was expected, or the build failed."
    )

    view_name: ClassVar[str] = "data_freshness"
