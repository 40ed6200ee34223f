"""The views of companies' statements: all lines, the vendor's derived figures, and the twelve months of every period."""

from __future__ import annotations

from sra_contract.financial_ratios import FinancialRatio, VendorGrowth
from sra_contract.financial_statements import FinancialStatement, FinancialStatementHistory
from sra_contract.fundamentals_ttm import FundamentalsTtm
from view_builder.as_of import make_mode_as_of
from view_builder.mart_makers import make_live, make_materialized, sample_securities
from view_builder.spec import Mart, ViewSource

_MASTER = ("security_master",)
_SOME_LISTINGS = sample_securities("fmp")
_STATEMENTS = (
    ViewSource("fmp_income_statement", "fmp", ("income_statement",)),
    ViewSource("fmp_balance_sheet", "fmp", ("balance_sheet",)),
    ViewSource("fmp_cash_flow", "fmp", ("cash_flow",)),
)
_IDENTITIES = (
    ViewSource("fmp_universe", "fmp", ("universe",)),
    ViewSource("equity_profile", "fmp", ("profile",)),
    ViewSource("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
)
_STATEMENT_INDEXES = ("pk_fmp_income_statement", "pk_fmp_balance_sheet", "pk_fmp_cash_flow")

STATEMENT_MARTS: tuple[Mart, ...] = (
    make_live(
        FinancialStatementHistory,
        sources=_STATEMENTS,
        uses=_MASTER,
        used_indexes=_STATEMENT_INDEXES,
        sample=_SOME_LISTINGS,
    ),
    make_live(
        FinancialStatement,
        sources=_STATEMENTS,
        uses=(*_MASTER, "financial_statements_history"),
        functions=(
            make_mode_as_of(
                FinancialStatement,
                "The newest state of every fiscal period of some listings, from the statements of a past state. Mode strict"
                " uses statements that were public and known to us at that moment, mode reported those that were public,"
                " whenever we stored them. is_backfilled marks rows whose known_at is later than that moment, so figures may be"
                " restated. A future moment counts as now. Pass the symbols; NULL reads the statements of every listing.",
            ),
        ),
        used_indexes=_STATEMENT_INDEXES,
        sample=_SOME_LISTINGS,
    ),
    make_live(
        FinancialRatio,
        sources=(ViewSource("fmp_ratio", "fmp", ("ratios",)), ViewSource("fmp_key_metric", "fmp", ("key_metrics",))),
        uses=_MASTER,
        used_indexes=("pk_fmp_ratio", "pk_fmp_key_metric"),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        VendorGrowth,
        sources=(
            ViewSource("fmp_financial_growth", "fmp", ("financial_growth",)),
            ViewSource("fmp_income_growth", "fmp", ("income_growth",)),
            ViewSource("fmp_balance_sheet_growth", "fmp", ("balance_sheet_growth",)),
            ViewSource("fmp_cash_flow_growth", "fmp", ("cash_flow_growth",)),
        ),
        uses=_MASTER,
        used_indexes=("pk_fmp_financial_growth", "pk_fmp_income_growth", "pk_fmp_cash_flow_growth"),
        sample=_SOME_LISTINGS,
    ),
    make_materialized(
        FundamentalsTtm,
        partition=("symbol",),
        sources=(*_STATEMENTS, *_IDENTITIES),
        uses=_MASTER,
        indexes=("(available_at)", "(security_id)", "(issuer_id, period_end_date)"),
    ),
)
