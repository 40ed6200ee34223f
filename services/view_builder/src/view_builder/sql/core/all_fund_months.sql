-- The month ends of all funds for which the vendor has ever delivered a return.
-- Grain: one row per version of a record. Key: none. Sources: core.fundata_data_settled (FundPerformanceSummary). Units: days.
CREATE OR REPLACE FUNCTION core.all_fund_months() RETURNS TABLE (identifier text, month_end_date date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.identifier, d.month_end_date FROM core.fundata_data_settled d WHERE d.dataset = 'FundPerformanceSummary'
$$;
