-- Whether a record is current: its RecordState is missing or Active.
-- Grain: one value. Key: none. Sources: its argument, record_state of fundata_data or fundata_quotes. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_active(record_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT record_state IS NULL OR lower(record_state) IN ('', 'active')
$$;
-- live views and functions of schema sra call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.is_active(text) TO public;
