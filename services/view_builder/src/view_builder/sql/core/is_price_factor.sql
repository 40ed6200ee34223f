-- Whether a split is a price factor: its ratio is above one and, in lowest terms, has a denominator over 20, such as 1253:1000.
-- Such a ratio is a spin-off: it divides former prices, and the number of shares stays. A ratio below one combines shares, such
-- as 1:25, whatever its denominator, because the owners of a company that spins off a part keep their shares.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_split. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_price_factor(numerator numeric, denominator numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT numerator > denominator AND denominator > 20 * gcd(numerator, denominator)
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.is_price_factor(numeric, numeric) TO public;
