"""The currency pairs that a set of currency codes needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

BASE = "USD"
MINOR_UNITS: Mapping[str, str] = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ILa": "ILS", "ZAc": "ZAR", "ZAC": "ZAR"}
"""Codes of hundredths in which some exchanges quote prices, with the currency that they divide."""
ALWAYS = ("USDCAD",)
"""Pairs that are always collected: every listing is in one of these two currencies."""
_CODE = re.compile(r"[A-Z]{3}")


def choose_pairs(codes: Iterable[str | None]) -> tuple[str, ...]:
    """Return the pairs that convert amounts in these currencies to US dollars, sorted: `USD` followed by each code.

    A minor unit counts as its currency. The US dollar itself, and a code that is not three letters, need no pair.
    """
    majors = {MINOR_UNITS.get(code.strip(), code.strip().upper()) for code in codes if code is not None}
    pairs = {f"{BASE}{code}" for code in majors if code != BASE and _CODE.fullmatch(code)}
    return tuple(sorted(pairs.union(ALWAYS)))
