-- When the public could know a statement without an acceptance time: the end of its filing day in New York, if that is after the
-- end of the period. Otherwise an assumption: the end of the 90th day after the period, or of the 120th day after a fiscal year.
-- Grain: one value. Key: none. Sources: its arguments, of a table of statements. Units: moment in UTC.
CREATE OR REPLACE FUNCTION core.assumed_at(filing_date date, end_date date, period text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT (
    CASE WHEN filing_date > end_date THEN filing_date WHEN period = 'FY' THEN end_date + 120 ELSE end_date + 90 END + 1
  )::timestamp AT TIME ZONE 'America/New_York'
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.assumed_at(date, date, text) TO public;
