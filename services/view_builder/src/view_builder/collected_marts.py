"""The views of collected data as delivered: events, listings, codes, rates, sessions, runs, rejects."""

from __future__ import annotations

from sra_contract.data_gaps import CurrencyRate, DatasetRun, RejectedRow, TradingSession
from sra_contract.distributions import FundPayment, FundPaymentHistory
from sra_contract.identities import FundCode, UniverseEntry
from sra_contract.listing_events import (
    DividendPayment,
    DividendPaymentHistory,
    EarningsReport,
    ListingEvent,
    ShareSplit,
    ShareSplitHistory,
)
from view_builder.mart_makers import make_live, sample_securities
from view_builder.spec import Mart, ViewSource

_MASTER = ("security_master",)
_SOME_LISTINGS, _SOME_FUNDS = sample_securities("fmp"), sample_securities("fundata")
_NAMES = ViewSource("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe"))
_DIVIDENDS = (ViewSource("fmp_dividend", "fmp", ("dividends",)), _NAMES)
_SPLITS = (ViewSource("fmp_split", "fmp", ("splits",)), _NAMES)
_PAYMENTS = (
    ViewSource("fundata_data", "fundata", ("FundDistribution",)),
    ViewSource("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
)
_PAYMENT_INDEXES = ("pk_fundata_data", "pk_fundata_quotes")

COLLECTED: tuple[Mart, ...] = (
    make_live(
        DividendPayment,
        sources=_DIVIDENDS,
        uses=_MASTER,
        used_indexes=("uq_fmp_dividend_current", "ix_fmp_dividend_date"),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        DividendPaymentHistory,
        sources=_DIVIDENDS,
        uses=_MASTER,
        used_indexes=("pk_fmp_dividend",),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        ShareSplit,
        sources=_SPLITS,
        used_indexes=("uq_fmp_split_current", "ix_fmp_split_date"),
        sample=_SOME_LISTINGS,
    ),
    make_live(ShareSplitHistory, sources=_SPLITS, used_indexes=("pk_fmp_split",), sample=_SOME_LISTINGS),
    make_live(FundPayment, sources=_PAYMENTS, uses=_MASTER, used_indexes=_PAYMENT_INDEXES, sample=_SOME_FUNDS),
    make_live(
        FundPaymentHistory,
        sources=_PAYMENTS,
        uses=_MASTER,
        used_indexes=_PAYMENT_INDEXES,
        sample=_SOME_FUNDS,
    ),
    make_live(
        EarningsReport,
        sources=(ViewSource("fmp_earning", "fmp", ("earnings",)), _NAMES),
        used_indexes=("pk_fmp_earning",),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        ListingEvent,
        sources=(
            ViewSource("fmp_symbol_change", "fmp", ("symbol_changes",)),
            ViewSource("fmp_delisted", "fmp", ("delisted",)),
            ViewSource("fmp_universe", "fmp", ("universe",)),
            _NAMES,
        ),
        used_indexes=("pk_fmp_symbol_change", "pk_fmp_delisted", "pk_fmp_universe"),
    ),
    make_live(
        CurrencyRate,
        sources=(ViewSource("fmp_exchange_rate", "fmp", ("exchange_rates",)),),
        used_indexes=("pk_fmp_exchange_rate",),
    ),
    make_live(
        TradingSession,
        sources=(ViewSource("market_session", "fmp"),),
        used_indexes=("pk_market_session",),
    ),
    make_live(
        DatasetRun,
        sources=(ViewSource("run_unit", "fundata"), ViewSource("run_unit", "fmp")),
        used_indexes=("pk_task_execution_log", "pk_run_unit"),
    ),
    make_live(
        RejectedRow,
        sources=(ViewSource("rejected_record", "fundata"), ViewSource("rejected_record", "fmp")),
        used_indexes=("pk_rejected_record",),
    ),
    make_live(
        FundCode,
        sources=(ViewSource("fundata_data", "fundata", ("FundLoads",)),),
        uses=_MASTER,
        used_indexes=("pk_fundata_data",),
        sample=_SOME_FUNDS,
    ),
    make_live(
        UniverseEntry,
        sources=(
            ViewSource("fmp_universe", "fmp", ("universe",)),
            ViewSource("fmp_delisted", "fmp", ("delisted",)),
            _NAMES,
        ),
        used_indexes=("pk_fmp_universe", "pk_fmp_delisted"),
    ),
)
