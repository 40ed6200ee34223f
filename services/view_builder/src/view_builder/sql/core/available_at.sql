-- When the public could know a statement: at its acceptance, or else at core.assumed_at.
-- Grain: one value. Key: none. Sources: its arguments, of a table of statements. Units: moment in UTC.
CREATE OR REPLACE FUNCTION core.available_at(accepted_date text, filing_date date, end_date date, period text)
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(core.accepted_at(accepted_date, end_date), core.assumed_at(filing_date, end_date, period))
$$;
