-- What core.available_at is based on: accepted, filing_day or assumed.
-- Grain: one value. Key: none. Sources: its arguments, of a table of statements. Units: none.
CREATE OR REPLACE FUNCTION core.available_basis(accepted_date text, filing_date date, end_date date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN core.accepted_at(accepted_date, end_date) IS NOT NULL THEN 'accepted'
  WHEN filing_date > end_date THEN 'filing_day'
  ELSE 'assumed'
END
$$;
