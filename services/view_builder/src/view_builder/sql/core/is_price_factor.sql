-- A split is a price factor where its ratio is above one and in lowest terms has a denominator over 20: a spin-off, as 1253:1000.
-- It divides former prices; the number of shares stays. A ratio below one joins shares, as 1:25, whatever its denominator: the
-- owners of a company that spins off a part get no fewer shares.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_split. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_price_factor(numerator numeric, denominator numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT numerator > denominator AND denominator > 20 * gcd(numerator, denominator)
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.is_price_factor(numeric, numeric) TO public;
