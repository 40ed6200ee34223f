-- The CIFSC category of a fund, from its English record before others. A fund that has ended keeps that of its last record; a
-- record that continues under another key (Rekeyed) states none.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_newest (FundGeneral). Units: none.
CREATE OR REPLACE FUNCTION core.fund_category(of_fund text) RETURNS TABLE (category text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.cifsc_type
FROM core.fundata_data_newest d
WHERE d.identifier = of_fund AND d.dataset = 'FundGeneral' AND d.record_state IS DISTINCT FROM 'Rekeyed'
ORDER BY core.is_active(d.record_state) DESC, core.is_english(d.language) DESC, d.change_date DESC NULLS LAST, d.record_id LIMIT 1
$$;
