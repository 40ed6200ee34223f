-- The vendor's ratios and key metrics of every fiscal period of every company, each in its newest version, as delivered. If
-- several listings of an issuer have a period, one counts: active listings first, then by symbol.
-- Grain: one row per company, kind of period and end. Key: issuer_id, period_kind, period_end_date.
-- Sources: fmp_ratio, fmp_key_metric, sra.security_master.
-- Units: fraction; ratio; as delivered.
-- name: rows
SELECT m.issuer_id, m.security_id, m.identifier AS symbol, k.period_kind, k.date AS period_end_date,
  coalesce(r.fiscal_year, y.fiscal_year) AS fiscal_year,
  coalesce(r.period, y.period) AS fiscal_period,
  coalesce(r.reported_currency, y.reported_currency) AS reported_currency,
  r.gross_profit_margin AS vendor_gross_profit_margin, r.operating_profit_margin AS vendor_operating_profit_margin,
  r.net_profit_margin AS vendor_net_profit_margin, r.ebitda_margin AS vendor_ebitda_margin,
  r.current_ratio AS vendor_current_ratio, r.quick_ratio AS vendor_quick_ratio,
  r.debt_to_equity_ratio AS vendor_debt_to_equity_ratio, r.price_to_earnings_ratio AS vendor_pe_ratio,
  r.price_to_book_ratio AS vendor_pb_ratio, r.price_to_sales_ratio AS vendor_ps_ratio,
  r.price_to_free_cash_flow_ratio AS vendor_price_to_free_cash_flow_ratio, r.dividend_yield AS vendor_dividend_yield,
  r.dividend_payout_ratio AS vendor_dividend_payout_ratio, r.interest_coverage_ratio AS vendor_interest_coverage_ratio,
  r.book_value_per_share AS vendor_book_value_per_share, r.revenue_per_share AS vendor_revenue_per_share,
  r.net_income_per_share AS vendor_net_income_per_share, r.free_cash_flow_per_share AS vendor_free_cash_flow_per_share,
  r.dividend_per_share AS vendor_dividend_per_share, r.asset_turnover AS vendor_asset_turnover,
  r.effective_tax_rate AS vendor_effective_tax_rate, y.market_cap AS vendor_market_cap,
  y.enterprise_value AS vendor_enterprise_value, y.ev_to_sales AS vendor_ev_to_sales, y.ev_to_ebitda AS vendor_ev_to_ebitda,
  y.net_debt_to_ebitda AS vendor_net_debt_to_ebitda, y.return_on_assets AS vendor_return_on_assets,
  y.return_on_equity AS vendor_return_on_equity, y.return_on_invested_capital AS vendor_return_on_invested_capital,
  y.earnings_yield AS vendor_earnings_yield, y.free_cash_flow_yield AS vendor_free_cash_flow_yield,
  y.working_capital AS vendor_working_capital, y.invested_capital AS vendor_invested_capital,
  y.income_quality AS vendor_income_quality, y.graham_number AS vendor_graham_number,
  greatest(r.learnt_at, y.learnt_at) AS known_at,
  greatest(r.updated_at, y.updated_at) AS as_of,
  CASE greatest(r.updated_at, y.updated_at) WHEN r.updated_at THEN r.run_id WHEN y.updated_at THEN y.run_id END AS last_run_id
FROM sra.security_master m
CROSS JOIN LATERAL (SELECT DISTINCT e.period_kind, e.date FROM core.ratio_ends e WHERE e.symbol = m.identifier) k
LEFT JOIN LATERAL (
  SELECT x.* FROM core.ratio_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.key_metric_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) y ON true
WHERE m.source = 'fmp' AND NOT EXISTS (
    SELECT FROM sra.security_master o
    JOIN core.ratio_ends e ON e.symbol = o.identifier AND e.period_kind = k.period_kind AND e.date = k.date
    WHERE o.source = 'fmp' AND o.issuer_id = m.issuer_id AND (o.is_active, m.identifier) > (m.is_active, o.identifier)
  );
-- name: example
SELECT r.period_end_date, r.vendor_pe_ratio, r.vendor_current_ratio FROM sra.financial_ratios r
ORDER BY r.period_end_date DESC LIMIT 20;
