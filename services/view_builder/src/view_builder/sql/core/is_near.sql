-- Whether two numbers of shares can count the same kind of share: the first is 0.8 to 1.25 times the second.
-- Grain: one value. Key: none. Sources: its arguments. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_near(some_shares numeric, other_shares numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT some_shares BETWEEN other_shares * 0.8 AND other_shares * 1.25
$$;
