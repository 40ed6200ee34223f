-- The vendor's growth figures of every fiscal period of every company, each in its newest version, as delivered. If several
-- listings of an issuer have a period, one counts: active listings first, then by symbol.
-- Grain: one row per company, kind of period and end. Key: issuer_id, period_kind, period_end_date.
-- Sources: fmp_financial_growth, fmp_income_growth, fmp_balance_sheet_growth, fmp_cash_flow_growth, sra.security_master.
-- Units: fraction.
-- name: rows
SELECT m.issuer_id, m.security_id, m.identifier AS symbol, k.period_kind, k.date AS period_end_date,
  coalesce(f.fiscal_year, i.fiscal_year, b.fiscal_year, c.fiscal_year) AS fiscal_year,
  coalesce(f.period, i.period, b.period, c.period) AS fiscal_period,
  coalesce(f.reported_currency, i.reported_currency, b.reported_currency, c.reported_currency) AS reported_currency,
  f.revenue_growth AS vendor_revenue_growth, f.gross_profit_growth AS vendor_gross_profit_growth,
  f.ebit_growth AS vendor_ebit_growth, f.operating_income_growth AS vendor_operating_income_growth,
  f.net_income_growth AS vendor_net_income_growth, f.eps_growth AS vendor_eps_growth,
  f.eps_diluted_growth AS vendor_eps_diluted_growth, f.dividends_per_share_growth AS vendor_dividends_per_share_growth,
  f.operating_cash_flow_growth AS vendor_operating_cash_flow_growth, f.asset_growth AS vendor_asset_growth,
  f.book_value_per_share_growth AS vendor_book_value_per_share_growth, f.debt_growth AS vendor_debt_growth,
  f.free_cash_flow_growth AS vendor_free_cash_flow_growth, i.growth_revenue AS income_revenue_growth,
  i.growth_gross_profit AS income_gross_profit_growth, i.growth_operating_income AS income_operating_income_growth,
  i.growth_net_income AS income_net_income_growth, i.growth_eps AS income_eps_growth,
  i.growth_eps_diluted AS income_eps_diluted_growth, i.growth_ebitda AS income_ebitda_growth,
  b.growth_total_assets AS balance_total_assets_growth, b.growth_total_liabilities AS balance_total_liabilities_growth,
  b.growth_total_stockholders_equity AS balance_total_stockholders_equity_growth,
  b.growth_total_debt AS balance_total_debt_growth, b.growth_net_debt AS balance_net_debt_growth,
  b.growth_inventory AS balance_inventory_growth, c.growth_net_income AS cash_flow_net_income_growth,
  c.growth_operating_cash_flow AS cash_flow_operations_growth,
  c.growth_capital_expenditure AS cash_flow_capital_expenditure_growth, c.growth_free_cash_flow AS cash_flow_free_growth,
  c.growth_dividends_paid AS cash_flow_dividends_paid_growth,
  greatest(f.learnt_at, i.learnt_at, b.learnt_at, c.learnt_at) AS known_at,
  greatest(f.updated_at, i.updated_at, b.updated_at, c.updated_at) AS as_of,
  CASE greatest(f.updated_at, i.updated_at, b.updated_at, c.updated_at)
    WHEN f.updated_at THEN f.run_id WHEN i.updated_at THEN i.run_id WHEN b.updated_at THEN b.run_id
    WHEN c.updated_at THEN c.run_id
  END AS last_run_id
FROM sra.security_master m
CROSS JOIN LATERAL (SELECT DISTINCT e.period_kind, e.date FROM core.growth_ends e WHERE e.symbol = m.identifier) k
LEFT JOIN LATERAL (
  SELECT x.* FROM core.financial_growth_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) f ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.income_growth_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) i ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.balance_growth_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) b ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.cash_flow_growth_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) c ON true
WHERE m.source = 'fmp' AND NOT EXISTS (
    SELECT FROM sra.security_master o
    JOIN core.growth_ends e ON e.symbol = o.identifier AND e.period_kind = k.period_kind AND e.date = k.date
    WHERE o.source = 'fmp' AND o.issuer_id = m.issuer_id AND (o.is_active, m.identifier) > (m.is_active, o.identifier)
  );
-- name: example
SELECT g.period_end_date, g.vendor_revenue_growth, g.vendor_eps_growth FROM sra.financial_growth g
ORDER BY g.period_end_date DESC LIMIT 20;
