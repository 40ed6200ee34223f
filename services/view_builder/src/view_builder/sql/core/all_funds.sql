-- The funds with a record of FundGeneral, current or not.
-- Grain: one row per fund. Key: identifier. Sources: fundata_data (FundGeneral). Units: none.
CREATE OR REPLACE FUNCTION core.all_funds() RETURNS TABLE (identifier text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT d.identifier FROM public.fundata_data d WHERE d.dataset = 'FundGeneral'
$$;
