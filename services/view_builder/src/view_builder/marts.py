"""The published views: each model with its key, its sources and what it uses; its SQL lies in `sql/marts`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sra_contract.base import ViewModel
from sra_contract.daily_market_summary import DailyMarketSummary
from sra_contract.data_freshness import DataFreshness, RunContents
from sra_contract.equity_fundamentals import EquityFundamentals
from sra_contract.equity_metrics import EquityMetrics
from sra_contract.equity_page import EquityPage
from sra_contract.equity_quote_history import EquityQuoteHistory
from sra_contract.etf_page import EtfPage
from sra_contract.fund_page import FundPage
from sra_contract.fund_quote_history import FundQuoteHistory
from sra_contract.fund_value import FundValue
from sra_contract.fundata_records import FundataData, FundataDataHistory, FundataQuotes, FundataQuotesHistory
from sra_contract.index_performance import IndexPerformance
from sra_contract.latest_quote import LatestQuote
from sra_contract.market_movers import MarketMovers
from sra_contract.price_adjustment import PriceAdjustment
from sra_contract.security_master import SecurityMaster
from sra_contract.treasury_curve import TreasuryCurve
from view_builder.spec import Incremental, Mart, Source, SqlFunction, ViewSpec
from view_builder.sql_files import read_mart

_EVENTS = (Source("fmp_split", "fmp", ("splits",)), Source("fmp_dividend", "fmp", ("dividends",)))
_CLOSES = (Source("fmp_eod_price", "fmp", ("eod_prices",)),)
_NAMES = (
    Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
    Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
)
_UNIVERSE = (Source("fmp_universe", "fmp", ("universe",)),)
_PROFILE = (Source("equity_profile", "fmp", ("profile",)),)
_QUOTE = (Source("fmp_quote", "fmp", ("quote",)),)
_STATEMENTS = (
    Source("fmp_income_statement", "fmp", ("income_statement",)),
    Source("fmp_balance_sheet", "fmp", ("balance_sheet",)),
    Source("fmp_cash_flow", "fmp", ("cash_flow",)),
    Source("fmp_financial_growth", "fmp", ("financial_growth",)),
    Source("fmp_income_growth", "fmp", ("income_growth",)),
    Source("fmp_cash_flow_growth", "fmp", ("cash_flow_growth",)),
    Source("fmp_ratio", "fmp", ("ratios",)),
    Source("fmp_key_metric", "fmp", ("key_metrics",)),
    Source("fmp_score", "fmp", ("scores",)),
)
_METRICS = (
    *(*_QUOTE, *_CLOSES, *_PROFILE, *_STATEMENTS),
    Source("fmp_earning", "fmp", ("earnings",)),
    Source("fmp_peer", "fmp", ("peers",)),
    *(*_EVENTS, *_NAMES, *_UNIVERSE),
)
_VALUES = (Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),)
_DATA = (Source("fundata_data", "fundata"),)
_FUND_DATASETS = (
    "FundGeneral",
    "FundPerformanceSummary",
    "FundYearlyPerformance",
    "FundYearlyPerformanceRankingByClass",
    "FundRiskYearlyPerformance",
    "FundAdvancedPerformance",
    "FundExpenses",
    "FundAssets",
    "FundTopHolding",
    "FundAllocation",
    "FundDistribution",
    "FundLoads",
    "FundTrailerSchedule",
    "FundOtherFee",
    "FundAssociateBenchmark",
    "FundEquityStyle",
    "FundFixedIncomeStyle",
    "InstrumentIdentifier",
    "BenchmarkGeneral",
    "BenchmarkYearlyPerformance",
)
# the few rows that another listing may have changed
_DOUBTFUL = "(symbol) WHERE currency_basis = 'doubtful'"
_DATA_KEY = ("dataset", "identifier", "record_id", "data_version", "row_ordinal")
_QUOTE_KEY = ("dataset", "identifier", "date", "data_version", "row_ordinal")
_QUOTE_INDEXES = ("pk_fundata_quotes", "ix_fundata_quotes_date")


def _make_live(model: type[ViewModel], **facts: Any) -> Mart:
    return Mart(model, ViewSpec(query=read_mart(model.relation())["rows"], **facts))


def _make_materialized(
    model: type[ViewModel],
    *,
    sources: tuple[Source, ...],
    uses: tuple[str, ...] = (),
    key: tuple[str, ...],
    published_with: tuple[str, ...] = (),
    **facts: Any,
) -> Mart:
    """A view whose rows are materialized: by its whole key computed anew, unless `partition` says by what of it."""
    sql = read_mart(model.relation())
    incremental = Incremental(
        partition=facts.pop("partition", key),
        all_keys=sql["keys"],
        affected_keys=sql["affected"],
        read_query=sql.get("read"),
        full_query=sql.get("rows_full"),
        next_keys=sql.get("next_keys"),
        **facts,
    )
    return Mart(model, ViewSpec(key, sql["rows"], sources, uses, published_with, incremental))


def _make_as_of(history: str, description: str) -> SqlFunction:
    return SqlFunction(
        name=history.replace("_history", "_as_of"),
        arguments="valid_on date, known_at timestamp with time zone",
        argument_types="date, timestamp with time zone",
        result=f"SETOF sra.{history}",
        body=read_mart(history)["as_of"],
        description=description,
    )


MARTS: tuple[Mart, ...] = (
    _make_materialized(
        SecurityMaster,
        key=("source", "identifier"),
        sources=(
            Source("fundata_data", "fundata", ("FundGeneral", "InstrumentIdentifier")),
            *(*_UNIVERSE, *_PROFILE),
            Source("fmp_etf_info", "fmp", ("etf_info",)),
        ),
        indexes=(
            "(identifier)",
            "(isin)",
            # the other listings of an issuer
            "(cik, currency)",
            "(lower(name) text_pattern_ops)",
            "USING gin (to_tsvector('simple', coalesce(name_en, '') || ' ' || coalesce(name_fr, '')))",
        ),
    ),
    _make_live(FundataData, key=_DATA_KEY, sources=_DATA, uses=("security_master",), used_indexes=("pk_fundata_data",)),
    _make_live(
        FundataDataHistory,
        key=_DATA_KEY,
        sources=_DATA,
        uses=("security_master",),
        functions=(
            _make_as_of(
                "fundata_data_history",
                "The data records that were in force on valid_on (by ChangeDate; a record without one always was), as far as"
                " we knew at known_at: of each key the greatest such version, by data_source (API before CSV), change_date"
                " (none last), data_version; keys whose record was not active then are left out.",
            ),
        ),
        used_indexes=("pk_fundata_data",),
    ),
    _make_live(
        FundataQuotes,
        key=_QUOTE_KEY,
        sources=_VALUES,
        uses=("security_master",),
        used_indexes=_QUOTE_INDEXES,
    ),
    _make_live(
        FundataQuotesHistory,
        key=_QUOTE_KEY,
        sources=_VALUES,
        uses=("security_master",),
        functions=(
            _make_as_of(
                "fundata_quotes_history",
                "The quotes of the days up to valid_on as far as we knew at known_at: of each day the greatest version, by"
                " data_source (API before CSV), change_date (none last), data_version; days whose record was not active then"
                " are left out.",
            ),
        ),
        used_indexes=_QUOTE_INDEXES,
    ),
    _make_materialized(
        FundQuoteHistory,
        key=("identifier", "date"),
        partition=("identifier",),
        since="date",
        sources=(*_VALUES, Source("fundata_data", "fundata", ("FundDistribution", "FundGeneral"))),
        uses=("security_master",),
        indexes=("(date)",),
        has_run=True,
        on_read=("adjusted_navps",),
    ),
    _make_materialized(
        LatestQuote,
        key=("source", "identifier"),
        sources=(
            *(*_VALUES, *_QUOTE, *_CLOSES, *_NAMES),
            Source("fundata_data", "fundata", ("FundGeneral",)),
            *(*_UNIVERSE, *_PROFILE),
        ),
        uses=("security_master", "fund_quote_history"),
        indexes=("(identifier)", "(price_date)"),
    ),
    _make_materialized(
        PriceAdjustment,
        key=("symbol", "date"),
        partition=("symbol",),
        sources=(*_EVENTS, *_CLOSES, *_NAMES, *_UNIVERSE, *_PROFILE),
        uses=("security_master",),
        indexes=(_DOUBTFUL,),
        has_run=True,
    ),
    # right after the factors that it is read with
    _make_materialized(
        EquityQuoteHistory,
        key=("symbol", "date"),
        partition=("symbol",),
        since="date",
        sources=(*_CLOSES, *_NAMES, *_UNIVERSE, *_PROFILE),
        uses=("security_master", "price_adjustment"),
        published_with=("price_adjustment",),
        indexes=("(date)",),
        has_run=True,
        on_read=(
            *(f"split_adjusted_{name}" for name in ("open", "high", "low", "close", "volume")),
            *("total_return_close", "split_factor", "total_return_factor", "share_factor"),
        ),
    ),
    _make_materialized(
        FundValue,
        key=("identifier",),
        sources=(*_VALUES, Source("fundata_data", "fundata", ("FundDistribution", "FundGeneral"))),
        uses=("fund_quote_history",),
    ),
    _make_materialized(
        FundPage,
        key=("identifier",),
        sources=(Source("fundata_data", "fundata", _FUND_DATASETS), *_VALUES),
        uses=("security_master", "fund_value"),
        published_with=("fund_value",),
        indexes=("(lower(name) text_pattern_ops)", "(category)"),
        on_read=(
            *("nav", "nav_date", "nav_change", "nav_change_percent"),
            *("price_return_1d", "total_return_1d"),
            *("current_yield_percent", "current_yield_change_percent", "current_yield_date"),
        ),
    ),
    _make_materialized(
        EquityFundamentals,
        key=("symbol",),
        sources=(*_STATEMENTS, *_QUOTE, *_CLOSES, *_EVENTS, *_NAMES),
        uses=("price_adjustment",),
    ),
    _make_materialized(
        EquityMetrics,
        key=("symbol",),
        sources=_METRICS,
        uses=("security_master", "price_adjustment", "equity_fundamentals"),
        indexes=("(exchange)", "(sector, industry)", "(market_cap DESC NULLS LAST)", _DOUBTFUL),
    ),
    _make_live(
        EquityPage,
        key=("symbol",),
        sources=_METRICS,
        uses=("equity_metrics",),
        used_indexes=("ix_equity_metrics_6c2f5087",),
    ),
    _make_materialized(
        EtfPage,
        key=("symbol",),
        sources=(
            Source("fmp_etf_info", "fmp", ("etf_info",)),
            Source("fmp_etf_holding", "fmp", ("etf_holdings",)),
            Source("fmp_etf_sector", "fmp", ("etf_sectors",)),
            Source("fmp_etf_country", "fmp", ("etf_countries",)),
            *(*_QUOTE, *_CLOSES, *_PROFILE, *_EVENTS, *_NAMES, *_UNIVERSE),
            Source("fmp_index_price", "fmp", ("index_prices",)),
            Source("fmp_treasury_rate", "fmp", ("treasury_rates",)),
        ),
        uses=("security_master", "price_adjustment"),
        indexes=("(exchange)", "(assets_under_management DESC NULLS LAST)", _DOUBTFUL),
    ),
    _make_materialized(
        MarketMovers,
        key=("market", "direction", "rank"),
        partition=("market",),
        sources=(
            Source("fmp_constituent", "fmp", ("constituents",)),
            *(*_QUOTE, *_CLOSES, *_UNIVERSE, *_PROFILE),
        ),
        uses=("equity_metrics",),
        indexes=("(symbol)",),
    ),
    _make_materialized(
        IndexPerformance,
        key=("symbol",),
        sources=(Source("fmp_index_price", "fmp", ("index_prices",)),),
    ),
    _make_materialized(
        DailyMarketSummary,
        key=("date", "currency"),
        partition=("date",),
        sources=(*_VALUES, Source("fundata_data", "fundata", ("FundGeneral",))),
        uses=("security_master", "fund_quote_history"),
    ),
    _make_live(
        TreasuryCurve,
        key=("date", "tenor"),
        sources=(Source("fmp_treasury_rate", "fmp", ("treasury_rates",)),),
        used_indexes=("pk_fmp_treasury_rate",),
    ),
    _make_materialized(
        RunContents,
        key=("task_id", "dataset"),
        sources=(*_DATA, Source("fundata_quotes", "fundata")),
        # runs leave the ledger when they are old
        max_shrink=Decimal(1),
        looks_up=True,
    ),
    _make_live(
        DataFreshness,
        key=("source", "dataset"),
        sources=(Source("run_unit", "fundata"), Source("run_unit", "fmp"), Source("market_session", "fmp")),
        uses=("run_contents", "latest_quote"),
        used_indexes=("pk_market_session",),
    ),
)
