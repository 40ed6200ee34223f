-- Whether a company's debt is its business, as that of banks and insurers, so that its enterprise value says nothing: by the
-- industry, or by the sector where no industry is given. Insurance brokers are not insurers.
-- Grain: one value. Key: none. Sources: its arguments, of equity_profile. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_bank_or_insurer(sector text, industry text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(industry ~* '^(bank|insurance)' AND industry !~* 'broker', sector ~* '^financial', false)
$$;
