-- The master data of a fund, in English if the vendor has several languages; the name also in French. If no record of FundGeneral
-- is active, the fund has ended or merged, and its last records count. A record that continues under another key (Rekeyed) is
-- ignored.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_newest (FundGeneral), core.fundata_data_latest
-- (InstrumentIdentifier). Units: none.
CREATE OR REPLACE FUNCTION core.fund_master(of_fund text) RETURNS TABLE (
  name text, name_en text, name_fr text, currency text, family text, company text, inception_date date, isin text,
  as_of timestamptz, is_active boolean, series_name text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(f.name_en, f.name_fr, f.name_other), f.name_en, f.name_fr, f.currency, f.family_name, f.company,
  f.inception_date, i.isin, greatest(f.as_of, i.as_of), f.is_active, f.series_name
FROM (
  SELECT
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE core.is_english(d.language) AND d.legal_name IS NOT NULL))[1] AS name_en,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE core.is_french(d.language) AND d.legal_name IS NOT NULL))[1] AS name_fr,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.legal_name IS NOT NULL))[1] AS name_other,
    (array_agg(d.currency ORDER BY NOT core.is_english(d.language), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.currency IS NOT NULL))[1] AS currency,
    (array_agg(d.family_name ORDER BY NOT core.is_english(d.language), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.family_name IS NOT NULL))[1] AS family_name,
    (array_agg(d.company ORDER BY NOT core.is_english(d.language), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.company IS NOT NULL))[1] AS company,
    (array_agg(d.inception_date ORDER BY NOT core.is_english(d.language), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.inception_date IS NOT NULL))[1] AS inception_date,
    (array_agg(d.series_name ORDER BY NOT core.is_english(d.language), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.series_name IS NOT NULL))[1] AS series_name,
    max(d.processed_at) AS as_of, bool_and(d.is_active) AS is_active
  FROM (
    SELECT n.*, core.is_active(n.record_state) AS is_active,
      bool_or(core.is_active(n.record_state)) OVER () AS has_active
    FROM core.fundata_data_newest n
    WHERE n.identifier = of_fund AND n.dataset = 'FundGeneral' AND n.record_state IS DISTINCT FROM 'Rekeyed'
  ) d
  WHERE d.is_active = d.has_active
  HAVING count(*) > 0
) f
CROSS JOIN (
  SELECT min(d.identifier_value) AS isin, max(d.processed_at) AS as_of
  FROM core.fundata_data_latest d
  WHERE d.identifier = of_fund AND d.dataset = 'InstrumentIdentifier' AND upper(d.identifier_type) = 'ISIN'
) i
$$;
