-- Whether a version of a statement belongs to a past state: we had stored it by one moment, and the public could know it by
-- another. infinity sets no condition, and the planner then omits it.
-- Grain: one value. Key: none. Sources: its arguments, of a table of statements. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_visible(
  learnt_at timestamptz, accepted_date text, filing_date date, end_date date, period text, known_by timestamptz,
  public_by timestamptz
)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT (known_by = 'infinity' OR learnt_at <= known_by)
  AND (public_by = 'infinity' OR core.available_at(accepted_date, filing_date, end_date, period) <= public_by)
$$;
