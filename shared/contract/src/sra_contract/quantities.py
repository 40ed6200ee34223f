"""The dictionary of quantities: what each column name of schema `sra` means, its type, unit, sign and formula.

One name is one quantity with one unit in all views. The record views of Fundata (`fundata_records`) are the exception: their
columns have the vendor's names and units.
"""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantities_common import COMMON
from sra_contract.quantities_events import EVENTS
from sra_contract.quantities_funds import FUNDS
from sra_contract.quantities_lines import LINES
from sra_contract.quantities_listings import LISTINGS
from sra_contract.quantities_month_ends import MONTH_ENDS
from sra_contract.quantities_returns import RETURNS
from sra_contract.quantities_series import SERIES
from sra_contract.quantities_statements import STATEMENTS
from sra_contract.quantities_vendor import VENDOR
from sra_contract.quantity import Quantity

__all__ = ["OTHER_MEANINGS", "QUANTITIES", "Quantity", "find_quantity"]

QUANTITIES: Mapping[str, Quantity] = {
    **{**COMMON, **EVENTS, **FUNDS, **LINES, **LISTINGS},
    **{**MONTH_ENDS, **RETURNS, **SERIES, **STATEMENTS, **VENDOR},
}

OTHER_MEANINGS: Mapping[tuple[str, str], Quantity] = {
    ("index_performance", "change"): Quantity(
        "numeric", "Change of the level since the close before.", unit="index points"
    ),
    ("index_performance", "close"): Quantity("numeric", "Newest closing level.", unit="index points"),
    ("index_performance", "year_high"): Quantity("numeric", "Highest level of twelve months.", unit="index points"),
    ("index_performance", "year_low"): Quantity("numeric", "Lowest level of twelve months.", unit="index points"),
    ("etf_page", "nav"): Quantity("numeric", "Net asset value per share.", unit="nav_currency"),
    ("fund_quote_history", "split_factor"): Quantity(
        "numeric", "New shares for one old share, if the day has a split."
    ),
}
"""What a name means in one view, by view and name, where it means something else in others; the next contract version
gives these quantities names of their own."""


def find_quantity(view: str | None, name: str) -> Quantity | None:
    """Return what a column of a view is; None if the dictionary does not have it."""
    return OTHER_MEANINGS.get((view or "", name), QUANTITIES.get(name))
