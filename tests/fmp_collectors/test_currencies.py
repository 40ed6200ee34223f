"""The pairs that the currencies of listings and statements need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmp_collectors.currencies import MINOR_UNITS, choose_pairs

codes = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["USD", "CAD", "EUR", "eur ", "JPY", *MINOR_UNITS]))


@pytest.mark.parametrize(
    ("given_codes", "pairs"),
    [
        ([], ["USDCAD"]),
        (["USD", "CAD", None, ""], ["USDCAD"]),
        (["EUR", " eur", "JPY"], ["USDCAD", "USDEUR", "USDJPY"]),
        (["GBp"], ["USDCAD", "USDGBP"]),
        (["GBX", "GBP", "ZAc", "ILA"], ["USDCAD", "USDGBP", "USDILS", "USDZAR"]),
        (["N/A", "US Dollar", "12A"], ["USDCAD"]),
    ],
)
def test_pairs_of_codes(given_codes: list[str | None], pairs: list[str]) -> None:
    assert list(choose_pairs(given_codes)) == pairs


@given(st.lists(codes))
def test_pairs_are_ordered_unique_and_of_the_dollar_with_another_currency(given_codes: list[str | None]) -> None:
    pairs = choose_pairs(given_codes)
    assert list(pairs) == sorted(set(pairs))
    assert "USDCAD" in pairs
    assert all(len(pair) == 6 and pair.startswith("USD") and pair != "USDUSD" and pair.isascii() for pair in pairs)
