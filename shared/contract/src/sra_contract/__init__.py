"""The view models: the contract between schema sra and those who read it."""

from sra_contract.base import ViewModel
from sra_contract.daily_market_summary import DailyMarketSummary
from sra_contract.data_freshness import DataFreshness, RunContents
from sra_contract.equity_metrics import EquityMetrics
from sra_contract.equity_page import EquityPage
from sra_contract.equity_quote_history import EquityQuoteHistory
from sra_contract.etf_page import EtfPage
from sra_contract.fund_page import FundPage
from sra_contract.fund_quote_history import FundQuoteHistory
from sra_contract.fundata_records import FundataData, FundataDataHistory, FundataQuotes, FundataQuotesHistory
from sra_contract.index_performance import IndexPerformance
from sra_contract.latest_quote import LatestQuote
from sra_contract.market_movers import MarketMovers
from sra_contract.price_adjustment import PriceAdjustment
from sra_contract.security_master import SecurityMaster
from sra_contract.treasury_curve import TreasuryCurve

__all__ = [
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
