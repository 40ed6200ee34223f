-- The quotes of funds with all delivered digits.
-- Grain: one row per fund, day and dataset. Key: identifier, date, dataset. Sources: core.fundata_quotes_latest.
-- Units: currency of the fund; price_return, the vendor's, is a fraction; told_split is a factor.
CREATE OR REPLACE FUNCTION core.fund_values() RETURNS TABLE (
  identifier text, date date, dataset text, navps numeric, change numeric, price_return numeric, paid numeric,
  told_split numeric, at timestamptz, run uuid
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT q.identifier, q.date, q.dataset, core.exact(q.navps, q.raw_json, 'NAVPS', 'navps'),
  CASE
    WHEN q.navps_penny_change IS NOT NULL THEN coalesce(core.parse_number(coalesce(
      q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change'
    )), q.navps_penny_change)
  END,
  core.percent_as_fraction(core.exact(q.navps_percent_change, q.raw_json, 'NAVPSPercentChange', 'navps_percent_change')),
  core.quoted_total(q.total_distribution, q.raw_json),
  core.parse_number(q.split), q.processed_at, q.run_id
FROM core.fundata_quotes_latest q
WHERE q.row_ordinal = 0
$$;
