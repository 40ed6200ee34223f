-- The vendor's derived figures for a company's newest fiscal year, by its end: growth, ratios and key metrics, each in its newest
-- version. ratios_date is the older end if ratios and key metrics are of two years. The vendor delivers no filing day with these
-- figures, so in a past state they count from the assumed day on (core.available_at).
-- Grain: one row. Key: none. Sources: fmp_financial_growth, fmp_income_growth, fmp_cash_flow_growth, fmp_ratio,
-- fmp_key_metric. Units: fractions and ratios, as delivered.
CREATE OR REPLACE FUNCTION core.vendor_year(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  growth_fiscal_year integer, revenue_growth numeric, net_income_growth numeric, eps_growth numeric,
  free_cash_flow_growth numeric, has_ratios boolean, pe_ratio numeric, price_to_book_ratio numeric,
  price_to_sales_ratio numeric, ev_to_ebitda numeric, free_cash_flow_yield numeric, ratios_date date,
  stored_at timestamptz, known_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(g.fiscal_year, i.fiscal_year), coalesce(g.revenue_growth, i.growth_revenue),
  coalesce(g.net_income_growth, i.growth_net_income), coalesce(g.eps_diluted_growth, i.growth_eps_diluted),
  coalesce(g.free_cash_flow_growth, c.growth_free_cash_flow), coalesce(o.symbol, k.symbol) IS NOT NULL,
  o.price_to_earnings_ratio, o.price_to_book_ratio, o.price_to_sales_ratio, k.ev_to_ebitda, k.free_cash_flow_yield,
  least(o.date, k.date),
  greatest(g.updated_at, i.updated_at, c.updated_at, o.updated_at, k.updated_at),
  greatest(g.learnt_at, i.learnt_at, c.learnt_at, o.learnt_at, k.learnt_at)
FROM (SELECT 1) one
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_financial_growth x WHERE x.symbol = of_symbol AND x.period = 'FY'
    AND core.is_visible(x.learnt_at, NULL, NULL, x.date, x.period, known_by, public_by)
  ORDER BY x.date DESC, x.fiscal_year DESC, x.version DESC LIMIT 1
) g ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_income_growth x WHERE x.symbol = of_symbol AND x.period = 'FY'
    AND core.is_visible(x.learnt_at, NULL, NULL, x.date, x.period, known_by, public_by)
  ORDER BY x.date DESC, x.fiscal_year DESC, x.version DESC LIMIT 1
) i ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_cash_flow_growth x WHERE x.symbol = of_symbol AND x.period = 'FY'
    AND core.is_visible(x.learnt_at, NULL, NULL, x.date, x.period, known_by, public_by)
  ORDER BY x.date DESC, x.fiscal_year DESC, x.version DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_ratio x WHERE x.symbol = of_symbol AND x.period = 'FY'
    AND core.is_visible(x.learnt_at, NULL, NULL, x.date, x.period, known_by, public_by)
  ORDER BY x.date DESC, x.fiscal_year DESC, x.version DESC LIMIT 1
) o ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_key_metric x WHERE x.symbol = of_symbol AND x.period = 'FY'
    AND core.is_visible(x.learnt_at, NULL, NULL, x.date, x.period, known_by, public_by)
  ORDER BY x.date DESC, x.fiscal_year DESC, x.version DESC LIMIT 1
) k ON true
$$;
