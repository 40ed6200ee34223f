-- What the vendor delivers about an ETF.
-- Grain: at most one row. Key: none. Sources: fmp_etf_info. Units: nav_currency; fraction a year; positions.
CREATE OR REPLACE FUNCTION core.etf_info(of_symbol text) RETURNS TABLE (
  name text, etf_company text, asset_class text, domicile text, isin text, cusip text, website text, description text,
  inception_date date, average_volume numeric, navps numeric, navps_date date, nav_currency text, expense_ratio numeric,
  assets_under_management numeric, holdings_count bigint, updated_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT i.name, i.etf_company, i.asset_class, i.domicile, nullif(i.isin, ''), nullif(i.security_cusip, ''), i.website,
  i.description, i.inception_date, i.avg_volume, i.nav, core.read_day(i.source_updated_at), i.nav_currency,
  core.percent_as_fraction(i.expense_ratio), i.assets_under_management, core.whole_number(i.holdings_count), i.updated_at
FROM public.fmp_etf_info i
WHERE i.symbol = of_symbol
$$;
