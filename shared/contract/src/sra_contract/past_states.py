"""The models of past states: the rows that the functions `sra...._as_of` return."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sra_contract.base import Absent
from sra_contract.equity_fundamentals import EquityFundamentals
from sra_contract.equity_quote_history import EquityQuoteHistory
from sra_contract.financial_statements import FinancialStatement
from sra_contract.fundata_records import FundataDataAsOf, FundataQuotesAsOf
from sra_contract.price_adjustment import PriceAdjustment

__all__ = [
    "EquityFundamentalsAsOf",
    "EquityQuoteHistoryAsOf",
    "FinancialStatementAsOf",
    "FundataDataAsOf",
    "FundataQuotesAsOf",
    "PriceAdjustmentAsOf",
]

_BACKFILLED = "Whether known_at is later than the moment of the state, so that figures may be restated ones."


class EquityFundamentalsAsOf(EquityFundamentals):
    """A row of equity_fundamentals by the statements of a past state; no build made it, so last_run_id is None."""

    last_run_id: Absent = None
    is_backfilled: bool = Field(description=_BACKFILLED)

    view_function: ClassVar[str | None] = "equity_fundamentals_as_of"


class FinancialStatementAsOf(FinancialStatement):
    """A row of financial_statements by the statements of a past state; no build made it, so last_run_id is None."""

    last_run_id: Absent = None
    is_backfilled: bool = Field(description=_BACKFILLED)

    view_function: ClassVar[str | None] = "financial_statements_as_of"


class EquityQuoteHistoryAsOf(EquityQuoteHistory):
    """A row of equity_quote_history as it was known at a moment; as_of and last_run_id are None."""

    as_of: Absent = None
    last_run_id: Absent = None

    view_function: ClassVar[str | None] = "equity_quote_history_as_of"


class PriceAdjustmentAsOf(PriceAdjustment):
    """A row of price_adjustment as it was known at a moment; as_of and last_run_id are None."""

    as_of: Absent = None
    last_run_id: Absent = None

    view_function: ClassVar[str | None] = "price_adjustment_as_of"
