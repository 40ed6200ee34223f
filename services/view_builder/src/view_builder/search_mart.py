"""The view that searches read, with the function that searches it."""

from __future__ import annotations

from sra_contract.security_search import SecuritySearch
from view_builder.mart_makers import make_materialized
from view_builder.spec import Mart, SqlFunction, ViewSource
from view_builder.sql_files import read_mart

_SQL = read_mart("security_search")
_COUNT = "GET DIAGNOSTICS found = ROW_COUNT;\nplaces := places - found;"
# in steps, because a text that thousands of names match is found by another index than a rare one
_SEARCH_STEPS = f"""#variable_conflict use_column
DECLARE
  words text := ({_SQL["search_words"]});
  code text := upper(btrim(query));
  patterns text[] := ARRAY(SELECT '% ' || w || '%' FROM unnest(string_to_array(words, ' ')) w);
  places integer := least(most, 1000);
  code_count integer;
  found integer;
  is_common boolean;
BEGIN
RETURN QUERY
{_SQL["search_codes"]};
GET DIAGNOSTICS code_count = ROW_COUNT;
places := places - code_count;
IF words IS NULL OR places <= 0 THEN
  RETURN;
END IF;
RETURN QUERY
{_SQL["search_beginnings"]};
{_COUNT}
IF places <= 0 THEN
  RETURN;
END IF;
PERFORM set_config('enable_indexscan', 'off', true);
is_common := ({_SQL["search_is_common"]});
PERFORM set_config('enable_indexscan', 'on', true);
IF is_common THEN
RETURN QUERY
{_SQL["search_common_words"]};
ELSE
RETURN QUERY
{_SQL["search_rare_words"]};
END IF;
{_COUNT}
IF places < least(most, 1000) OR length(words) > 100 OR NOT EXISTS (
    SELECT FROM pg_extension e WHERE e.extname = 'pg_trgm' AND e.extnamespace = 'public'::regnamespace
  ) THEN
  RETURN;
END IF;
PERFORM set_config('pg_trgm.word_similarity_threshold', '0.5', true);
RETURN QUERY
{_SQL["search_similar"]};
END"""  # noqa: S608

_SEARCH = SqlFunction(
    name="search_securities",
    arguments="query text, most integer DEFAULT 20",
    argument_types="text, integer",
    result="TABLE (security_id text, source text, identifier text, name text, type text, exchange text, currency text,"
    " is_active boolean, found_by text)",
    body=_SEARCH_STEPS,
    is_program=True,
    # a scan of a whole table or index would compute the words of every name; the last one restores what a step changes
    settings=("plan_cache_mode = force_custom_plan", "enable_seqscan = off", "enable_indexscan = on"),
    description="The securities that match a text, at most `most`. An exact code comes first: symbol, InstrumentKey, ISIN, CUSIP,"
    " CIK with or without zeros, FundSERV code. Then come names that begin with the text, then names in which each word of"
    " the text is the beginning of a word; active securities and short names first. Case and accents are ignored. If no name"
    " matches and the extension pg_trgm is installed, the most similar names are returned.",
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
    indexes=(
        "USING gin (to_tsvector('simple', search_text))",
        "USING gin (search_codes)",
        "(search_text text_pattern_ops)",
        "(is_active DESC, length(name), name, source, identifier) INCLUDE (search_text)",
    ),
    trigram_indexes=("USING gin (search_text public.gin_trgm_ops)",),
    functions=(_SEARCH,),
)
