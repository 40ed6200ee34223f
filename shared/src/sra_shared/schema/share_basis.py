"""Ratios of listed shares to statement shares: the manually maintained file, and its table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError

MAINTAINED = Path(__file__).with_name("share_basis.csv")
_DIGITS = 50

_SQL_INSERT = """
INSERT INTO share_basis (symbol, valid_from, ratio, source)
SELECT x.* FROM unnest($1::text[], $2::date[], $3::numeric[], $4::text[]) x
"""
_SQL_LIST = "SELECT symbol, ratio, source, valid_from FROM share_basis ORDER BY symbol, valid_from"


class ShareBasis(BaseModel):
    """The number of statement shares that one share of a listing represents, from a day on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    symbol: str = Field(min_length=1, max_length=32)
    ratio: Decimal = Field(gt=0)
    source: str = Field(min_length=1)
    valid_from: date

    @field_validator("symbol")
    @classmethod
    def capitalise_symbol(cls, value: str) -> str:
        return value.upper()

    @field_validator("ratio", mode="before")
    @classmethod
    def divide_fraction(cls, value: object) -> object:
        """A ratio is a number or a fraction, such as 1/1500."""
        if not isinstance(value, str) or "/" not in value:
            return value
        try:
            ratio = Fraction(value)
        except ZeroDivisionError as error:
            raise ValueError("the denominator is zero") from error
        with localcontext(prec=_DIGITS):
            return Decimal(ratio.numerator) / Decimal(ratio.denominator)


def read_share_basis(path: Path = MAINTAINED) -> list[ShareBasis]:
    """Return the entries of a file; raises ConfigError that names the file and the line if one cannot be accepted."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, {str(name): value for name, value in row.items()}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", next_step="Name a CSV file in UTF-8.") from error
    entries: dict[tuple[str, date], ShareBasis] = {}
    for line, row in rows:
        try:
            entry = ShareBasis.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise ConfigError(
                f"{path}, line {line}: {field}: {first['msg']}.",
                next_step="Correct the line. The columns are symbol, ratio, source, valid_from.",
            ) from error
        if entries.setdefault((entry.symbol, entry.valid_from), entry) is not entry:
            raise ConfigError(
                f"{path}, line {line}: {entry.symbol} has two ratios from {entry.valid_from} on.",
                next_step="Remove one of the lines.",
            )
    return list(entries.values())


async def load_share_basis(connection: Connection, entries: Sequence[ShareBasis]) -> None:
    """Replace the table's entries by these, in one transaction."""
    async with connection.transaction():
        await connection.execute("DELETE FROM share_basis")
        await connection.execute(
            _SQL_INSERT,
            [entry.symbol for entry in entries],
            [entry.valid_from for entry in entries],
            [entry.ratio for entry in entries],
            [entry.source for entry in entries],
        )


async def list_share_basis(connection: Connection) -> list[ShareBasis]:
    """Return the loaded entries by symbol and day."""
    return [ShareBasis.model_validate(dict(row)) for row in await connection.fetch(_SQL_LIST)]
