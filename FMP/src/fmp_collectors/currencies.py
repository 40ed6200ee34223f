"""Which pair of currencies a currency code needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

BASE = "USD"
MINOR_UNITS: Mapping[str, str] = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ILa": "ILS", "ZAc": "ZAR", "ZAC": "ZAR"}
"""Codes of hundredths in which some exchanges quote prices, and the currency that they are hundredths of."""
ALWAYS = ("USDCAD",)
"""Pairs that are collected whatever is stored: every listing is in one of these two currencies."""
_CODE = re.compile(r"[A-Z]{3}")


def choose_pairs(codes: Iterable[str | None]) -> tuple[str, ...]:
    """Return the pairs that convert amounts in these currencies to US dollars, in order: `USD` and the code of each.

    A minor unit counts as its currency; the US dollar itself and what is no code of three letters need no pair.
    """
    majors = {MINOR_UNITS.get(code.strip(), code.strip().upper()) for code in codes if code is not None}
    pairs = {f"{BASE}{code}" for code in majors if code != BASE and _CODE.fullmatch(code)}
    return tuple(sorted(pairs.union(ALWAYS)))
