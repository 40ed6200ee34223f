-- A split is a price factor where its ratio in lowest terms has a denominator over 20: a spin-off, as 1253:1000. It divides
-- former prices; the number of shares stays.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_split. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_price_factor(numerator numeric, denominator numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT denominator > 20 * gcd(numerator, denominator)
$$;
