"""The number of generated examples of a property: a fifth in the ordinary suite, all with `--faults`.

The ordinary suite tries the same examples each time, so that a change that has nothing to do with a property does not
fail on it; `--faults` looks for new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import settings

Test = TypeVar("Test", bound=Callable[..., Any])

_FEWEST = 10
_numbers = {"share": 5}


def use_all_examples() -> None:
    """Try every property with all its examples; call it before test modules are imported."""
    _numbers["share"] = 1


def examples(number: int, **options: Any) -> Callable[[Test], Test]:
    """Try a property with this many examples; `options` are Hypothesis's own settings."""
    share = _numbers["share"]
    chosen = number if share == 1 else max(min(number, _FEWEST), number // share)

    def decorate(test: Test) -> Test:
        tried = settings(max_examples=chosen, deadline=None, derandomize=share != 1, **options)(test)
        return pytest.mark.examples(tried)

    return decorate
