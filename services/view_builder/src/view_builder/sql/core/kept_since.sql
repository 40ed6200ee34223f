-- From when on replaced rows of FMP tables are kept: since calls are recorded, which a release introduced together.
-- Grain: one row. Key: none. Sources: fmp_call. Units: moment in UTC.
CREATE OR REPLACE VIEW core.kept_since AS
SELECT (SELECT c.answered_at FROM public.fmp_call c ORDER BY c.call_id LIMIT 1) AS moment;
