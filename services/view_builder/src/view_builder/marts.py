"""The published views: each model with its key, its sources and the views that it uses; the SQL is in `sql/marts`."""

from __future__ import annotations

from decimal import Decimal

from sra_contract.daily_market_summary import DailyMarketSummary
from sra_contract.data_freshness import DataFreshness, RunContents
from sra_contract.equity_fundamentals import EquityFundamentals
from sra_contract.equity_metrics import EquityMetrics
from sra_contract.equity_page import EquityPage
from sra_contract.equity_quote_history import EquityQuoteHistory
from sra_contract.etf_page import EtfPage
from sra_contract.fund_metrics import FundMetrics
from sra_contract.fund_page import FundPage
from sra_contract.fund_quote_history import FundQuoteHistory
from sra_contract.fund_return_reconciliation import FundReturnReconciliation
from sra_contract.fund_value import FundValue
from sra_contract.fundata_records import FundataData, FundataDataHistory, FundataQuotes, FundataQuotesHistory
from sra_contract.identities import ListingIdentity
from sra_contract.index_performance import IndexPerformance
from sra_contract.latest_quote import LatestQuote
from sra_contract.market_movers import MarketMovers
from sra_contract.price_adjustment import PriceAdjustment
from sra_contract.security_master import SecurityMaster
from sra_contract.treasury_curve import TreasuryCurve
from view_builder.as_of import make_fundata_as_of, make_known_as_of, make_mode_as_of
from view_builder.collected_marts import COLLECTED
from view_builder.mart_makers import make_live, make_materialized
from view_builder.search_mart import SEARCH_MART
from view_builder.series_marts import SERIES_MARTS
from view_builder.spec import Mart, ViewSource
from view_builder.statement_marts import STATEMENT_MARTS

_EVENTS = (ViewSource("fmp_split", "fmp", ("splits",)), ViewSource("fmp_dividend", "fmp", ("dividends",)))
_CLOSES = (ViewSource("fmp_eod_price", "fmp", ("eod_prices",)),)
_NAMES = (
    ViewSource("fmp_symbol_alias", "fmp", ("symbol_changes",)),
    ViewSource("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
)
_UNIVERSE = (ViewSource("fmp_universe", "fmp", ("universe",)),)
_PROFILE = (ViewSource("equity_profile", "fmp", ("profile",)),)
# former profiles, which know the former currency
_CURRENCY = (ViewSource("fmp_row_history", "fmp", ("profile",)),)
_QUOTE = (ViewSource("fmp_quote", "fmp", ("quote",)),)
_STATEMENTS = (
    ViewSource("fmp_income_statement", "fmp", ("income_statement",)),
    ViewSource("fmp_balance_sheet", "fmp", ("balance_sheet",)),
    ViewSource("fmp_cash_flow", "fmp", ("cash_flow",)),
    ViewSource("fmp_financial_growth", "fmp", ("financial_growth",)),
    ViewSource("fmp_income_growth", "fmp", ("income_growth",)),
    ViewSource("fmp_cash_flow_growth", "fmp", ("cash_flow_growth",)),
    ViewSource("fmp_ratio", "fmp", ("ratios",)),
    ViewSource("fmp_key_metric", "fmp", ("key_metrics",)),
    ViewSource("fmp_score", "fmp", ("scores",)),
)
_METRICS = (
    *(*_QUOTE, *_CLOSES, *_PROFILE, *_STATEMENTS),
    ViewSource("fmp_earning", "fmp", ("earnings",)),
    ViewSource("fmp_peer", "fmp", ("peers",)),
    ViewSource("fmp_exchange_rate", "fmp", ("exchange_rates",)),
    *(*_EVENTS, *_NAMES, *_UNIVERSE),
)
_VALUES = (ViewSource("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),)
_DATA = (ViewSource("fundata_data", "fundata"),)
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
_QUOTE_INDEXES = ("pk_fundata_quotes", "ix_fundata_quotes_date")


MARTS: tuple[Mart, ...] = (
    make_materialized(
        SecurityMaster,
        sources=(
            ViewSource("fundata_data", "fundata", ("FundGeneral", "InstrumentIdentifier")),
            *(*_UNIVERSE, *_PROFILE),
            ViewSource("fmp_etf_info", "fmp", ("etf_info",)),
            *(*_CURRENCY, *_NAMES),
        ),
        indexes=(
            "(identifier)",
            *("(security_id)", "(issuer_id)", "(fund_id)"),
            "(isin)",
            # the other listings of an issuer
            "(cik, currency)",
            "(lower(name) text_pattern_ops)",
            "USING gin (to_tsvector('simple', coalesce(name_en, '') || ' ' || coalesce(name_fr, '')))",
        ),
    ),
    make_live(FundataData, sources=_DATA, uses=("security_master",), used_indexes=("pk_fundata_data",)),
    make_live(
        FundataDataHistory,
        sources=_DATA,
        uses=("security_master",),
        functions=(
            make_fundata_as_of(
                "fundata_data_history",
                "The data records that were in force on valid_on (by ChangeDate; a record without one is always in force), as"
                " far as we knew at known_at: for each key the greatest such version by data_source (API before CSV),"
                " change_date (none last), data_version. Keys whose record was not active then are excluded.",
            ),
        ),
        used_indexes=("pk_fundata_data",),
    ),
    make_live(
        FundataQuotes,
        sources=_VALUES,
        uses=("security_master",),
        used_indexes=_QUOTE_INDEXES,
    ),
    make_live(
        FundataQuotesHistory,
        sources=_VALUES,
        uses=("security_master",),
        functions=(
            make_fundata_as_of(
                "fundata_quotes_history",
                "The quotes of the days up to valid_on as far as we knew at known_at: for each day the greatest version by"
                " data_source (API before CSV), change_date (none last), data_version. Days whose record was not active then"
                " are excluded.",
            ),
        ),
        used_indexes=_QUOTE_INDEXES,
    ),
    make_materialized(
        FundQuoteHistory,
        partition=("identifier",),
        since="date",
        sources=(*_VALUES, ViewSource("fundata_data", "fundata", ("FundDistribution", "FundGeneral"))),
        uses=("security_master",),
        indexes=("(date)", "(('fundata:' || identifier))", "(identifier, date) WHERE split_ratio IS NOT NULL"),
        has_run=True,
        on_read=("adjusted_navps", "security_id"),
    ),
    make_materialized(
        LatestQuote,
        sources=(
            *(*_VALUES, *_QUOTE, *_CLOSES, *_NAMES),
            ViewSource("fundata_data", "fundata", ("FundGeneral",)),
            *(*_UNIVERSE, *_PROFILE),
        ),
        uses=("security_master", "fund_quote_history"),
        indexes=("(identifier)", "(price_date)"),
    ),
    make_materialized(
        PriceAdjustment,
        partition=("symbol",),
        sources=(*_EVENTS, *_CLOSES, *_NAMES, *_UNIVERSE, *_PROFILE, *_CURRENCY),
        uses=("security_master",),
        indexes=("(security_id)", _DOUBTFUL),
        has_run=True,
        functions=(
            make_known_as_of(
                PriceAdjustment,
                "The rows of price_adjustment for some symbols as of a moment, from the events that we knew and the closes that"
                " we had stored then. Events after the newest of these closes have no effect. Names of listings and"
                " currency_basis are the present ones. A future moment counts as now.",
            ),
        ),
    ),
    make_materialized(
        ListingIdentity,
        sources=(*_UNIVERSE, *_PROFILE, ViewSource("fmp_etf_info", "fmp", ("etf_info",)), *_NAMES),
        uses=("security_master",),
        indexes=("(security_id)",),
    ),
    # directly after the factors and identities that it is read with
    make_materialized(
        EquityQuoteHistory,
        partition=("symbol",),
        since="date",
        sources=(*_CLOSES, *_NAMES, *_UNIVERSE, *_PROFILE, *_CURRENCY),
        uses=("security_master", "price_adjustment", "listing_identity"),
        published_with=("price_adjustment", "listing_identity"),
        indexes=("(date)", "(security_id)"),
        has_run=True,
        on_read=(
            *(f"split_adjusted_{name}" for name in ("open", "high", "low", "close", "volume")),
            *("total_return_close", "split_factor", "total_return_factor", "share_factor"),
        ),
        functions=(
            make_known_as_of(
                EquityQuoteHistory,
                "The rows of equity_quote_history for some symbols as of a moment: the prices that we had stored, with the"
                " factors of price_adjustment_as_of. A price that was corrected later has its former value. A future moment"
                " counts as now.",
            ),
        ),
    ),
    make_materialized(
        FundValue,
        sources=(*_VALUES, ViewSource("fundata_data", "fundata", ("FundDistribution", "FundGeneral"))),
        uses=("fund_quote_history",),
    ),
    make_materialized(
        FundPage,
        sources=(ViewSource("fundata_data", "fundata", _FUND_DATASETS), *_VALUES),
        uses=("security_master", "fund_value"),
        published_with=("fund_value",),
        indexes=("(lower(name) text_pattern_ops)", "(category)"),
        on_read=(
            *("navps", "price_date", "change", "vendor_price_return_1d"),
            *("price_return_1d", "return_1d"),
            *("current_yield", "current_yield_percent_change", "current_yield_date"),
        ),
    ),
    make_materialized(
        FundMetrics,
        sources=(
            ViewSource(
                "fundata_data",
                "fundata",
                (
                    "FundGeneral",
                    "FundPerformanceSummary",
                    "FundYearlyPerformance",
                    "FundYearlyPerformanceRankingByClass",
                    "FundRiskYearlyPerformance",
                    "FundExpenses",
                    "InstrumentIdentifier",
                ),
            ),
        ),
        uses=("security_master",),
        indexes=(
            *("(category, category_rank_3y)", "(company)", "(lower(name) text_pattern_ops)"),
            *(f"(month_end_return_{span} DESC NULLS LAST)" for span in ("1y", "3y", "5y")),
            *("(management_expense_ratio)", "(vendor_standard_deviation_3y)", "(vendor_sharpe_3y DESC NULLS LAST)"),
        ),
    ),
    make_materialized(
        FundReturnReconciliation,
        sources=(ViewSource("fundata_data", "fundata", ("FundPerformanceSummary", "FundDistribution")), *_VALUES),
        uses=("fund_quote_history",),
        indexes=("(month_end_date)", "(month_end_date) WHERE NOT is_within"),
    ),
    make_materialized(
        EquityFundamentals,
        sources=(*_STATEMENTS, *_QUOTE, *_CLOSES, *_EVENTS, *_NAMES, *_UNIVERSE, *_PROFILE),
        uses=("security_master", "price_adjustment"),
        functions=(
            make_mode_as_of(
                EquityFundamentals,
                "The rows of equity_fundamentals from the statements of a past state. Mode strict uses statements that were"
                " public and known to us at that moment, mode reported those that were public, whenever we stored them."
                " is_backfilled marks rows whose known_at is later than that moment, so figures may be restated. Earnings"
                " per share are as reported. They are NULL if there is a split between the filing and that day in New York,"
                " or between that day and the day on which we stored the statement; split_parts then has the factors for"
                " shares of that day. The vendor's figures of a fiscal year count from 120 days after its end, scores from"
                " the moment of storage. A future moment counts as now. Pass the symbols; NULL computes every company.",
            ),
        ),
    ),
    make_materialized(
        EquityMetrics,
        sources=_METRICS,
        uses=("security_master", "price_adjustment", "equity_fundamentals"),
        indexes=(
            *("(exchange)", "(sector, industry)", "(market_cap DESC NULLS LAST)", "(market_cap_usd DESC NULLS LAST)"),
            *(_DOUBTFUL, "(symbol) WHERE share_ratio IS NOT NULL"),
            # the rows that an exchange rate may change
            "(currency) WHERE currency <> 'USD'",
            "(reported_currency) WHERE reported_currency <> currency",
        ),
    ),
    make_live(
        EquityPage,
        sources=_METRICS,
        uses=("equity_metrics",),
        used_indexes=("ix_equity_metrics_6c2f5087",),
    ),
    make_materialized(
        EtfPage,
        sources=(
            ViewSource("fmp_etf_info", "fmp", ("etf_info",)),
            ViewSource("fmp_etf_holding", "fmp", ("etf_holdings",)),
            ViewSource("fmp_etf_sector", "fmp", ("etf_sectors",)),
            ViewSource("fmp_etf_country", "fmp", ("etf_countries",)),
            *(*_QUOTE, *_CLOSES, *_PROFILE, *_EVENTS, *_NAMES, *_UNIVERSE),
            ViewSource("fmp_index_price", "fmp", ("index_prices",)),
            ViewSource("fmp_treasury_rate", "fmp", ("treasury_rates",)),
        ),
        uses=("security_master", "price_adjustment"),
        indexes=("(exchange)", "(assets_under_management DESC NULLS LAST)", _DOUBTFUL),
    ),
    make_materialized(
        MarketMovers,
        partition=("market",),
        sources=(
            ViewSource("fmp_constituent", "fmp", ("constituents",)),
            *(*_QUOTE, *_CLOSES, *_UNIVERSE, *_PROFILE, *_NAMES),
        ),
        uses=("equity_metrics",),
        indexes=("(symbol)",),
    ),
    make_materialized(
        IndexPerformance,
        sources=(ViewSource("fmp_index_price", "fmp", ("index_prices",)),),
    ),
    make_materialized(
        DailyMarketSummary,
        partition=("date",),
        sources=(*_VALUES, ViewSource("fundata_data", "fundata", ("FundGeneral",))),
        uses=("security_master", "fund_quote_history"),
    ),
    make_live(
        TreasuryCurve,
        sources=(ViewSource("fmp_treasury_rate", "fmp", ("treasury_rates",)),),
        used_indexes=("pk_fmp_treasury_rate",),
    ),
    make_materialized(
        RunContents,
        sources=(*_DATA, ViewSource("fundata_quotes", "fundata")),
        # runs leave the ledger when they are old
        max_shrink=Decimal(1),
        looks_up=True,
    ),
    make_live(
        DataFreshness,
        sources=(ViewSource("run_unit", "fundata"), ViewSource("run_unit", "fmp"), ViewSource("market_session", "fmp")),
        uses=("run_contents", "latest_quote"),
        used_indexes=("pk_market_session",),
    ),
    *COLLECTED,
    *STATEMENT_MARTS,
    *SERIES_MARTS,
    SEARCH_MART,
)
