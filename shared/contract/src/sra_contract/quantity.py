"""An entry of the dictionary of quantities."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A quantity under one name: its SQL type, meaning, unit, sign (if it has only one), and formula (if it is ours)."""

    sql_type: str
    meaning: str
    unit: str | None = None
    sign: str | None = None
    formula: str | None = None

    def describe(self, note: str = "") -> str:
        """Return the meaning with formula and sign, and a view's note."""
        formula = f"Formula: {self.formula}." if self.formula else ""
        sign = f"Sign: {self.sign}." if self.sign else ""
        return " ".join(filter(None, (self.meaning, note, formula, sign)))
