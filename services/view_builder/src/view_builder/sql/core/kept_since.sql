-- The moment since which replaced rows of FMP tables are kept: the first recorded call, because one release introduced both.
-- Grain: one row. Key: none. Sources: fmp_call. Units: moment in UTC.
CREATE OR REPLACE VIEW core.kept_since AS
SELECT (SELECT c.answered_at FROM public.fmp_call c ORDER BY c.call_id LIMIT 1) AS moment;
