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

__all__ = ["QUANTITIES", "Quantity"]

QUANTITIES: Mapping[str, Quantity] = {
    **{**COMMON, **EVENTS, **FUNDS, **LINES, **LISTINGS},
    **{**MONTH_ENDS, **RETURNS, **SERIES, **STATEMENTS, **VENDOR},
}
