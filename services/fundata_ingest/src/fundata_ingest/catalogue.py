"""The catalogue of Fundata's files and endpoints: read once, validated as a whole, then immutable.

Everything that depends on the shape of a dataset (header check, typing, table columns, update requests) is derived from it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sra_shared.kit.errors import ConfigError

ColumnType = Literal["text", "identifier", "number", "date"]
TableName = Literal["data", "quotes"]
DateFormat = Literal["iso", "month_first"]

# Both Fundata tables have these four for every dataset, so they are not among the flattened columns.
BASE_COLUMNS = ("identifier", "record_id", "record_state", "change_date")

_ACRONYM_END = re.compile(r"([A-Z]+)([A-Z][a-z])")
_WORD_END = re.compile(r"([a-z0-9])([A-Z])")


def make_snake_case(name: str) -> str:
    """Return a PascalCase column name in snake case: `NAVPSPercentChange` becomes `navps_percent_change`."""
    return _WORD_END.sub(r"\1_\2", _ACRONYM_END.sub(r"\1_\2", name)).lower()


def normalise_name(name: str) -> str:
    """Return the form in which column names are compared: without case, underscores and surrounding blanks."""
    return name.strip().replace("_", "").lower()


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class FundataColumn(_Frozen):
    """One column of a dataset: its delivered name, its type and, if it is not the snake case name, its table column."""

    name: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
    type: ColumnType
    to: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    required: bool = True


class Roles(_Frozen):
    """The delivered columns that carry the key, the state and the dates that the rules use."""

    identifier: str
    record_id: str
    record_state: str
    change_date: str
    quote_date: str
    navps: str
    previous_navps: str

    @property
    def base(self) -> dict[str, str]:
        """Delivered name to table column, for the columns that both tables always have."""
        return {
            self.identifier: "identifier",
            self.record_id: "record_id",
            self.record_state: "record_state",
            self.change_date: "change_date",
        }

    def is_key(self, name: str) -> bool:
        """Return whether a column holds keys: of its record, or of an instrument that it references."""
        return name == self.record_id or name.endswith(self.identifier)


class FundataDataset(_Frozen):
    """One dataset: its table, its files, its columns in the order of the content hash, its endpoint.

    `cadence` is how often the vendor has new figures: every day, or for every month end. `catalogue_version` is that of its
    catalogue; it is stored with each row as part of `parser_version`.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
    table: TableName
    files: tuple[str, ...]
    date_formats: tuple[DateFormat, ...]
    columns: tuple[FundataColumn, ...]
    endpoint: str | None = None
    languages: tuple[str, ...] = ()
    cadence: Literal["daily", "monthly"] = "daily"
    roles: Roles
    catalogue_version: Annotated[int, Field(ge=1, le=999)]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The delivered names in catalogue order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def table_columns(self) -> dict[str, str]:
        """Delivered name to table column, in catalogue order (`InstrumentKey` becomes `identifier`)."""
        base = self.roles.base
        return {c.name: base.get(c.name) or c.to or make_snake_case(c.name) for c in self.columns}

    @cached_property
    def types(self) -> dict[str, ColumnType]:
        """Delivered name to type, in catalogue order."""
        return {c.name: c.type for c in self.columns}

    @cached_property
    def names_by_normal_form(self) -> dict[str, str]:
        """Name without case and underscores to the name as catalogued."""
        return {normalise_name(c.name): c.name for c in self.columns}

    @property
    def has_record_id(self) -> bool:
        return self.roles.record_id in self.types

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if len(self.names_by_normal_form) != len(self.columns):
            raise ValueError(f"dataset {self.name}: two columns have the same name, ignoring case and underscores")
        seen: dict[str, str] = {}
        for name, target in self.table_columns.items():
            if target in seen:
                raise ValueError(f"dataset {self.name}: {seen[target]} and {name} both map to table column {target}")
            seen[target] = name
        if self.roles.identifier not in self.types:
            raise ValueError(f"dataset {self.name}: the column {self.roles.identifier} is not declared")
        if self.table == "quotes" and self.types.get(self.roles.quote_date) != "date":
            raise ValueError(f"dataset {self.name}: the column {self.roles.quote_date} is not declared as a date")
        if self.table == "data" and not self.has_record_id:
            raise ValueError(f"dataset {self.name}: the column {self.roles.record_id} is not declared")
        return self


class Catalogue(_Frozen):
    """All datasets; construction checks names, files and column types against each other."""

    version: int
    datasets: tuple[FundataDataset, ...]

    @cached_property
    def _by_name(self) -> dict[str, FundataDataset]:
        return {d.name: d for d in self.datasets}

    @cached_property
    def _by_file(self) -> dict[str, FundataDataset]:
        return {path: d for d in self.datasets for path in d.files}

    @property
    def files(self) -> tuple[str, ...]:
        """Every catalogued path, relative to the seed folder, in path order."""
        return tuple(sorted(self._by_file))

    def find_dataset(self, name: str) -> FundataDataset:
        """Return the dataset of that name; raises ConfigError with the known names."""
        if name not in self._by_name:
            known = ", ".join(sorted(self._by_name))
            raise ConfigError(f"Fundata dataset {name!r} does not exist.", next_step=f"Choose one of: {known}.")
        return self._by_name[name]

    def find_file(self, path: str) -> FundataDataset | None:
        """Return the dataset of a path relative to the seed folder (`data/FundAssetsSeed.csv`), None if not named."""
        return self._by_file.get(path)

    def list_datasets(self, table: TableName) -> tuple[FundataDataset, ...]:
        """Return the datasets of one table in catalogue order."""
        return tuple(d for d in self.datasets if d.table == table)

    def flattened_columns(self, table: TableName) -> dict[str, ColumnType]:
        """Return table column to type for all columns of the datasets of `table` except BASE_COLUMNS, in order."""
        columns: dict[str, ColumnType] = {}
        for dataset in self.list_datasets(table):
            for name, target in dataset.table_columns.items():
                if target not in BASE_COLUMNS:
                    columns.setdefault(target, dataset.types[name])
        return columns

    @model_validator(mode="after")
    def _check_datasets(self) -> Self:
        if len(self._by_name) != len(self.datasets):
            raise ValueError("two datasets have the same name")
        if len(self._by_file) != sum(len(d.files) for d in self.datasets):
            raise ValueError("two datasets name the same file")
        typed: dict[tuple[str, str], tuple[str, ColumnType]] = {}
        for dataset in self.datasets:
            for name, target in dataset.table_columns.items():
                kind = dataset.types[name]
                other, known = typed.setdefault((dataset.table, target), (dataset.name, kind))
                if known != kind:
                    raise ValueError(
                        f"column {target} of fundata_{dataset.table} has type {known} in {other} and {kind} in {dataset.name}"
                    )
        return self


def parse_catalogue(content: Mapping[str, object]) -> Catalogue:
    """Make a catalogue from parsed TOML; raises ConfigError that names the contradiction."""
    datasets = content.get("datasets")
    entries = datasets if isinstance(datasets, list) else []
    try:
        return Catalogue.model_validate(
            {
                **{key: value for key, value in content.items() if key != "roles"},
                "datasets": [
                    {**entry, "roles": content.get("roles"), "catalogue_version": content.get("version")}
                    for entry in entries
                ],
            }
        )
    except (ValidationError, TypeError) as error:
        raise ConfigError(
            f"The Fundata catalogue is not valid: {error}", next_step="Correct catalogue.toml."
        ) from error


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the catalogue at `path`, or the one in this package; raises ConfigError if unreadable or contradictory."""
    if path is None:
        return _load_packaged()
    try:
        text = path.read_text(encoding="utf-8")
        return parse_catalogue(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The catalogue {path} cannot be read: {error}.", next_step="Check the file.") from error


@cache
def _load_packaged() -> Catalogue:
    text = resources.files("fundata_ingest").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return parse_catalogue(tomllib.loads(text))
