"""The parameters of an FMP run, and the datasets and endpoints that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from fmp_collectors.dataset import Cadence, FmpDataset, FmpEndpoint, History
from fmp_collectors.datasets import BY_NAME, list_datasets
from fmp_collectors.datasets.exchange_rates import EXCHANGE_RATES
from fmp_collectors.datasets.profile import PROFILE
from sra_shared.runs import TaskType
from sra_shared.runs.rejects import ReplayParameters


class FmpParameters(ReplayParameters):
    """The parameters of a run besides its type. Without any, a run does its ordinary daily or weekly work; with `replay`, it
    replays rejected records instead."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    datasets: list[str] | None = Field(None, description="Names of datasets.", max_length=100)
    first: date | None = Field(None, alias="from", description="First day, for datasets with dates.")
    last: date | None = Field(None, alias="to", description="Last day.")
    symbols: list[str] | None = Field(None, description="Only these symbols.", max_length=20_000)
    delisted: list[str] | None = Field(
        None,
        description="Names of datasets to collect for companies that were delisted between `from` and `to`.",
        max_length=100,
    )
    missing: bool | None = Field(None, description="Whether to skip series whose history is stored.")
    released: bool | None = Field(None, description="Whether to accept lists that shrank by more than DROP_LIMIT.")

    @field_validator("datasets")
    @classmethod
    def check_datasets(cls, value: list[str] | None) -> list[str] | None:
        unknown = [name for name in value or [] if name not in BY_NAME]
        if unknown:
            raise ValueError(f"FMP has no dataset {', '.join(unknown)}; choose from: {', '.join(BY_NAME)}")
        return value

    @field_validator("delisted")
    @classmethod
    def check_delisted(cls, value: list[str] | None) -> list[str] | None:
        known = [name for name, dataset in BY_NAME.items() if dataset.history is History.DELISTED]
        if unknown := [name for name in value or [] if name not in known]:
            raise ValueError(f"delisted companies have no {', '.join(unknown)}; choose from: {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def check_days(self) -> Self:
        if self.delisted and self.first is None:
            raise ValueError("`delisted` requires `from`, the first day of the delistings")
        return self

    @field_validator("symbols")
    @classmethod
    def read_symbols(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else sorted({symbol.strip().upper() for symbol in value if symbol.strip()})


def choose_datasets(task_type: TaskType, names: Sequence[str] | None) -> list[FmpDataset]:
    """Return the datasets of a run in their order."""
    if names is not None:
        return [BY_NAME[name] for name in BY_NAME if name in set(names)]
    if task_type is TaskType.WEEKLY_FUNDAMENTALS:
        # its statements show which currencies are needed, and the next daily run may be a day away
        return [*list_datasets(Cadence.WEEKLY), EXCHANGE_RATES]
    return [*list_datasets(Cadence.DAILY), PROFILE]


def choose_endpoints(dataset: FmpDataset, task_type: TaskType, names: Sequence[str] | None) -> tuple[FmpEndpoint, ...]:
    """Return the endpoints that a run may use: a daily run takes weekly datasets only by bulk."""
    is_extra = task_type is TaskType.DAILY_QUOTES and dataset.cadence is Cadence.WEEKLY and names is None
    return tuple(endpoint for endpoint in dataset.endpoints if endpoint.is_bulk) if is_extra else dataset.endpoints
