-- The last value of a fund on or before a day, at most 7 days older: that of one share of the fund's first day with its
-- distributions reinvested.
-- Grain: at most one row. Key: none. Sources: published.fund_quote_history. Units: currency of the fund.
CREATE OR REPLACE FUNCTION core.fund_level(of_fund text, until_day date)
RETURNS TABLE (date date, level numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT n.date, n.navps * n.adjustment_factor
FROM published.fund_quote_history n
WHERE n.identifier = of_fund AND n.date BETWEEN until_day - 7 AND until_day AND core.is_value(n.navps)
ORDER BY n.date DESC LIMIT 1
$$;
