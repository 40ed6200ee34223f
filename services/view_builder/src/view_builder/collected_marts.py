"""The views of what is collected, as the vendors' rows say it: events, listings, codes, rates, sessions,
runs, rejects."""

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
_EVENT_KEY = ("security_id", "ex_date", "ordinal")
_DAY_KEY = ("security_id", "date", "ordinal")
_PAYMENT_INDEXES = ("pk_fundata_data", "pk_fundata_quotes")

COLLECTED: tuple[Mart, ...] = (
    make_live(
        DividendPayment,
        key=_EVENT_KEY,
        sources=_DIVIDENDS,
        uses=_MASTER,
        used_indexes=("uq_fmp_dividend_current", "ix_fmp_dividend_date"),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        DividendPaymentHistory,
        key=_EVENT_KEY,
        sources=_DIVIDENDS,
        uses=_MASTER,
        used_indexes=("pk_fmp_dividend",),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        ShareSplit,
        key=_DAY_KEY,
        sources=_SPLITS,
        used_indexes=("uq_fmp_split_current", "ix_fmp_split_date"),
        sample=_SOME_LISTINGS,
    ),
    make_live(ShareSplitHistory, key=_DAY_KEY, sources=_SPLITS, used_indexes=("pk_fmp_split",), sample=_SOME_LISTINGS),
    make_live(
        FundPayment, key=_DAY_KEY, sources=_PAYMENTS, uses=_MASTER, used_indexes=_PAYMENT_INDEXES, sample=_SOME_FUNDS
    ),
    make_live(
        FundPaymentHistory,
        key=_DAY_KEY,
        sources=_PAYMENTS,
        uses=_MASTER,
        used_indexes=_PAYMENT_INDEXES,
        sample=_SOME_FUNDS,
    ),
    make_live(
        EarningsReport,
        key=("security_id", "report_date"),
        sources=(ViewSource("fmp_earning", "fmp", ("earnings",)), _NAMES),
        used_indexes=("pk_fmp_earning",),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        ListingEvent,
        key=("event", "symbol", "date", "ordinal"),
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
        key=("pair", "date"),
        sources=(ViewSource("fmp_exchange_rate", "fmp", ("exchange_rates",)),),
        used_indexes=("pk_fmp_exchange_rate",),
    ),
    make_live(
        TradingSession,
        key=("exchange", "session_date"),
        sources=(ViewSource("market_session", "fmp"),),
        used_indexes=("pk_market_session",),
    ),
    make_live(
        DatasetRun,
        key=("task_id", "dataset"),
        sources=(ViewSource("run_unit", "fundata"), ViewSource("run_unit", "fmp")),
        used_indexes=("pk_task_execution_log", "pk_run_unit"),
    ),
    make_live(
        RejectedRow,
        key=("reject_id",),
        sources=(ViewSource("rejected_record", "fundata"), ViewSource("rejected_record", "fmp")),
        used_indexes=("pk_rejected_record",),
    ),
    make_live(
        FundCode,
        key=("security_id", "fundserv_code", "ordinal"),
        sources=(ViewSource("fundata_data", "fundata", ("FundLoads",)),),
        uses=_MASTER,
        used_indexes=("pk_fundata_data",),
        sample=_SOME_FUNDS,
    ),
    make_live(
        UniverseEntry,
        key=("symbol", "exchange", "entry"),
        sources=(
            ViewSource("fmp_universe", "fmp", ("universe",)),
            ViewSource("fmp_delisted", "fmp", ("delisted",)),
            _NAMES,
        ),
        used_indexes=("pk_fmp_universe", "pk_fmp_delisted"),
    ),
)
