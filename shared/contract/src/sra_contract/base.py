"""The base of view models: Pydantic models whose fields are the columns of views."""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from sra_contract.quantities import QUANTITIES, Quantity

CONTRACT_VERSION = 2
"""Shared version of all models. A release that raises it replaces all views of the former version in one commit."""

Subject = Literal[
    "Securities",
    "Pages and lists",
    "Series",
    "Payments and splits",
    "Statements and figures",
    "Members and categories",
    "Records of Fundata",
    "Runs and quality",
]
"""The subjects of the views, in the order in which the documentation lists them."""

_SQL_TYPES: dict[type, str] = {
    str: "text",
    bytes: "bytea",
    int: "bigint",
    Decimal: "numeric",
    bool: "boolean",
    date: "date",
    datetime: "timestamp with time zone",
    UUID: "uuid",
}
_NARROWER: dict[str, tuple[str, ...]] = {"bigint": ("integer", "smallint")}
_Mark = TypeVar("_Mark")


@dataclass(frozen=True)
class Col:
    """The properties of a column besides its Python type: the unit of its values and, if it is narrower, its SQL type."""

    unit: str | None = None
    sql_type: str | None = None


@dataclass(frozen=True)
class _FromDictionary:
    """Marks a field whose column is described by the dictionary of quantities, with a note on this view."""

    note: str


@dataclass(frozen=True)
class Column:
    """A column of a view as it appears in the database."""

    name: str
    sql_type: str
    nullable: bool
    unit: str | None
    description: str

    @property
    def comment(self) -> str:
        """The description with the unit, as it is in the database."""
        return f"{self.description} Unit: {self.unit}." if self.unit else self.description


@dataclass(frozen=True)
class _Absent:
    """Marks a column of a view that a past state of it lacks."""


Absent = Annotated[Any, _Absent()]
"""Type of a field of a past state that has no value, because only a build knows it; its default is None."""


class ContractError(ValueError):
    """A model does not define its columns."""


def column(note: str = "") -> Any:
    """Declare a field that is a quantity of the dictionary under the field's name; `note` applies to this view only."""
    field = Field()
    field.metadata.append(_FromDictionary(note))
    return field


class ViewModel(BaseModel):
    """Base of all view models; the docstring of a model becomes the comment on its view.

    `view_key` names the columns that identify a row. A breaking change needs a second model with the same name and a higher
    version. The rows of a model with `view_function` are the result of that function of schema sra.
    """

    # many wide models are only read for their fields, so a validator is built when it is first used
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    view_name: ClassVar[str]
    view_key: ClassVar[tuple[str, ...]]
    view_subject: ClassVar[Subject]
    view_version: ClassVar[int] = 1
    view_function: ClassVar[str | None] = None

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take the descriptions of the fields from the dictionary."""
        for name, field in cls.model_fields.items():
            mark = _find_mark(field, _FromDictionary)
            if mark is not None:
                field.description = _require_quantity(cls, name).describe(mark.note)

    @classmethod
    def relation(cls) -> str:
        """Name in schema sra. A breaking change has a separate name next to the former version."""
        return cls.view_name if cls.view_version == 1 else f"{cls.view_name}_v{cls.view_version}"


def list_columns(model: type[ViewModel]) -> tuple[Column, ...]:
    """Return the columns of a view in order; raises ContractError for a field without description or with an unknown type."""
    fields = {name: field for name, field in model.model_fields.items() if _find_mark(field, _Absent) is None}
    return tuple(_make_column(model, name, field) for name, field in fields.items())


def _make_column(model: type[ViewModel], name: str, field: FieldInfo) -> Column:
    if not field.description:
        raise ContractError(f"{model.__name__}.{name} has no description. Describe it in its Field.")
    if not field.is_required():
        raise ContractError(f"{model.__name__}.{name} has a default. A view always has all its columns.")
    python_type, nullable = _split_optional(field.annotation)
    own = _map_type(model, name, python_type)
    if _find_mark(field, _FromDictionary) is None:
        mark = _find_mark(field, Col) or Col()
        return Column(name, mark.sql_type or own, nullable, mark.unit, field.description)
    quantity = _require_quantity(model, name)
    if quantity.sql_type not in (own, *_NARROWER.get(own, ())):
        raise ContractError(f"{model.__name__}.{name} is {own}, but {quantity.sql_type} in the dictionary.")
    return Column(name, quantity.sql_type, nullable, quantity.unit, field.description)


def _find_mark(field: FieldInfo, kind: type[_Mark]) -> _Mark | None:
    return next((mark for mark in field.metadata if isinstance(mark, kind)), None)


def _require_quantity(model: type[ViewModel], name: str) -> Quantity:
    quantity = QUANTITIES.get(name)
    if quantity is None:
        raise ContractError(f"{model.__name__}.{name} is not in the dictionary of quantities. Add it there.")
    return quantity


def _split_optional(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    arguments = get_args(annotation)
    inner = [argument for argument in arguments if argument is not type(None)]
    return (inner[0] if len(inner) == 1 else annotation), len(inner) < len(arguments)


def _map_type(model: type[ViewModel], name: str, python_type: Any) -> str:
    origin = get_origin(python_type) or python_type
    if origin in _SQL_TYPES:
        return _SQL_TYPES[origin]
    if origin in (list, dict) or (isinstance(origin, type) and issubclass(origin, BaseModel)):
        return "jsonb"
    if origin is Literal:
        return "text"
    raise ContractError(f"{model.__name__}.{name} has the type {python_type}, which has no SQL type. Map it.")
