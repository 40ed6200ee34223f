-- A moment and its run as one text, so that the newest of several is a single maximum; NULL if the moment is NULL.
-- Grain: one value. Key: none. Sources: its arguments. Units: moment in UTC.
CREATE OR REPLACE FUNCTION core.stamp(moment timestamptz, run uuid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT to_char(moment, 'YYYY-MM-DD HH24:MI:SS.US') || run::text
$$;
