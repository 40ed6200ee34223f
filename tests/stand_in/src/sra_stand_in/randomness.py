"""Numbers that look random and depend only on their arguments, not on the order of the calls."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

_MASK = (1 << 64) - 1
NOISE_SIZE = 4096
NOISE_MASK = NOISE_SIZE - 1


def _make_noise() -> tuple[float, ...]:
    source = random.Random(20240101)
    return tuple(source.gauss(0.0, 1.0) for _ in range(NOISE_SIZE))


NOISE: tuple[float, ...] = _make_noise()
"""Standard normal values; index with `& NOISE_MASK`."""


def mix(*parts: int) -> int:
    """Hash whole numbers into 64 bits."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = ((state ^ part) * 0xBF58476D1CE4E5B9) & _MASK
        state ^= state >> 29
    state = (state * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 32)


def unit(*parts: int) -> float:
    """A number in [0, 1)."""
    return (mix(*parts) >> 11) / (1 << 53)


def between(low: float, high: float, *parts: int) -> float:
    """A number in [low, high)."""
    return low + (high - low) * unit(*parts)


def pick(items: Sequence[Item], *parts: int) -> Item:
    """One of the items."""
    return items[mix(*parts) % len(items)]


def gauss(*parts: int) -> float:
    """A standard normal value."""
    return NOISE[mix(*parts) & NOISE_MASK]
