"""Yields of US treasuries."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import create_model

from sra_contract.base import ViewModel, column

# `yield` is a word of Python: a class body cannot have a field of this name
_FIELDS: dict[str, Any] = {
    "date": (date, column()),
    "tenor": (str, column()),
    "tenor_months": (int, column()),
    "yield": (Decimal, column()),
    "currency": (str, column("It is that of the obligation.")),
    "as_of": (datetime, column()),
    "last_run_id": (UUID, column()),
}

TreasuryCurve: type[ViewModel] = create_model(
    "TreasuryCurve",
    __base__=ViewModel,
    __doc__="Yield of US treasuries per day and tenor. A tenor that the vendor left out has no row.",
    __module__=__name__,
    **_FIELDS,
)
TreasuryCurve.view_name = "treasury_curve"
TreasuryCurve.view_subject = "Series"
TreasuryCurve.view_key = ("date", "tenor")
