-- The ids of funds, which are assigned once and never change.
-- Grain: one row per fund. Key: security_id; identifier. Sources: security. Units: none.
CREATE OR REPLACE VIEW core.fund_securities AS
SELECT x.security_id, x.identifier
FROM public.security x
WHERE x.source = 'fundata';
