-- When an event became invalid, as far as we knew at a moment; NULL if it was valid. An event that was stored later was never
-- valid.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_split or fmp_dividend. Units: moment in UTC.
CREATE OR REPLACE FUNCTION core.ended_by(valid_from timestamptz, valid_to timestamptz, known_by timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN known_by = 'infinity' THEN valid_to
  WHEN valid_from > known_by THEN valid_from
  WHEN valid_to <= known_by THEN valid_to
END
$$;
