-- Whether a period ended recently enough for a ratio with a price: at most 548 days (18 months) before the price's day.
-- Grain: one value. Key: none. Sources: its arguments. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_recent(period_end date, price_day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT period_end >= price_day - 548
$$;
