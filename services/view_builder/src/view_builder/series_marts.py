"""The views over time: indices and their members, holdings of ETFs, and returns of every security."""

from __future__ import annotations

from sra_contract.etf_holdings import EtfExposure, EtfPosition
from sra_contract.index_history import IndexConstituent, IndexLevel
from sra_contract.return_series import CalendarPeriodReturn, CategorySummary, TotalReturnHistory
from view_builder.mart_makers import make_live, make_materialized, sample_securities
from view_builder.spec import Mart, SqlFunction, ViewSource
from view_builder.sql_files import read_mart

_MASTER = ("security_master",)
_SOME_LISTINGS = sample_securities("fmp")
_NAMES = ViewSource("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe"))
_LEVELS = ViewSource("fmp_index_price", "fmp", ("index_prices",))
_VALUES = ViewSource("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing"))
_SERIES = (ViewSource("fmp_eod_price", "fmp", ("eod_prices",)), _VALUES)

_PRICES_ON = SqlFunction(
    name="prices_on",
    arguments="day date, security_ids text[], currency text",
    argument_types="date, text[], text",
    result="TABLE (security_id text, price_date date, price numeric, price_currency text, fx_rate numeric, fx_date date,"
    " value numeric)",
    body=read_mart("total_return_history")["prices_on"],
    description="The last price of each security on or before a day, at most 7 days older, with its value in one currency."
    " price is unadjusted, per share of its own day. fx_rate is units of that currency for one of price_currency, through"
    " the US dollar from the last rates on or before the day, at most 7 days old; fx_date is that of the older rate. The columns"
    " are NULL for a security without a price and a currency without a rate.",
)

SERIES_MARTS: tuple[Mart, ...] = (
    make_live(IndexLevel, sources=(_LEVELS,), uses=_MASTER, used_indexes=("pk_fmp_index_price",)),
    make_live(
        IndexConstituent,
        sources=(
            ViewSource("fmp_constituent", "fmp", ("constituents",)),
            ViewSource("fmp_constituent_change", "fmp", ("constituent_changes",)),
            _NAMES,
        ),
        used_indexes=("pk_fmp_constituent", "pk_fmp_constituent_change"),
    ),
    make_live(
        EtfPosition,
        sources=(ViewSource("fmp_etf_holding", "fmp", ("etf_holdings",)), _NAMES),
        used_indexes=("pk_fmp_etf_holding",),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        EtfExposure,
        sources=(
            ViewSource("fmp_etf_country", "fmp", ("etf_countries",)),
            ViewSource("fmp_etf_sector", "fmp", ("etf_sectors",)),
            _NAMES,
        ),
        used_indexes=("pk_fmp_etf_country", "pk_fmp_etf_sector"),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        TotalReturnHistory,
        sources=_SERIES,
        uses=("listing_identity", "equity_quote_history", "fund_quote_history", "exchange_rates"),
        functions=(_PRICES_ON,),
        sample=_SOME_LISTINGS,
    ),
    make_live(
        CalendarPeriodReturn,
        sources=_SERIES,
        uses=("total_return_history",),
        sample=_SOME_LISTINGS,
    ),
    make_materialized(
        CategorySummary,
        partition=("category",),
        sources=(ViewSource("fundata_data", "fundata", ("FundGeneral", "FundYearlyPerformance")),),
        uses=("fund_metrics",),
        indexes=("(month_end_date)",),
    ),
)
