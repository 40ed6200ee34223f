-- The newest yield of a fund in the week up to a day. The limit avoids a search of the whole history of a fund without a yield.
-- Grain: at most one row. Key: none. Sources: core.fundata_quotes_latest. Units: as delivered.
CREATE OR REPLACE FUNCTION core.fund_yield(of_fund text, until_day date)
RETURNS TABLE (date date, current_yield numeric, change numeric, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT y.date, core.exact(y.current_yield, y.raw_json, 'CurrentYield', 'current_yield'),
  core.exact(
    y.current_yield_percent_change, y.raw_json, 'CurrentYieldPercentChange', 'current_yield_percent_change'
  ), y.processed_at
FROM core.fundata_quotes_latest y
WHERE y.identifier = of_fund AND y.date <= until_day AND y.date >= until_day - 7 AND y.row_ordinal = 0
  AND y.current_yield IS NOT NULL
ORDER BY y.date DESC, y.dataset LIMIT 1
$$;
