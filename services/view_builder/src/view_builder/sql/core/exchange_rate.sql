-- Units of one currency for one of another on a day, through the US dollar, from the last rates on or before the day, at most 7
-- days old; day is that of the older rate.
-- Grain: at most one row. Key: none. Sources: core.usd_rate. Units: exchange rate, to 15 decimals.
CREATE OR REPLACE FUNCTION core.exchange_rate(from_currency text, to_currency text, of_day date)
RETURNS TABLE (rate numeric, day date, pair text, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT trim_scale(round(core.quotient(t.rate, f.rate), 15)), least(f.day, t.day), from_currency || to_currency,
  greatest(f.stored_at, t.stored_at)
FROM core.usd_rate(from_currency, of_day) f
CROSS JOIN core.usd_rate(to_currency, of_day) t
OFFSET 0
$$;
