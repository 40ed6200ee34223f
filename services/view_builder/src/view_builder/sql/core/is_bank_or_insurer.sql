-- Whether debt is a company's business, as for banks and insurers, so that its enterprise value is meaningless. Decided by the
-- industry, or by the sector if there is no industry. Insurance brokers are not insurers.
-- Grain: one value. Key: none. Sources: its arguments, of equity_profile. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_bank_or_insurer(sector text, industry text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(industry ~* '^(bank|insurance)' AND industry !~* 'broker', sector ~* '^financial', false)
$$;
