"""FMP: tables that the dataset's own declaration describes; `scripts/write_declared` writes their columns to declared.csv."""

from __future__ import annotations

import csv
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, PrimaryKeyConstraint, Table, Text
from sqlalchemy.types import TypeEngine

from sra_shared.schema.tables.fmp_columns import list_provenance
from sra_shared.schema.tables.metadata import metadata, written_by

DECLARED = Path(__file__).with_name("declared.csv")
_TYPES: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "number": Numeric(),
    "count": Integer(),
    "flag": Boolean(),
    "day": Date(),
    "time": DateTime(timezone=True),
}


def _make_table(name: str, about: dict[str, str], *rows: dict[str, str]) -> None:
    columns = [
        Column(row["column"], _TYPES[row["type"]], nullable=row["required"] != "yes", comment=row["comment"])
        for row in rows
    ]
    key = [row["column"] for row in rows if row["key"] == "yes"]
    Table(
        name,
        metadata,
        *columns,
        *list_provenance(),
        PrimaryKeyConstraint(*key),
        comment=about["comment"],
        info=written_by("fmp_ingest"),
    )


with DECLARED.open(encoding="utf-8", newline="") as _stream:
    for _name, _rows in groupby(csv.DictReader(_stream), key=itemgetter("table")):
        _make_table(_name, *_rows)
