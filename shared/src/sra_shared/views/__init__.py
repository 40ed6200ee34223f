"""The view models: the contract between schema sra and those who read it."""

from sra_shared.views.base import ViewModel
from sra_shared.views.daily_market_summary import DailyMarketSummary
from sra_shared.views.data_freshness import DataFreshness, RunContents
from sra_shared.views.equity_history import EquityQuoteHistory
from sra_shared.views.equity_metrics import EquityMetrics
from sra_shared.views.equity_page import EquityPage
from sra_shared.views.etf_page import EtfPage
from sra_shared.views.fund_page import FundPage
from sra_shared.views.fund_quote_history import FundQuoteHistory
from sra_shared.views.fundata_records import FundataData, FundataDataHistory, FundataQuotes, FundataQuotesHistory
from sra_shared.views.index_performance import IndexPerformance
from sra_shared.views.latest_quote import LatestQuote
from sra_shared.views.market_movers import MarketMovers
from sra_shared.views.price_adjustment import PriceAdjustment
from sra_shared.views.security_master import SecurityMaster
from sra_shared.views.treasury_curve import TreasuryCurve

__all__ = [
    "VIEWS",
    "DailyMarketSummary",
    "DataFreshness",
    "EquityMetrics",
    "EquityPage",
    "EquityQuoteHistory",
    "EtfPage",
    "FundPage",
    "FundQuoteHistory",
    "FundataData",
    "FundataDataHistory",
    "FundataQuotes",
    "FundataQuotesHistory",
    "IndexPerformance",
    "LatestQuote",
    "MarketMovers",
    "PriceAdjustment",
    "RunContents",
    "SecurityMaster",
    "TreasuryCurve",
    "ViewModel",
]

VIEWS: tuple[type[ViewModel], ...] = (
    SecurityMaster,
    FundataData,
    FundataDataHistory,
    FundataQuotes,
    FundataQuotesHistory,
    FundQuoteHistory,
    LatestQuote,
    PriceAdjustment,
    # right after the factors that it is read with
    EquityQuoteHistory,
    FundPage,
    EquityMetrics,
    EquityPage,
    EtfPage,
    MarketMovers,
    IndexPerformance,
    DailyMarketSummary,
    TreasuryCurve,
    RunContents,
    DataFreshness,
)
