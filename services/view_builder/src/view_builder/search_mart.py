"""The view that searches read, with the function that searches it."""

from __future__ import annotations

from sra_contract.security_search import SecuritySearch
from view_builder.mart_makers import make_materialized
from view_builder.spec import Mart, SqlFunction, ViewSource
from view_builder.sql_files import read_mart

_SEARCH = SqlFunction(
    name="search_securities",
    arguments="query text, most integer DEFAULT 20",
    argument_types="text, integer",
    result="TABLE (security_id text, source text, identifier text, name text, type text, exchange text, currency text,"
    " is_active boolean, found_by text)",
    body=read_mart("security_search")["search"],
    description="The securities that match a text, at most `most`. An exact code comes first: symbol, InstrumentKey, ISIN, CUSIP,"
    " CIK with or without zeros, FundSERV code. Then come names that begin with the text, then names in which each word of"
    " the text is the beginning of a word; active securities and short names first. Case and accents are ignored.",
)

SEARCH_MART: Mart = make_materialized(
    SecuritySearch,
    sources=(
        ViewSource("fundata_data", "fundata", ("FundGeneral", "InstrumentIdentifier", "FundLoads")),
        ViewSource("fmp_universe", "fmp", ("universe",)),
        ViewSource("equity_profile", "fmp", ("profile",)),
        ViewSource("fmp_etf_info", "fmp", ("etf_info",)),
        ViewSource("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
    ),
    uses=("security_master",),
    indexes=("USING gin (to_tsvector('simple', search_text))", "USING gin (search_codes)"),
    functions=(_SEARCH,),
)
