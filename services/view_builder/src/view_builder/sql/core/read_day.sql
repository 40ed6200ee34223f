-- The day at the start of a text in ISO 8601, or NULL if there is none. Never raises an error.
-- Grain: one value. Key: none. Sources: its argument. Units: date.
CREATE OR REPLACE FUNCTION core.read_day(given text) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN left(given, 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
    THEN (jsonb_path_query_first(to_jsonb(left(given, 10)), '$.datetime()', '{}', true) #>> '{}')::date
END
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.read_day(text) TO public;
