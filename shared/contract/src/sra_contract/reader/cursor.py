"""The cursor of a page: where the next one continues, as text that a client may keep."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from sra_contract.base import ViewModel
from sra_contract.reader.errors import CursorError
from sra_contract.reader.query import Order, Wanted

_WRONG = (
    "The cursor does not belong to this request. Start with the first page, or repeat its model, filters and order."
)
_CONTENT = TypeAdapter(tuple[str, list[Any]])


def write_cursor(wanted: Wanted, row: ViewModel) -> str:
    """Return the cursor of the rows after `row`."""
    values = [getattr(row, order.column.name) for order in wanted.order_by]
    text = json.dumps([_identify(wanted), to_jsonable_python(values)], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(wanted: Wanted, cursor: str) -> Mapping[str, Any]:
    """Return the values of the last row by column; raises CursorError if the cursor is of another request."""
    try:
        identity, values = _CONTENT.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise CursorError(_WRONG) from error
    if identity != _identify(wanted) or len(values) != len(wanted.order_by):
        raise CursorError(_WRONG)
    return _parse_values(wanted.model, wanted.order_by, values)


def _parse_values(model: type[ViewModel], order_by: Sequence[Order], values: Sequence[Any]) -> Mapping[str, Any]:
    names = [order.column.name for order in order_by]
    try:
        return {
            name: TypeAdapter[Any](cast("Any", model.model_fields[name].annotation)).validate_python(value)
            for name, value in zip(names, values, strict=True)
        }
    except ValidationError as error:
        raise CursorError(_WRONG) from error


def _identify(wanted: Wanted) -> str:
    orders = [[order.column.name, order.is_descending] for order in wanted.order_by]
    filters = [f"{name} {_describe(value)}" for name, value in sorted(wanted.filters.items())]
    content = json.dumps([wanted.model.view_function or wanted.model.relation(), orders, filters])
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _describe(value: Any) -> str:
    """Return the text of a filter; that of a set does not depend on the process."""
    return repr(sorted(value, key=repr) if isinstance(value, set | frozenset) else value)
