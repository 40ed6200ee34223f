-- The moment at which a statement was accepted, read from the vendor's text, which is in New York time. NULL if the text has no
-- time of day, or if its day is not after the end of the period, because no statement is accepted before its period ends.
-- Grain: one value. Key: none. Sources: its arguments, of a table of statements. Units: moment in UTC.
CREATE OR REPLACE FUNCTION core.accepted_at(accepted_date text, end_date date) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN accepted_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}$' AND right(accepted_date, 8) <> '00:00:00'
    AND left(accepted_date, 10) > to_char(end_date, 'YYYY-MM-DD')
    THEN (
      jsonb_path_query_first(to_jsonb(replace(accepted_date, 'T', ' ')), '$.datetime()', '{}', true) #>> '{}'
    )::timestamp AT TIME ZONE 'America/New_York'
END
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.accepted_at(text, date) TO public;
