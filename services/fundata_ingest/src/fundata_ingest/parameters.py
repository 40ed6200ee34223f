"""The parameters of a data or quote run."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class UpdateParameters(BaseModel):
    """The parameters of a data or quote run."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)

    from_date: date | None = Field(
        None, alias="from", description="First day of changes, instead of the stored cursor."
    )
    datasets: list[str] | None = Field(None, description="Only these datasets.")
    released: bool | None = Field(None, description="Whether to accept a delivery that exceeds DROP_LIMIT.")
