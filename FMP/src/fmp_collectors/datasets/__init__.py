"""The registry: every dataset, in the order in which a run collects them."""

from __future__ import annotations

from fmp_collectors.dataset import Cadence, FmpDataset
from fmp_collectors.datasets.constituents import CONSTITUENT_CHANGES, CONSTITUENTS
from fmp_collectors.datasets.delisted import DELISTED
from fmp_collectors.datasets.dividends import DIVIDENDS
from fmp_collectors.datasets.earnings import EARNINGS
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.etf_holdings import ETF_HOLDINGS
from fmp_collectors.datasets.etf_info import ETF_INFO
from fmp_collectors.datasets.etf_weights import ETF_COUNTRIES, ETF_SECTORS
from fmp_collectors.datasets.exchange_rates import EXCHANGE_RATES
from fmp_collectors.datasets.growth import BALANCE_SHEET_GROWTH, CASH_FLOW_GROWTH, INCOME_GROWTH
from fmp_collectors.datasets.index_prices import INDEX_PRICES
from fmp_collectors.datasets.movers import MOVERS
from fmp_collectors.datasets.peers import PEERS
from fmp_collectors.datasets.profile import PROFILE
from fmp_collectors.datasets.quote import QUOTE
from fmp_collectors.datasets.ratios import FINANCIAL_GROWTH, KEY_METRICS, RATIOS
from fmp_collectors.datasets.scores import SCORES
from fmp_collectors.datasets.splits import SPLITS
from fmp_collectors.datasets.statements import BALANCE_SHEET, CASH_FLOW, INCOME_STATEMENT
from fmp_collectors.datasets.symbol_changes import SYMBOL_CHANGES
from fmp_collectors.datasets.treasury_rates import TREASURY_RATES
from fmp_collectors.datasets.universe import UNIVERSE

DATASETS: tuple[FmpDataset, ...] = (
    UNIVERSE,
    SYMBOL_CHANGES,
    DELISTED,
    EOD_PRICES,
    QUOTE,
    SPLITS,
    DIVIDENDS,
    MOVERS,
    INDEX_PRICES,
    TREASURY_RATES,
    EXCHANGE_RATES,
    PROFILE,
    INCOME_STATEMENT,
    BALANCE_SHEET,
    CASH_FLOW,
    INCOME_GROWTH,
    BALANCE_SHEET_GROWTH,
    CASH_FLOW_GROWTH,
    FINANCIAL_GROWTH,
    RATIOS,
    KEY_METRICS,
    SCORES,
    PEERS,
    EARNINGS,
    ETF_INFO,
    ETF_HOLDINGS,
    ETF_COUNTRIES,
    ETF_SECTORS,
    CONSTITUENTS,
    CONSTITUENT_CHANGES,
)
BY_NAME = {dataset.name: dataset for dataset in DATASETS}


def list_datasets(cadence: Cadence) -> tuple[FmpDataset, ...]:
    """Return the datasets of a cadence, in order."""
    return tuple(dataset for dataset in DATASETS if dataset.cadence is cadence)
