-- A stored number at full precision: as delivered in raw_json under one of two names, else as stored; NULL if there is none.
-- Grain: one value. Key: none. Sources: its arguments, of fundata_data or fundata_quotes. Units: those of the column.
CREATE OR REPLACE FUNCTION core.exact(stored numeric, raw jsonb, vendor_name text, column_name text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN stored IS NOT NULL
    THEN coalesce(core.parse_number(coalesce(raw ->> vendor_name, raw ->> column_name)), stored)
END
$$;
