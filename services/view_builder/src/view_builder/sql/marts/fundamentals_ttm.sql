-- The twelve months up to every end of a company's fiscal periods, by the rules of equity_fundamentals, which has the newest of
-- them. The newest version of each statement counts. If several listings of an issuer have an end, readers see one: active
-- listings first, then by symbol. A listing's identity is stored with its rows, because security_master has a separate commit.
-- Grain: one row per symbol and end of twelve months. Key: symbol, period_end_date. Sources: fmp_income_statement,
-- fmp_balance_sheet, fmp_cash_flow, sra.security_master. Units: reported_currency, fraction, ratio, shares.
-- name: rows
SELECT s.symbol, t.date AS period_end_date, t.basis AS fundamentals_basis, t.reported_currency, f.revenue AS revenue_ttm,
  f.gross_profit AS gross_profit_ttm, f.operating_income AS operating_income_ttm, f.ebitda AS ebitda_ttm,
  f.ebit AS ebit_ttm, f.interest_expense AS interest_expense_ttm, f.net_income AS net_income_ttm,
  f.common_income AS common_income_ttm, f.operating_cash_flow AS operating_cash_flow_ttm,
  f.capital_expenditure AS capital_expenditure_ttm, f.free_cash_flow AS free_cash_flow_ttm,
  f.cash_and_short_term_investments, f.total_current_assets, f.total_current_liabilities, f.total_assets, f.total_liabilities,
  f.total_stockholders_equity, f.common_equity, f.preferred_stock, f.minority_interest, f.total_debt, f.net_debt,
  f.diluted_shares AS reported_diluted_shares, core.ratio_by_gain(f.gross_profit, f.revenue) AS gross_margin,
  core.ratio_by_gain(f.operating_income, f.revenue) AS operating_margin,
  core.ratio_by_gain(f.ebitda, f.revenue) AS ebitda_margin, core.ratio_by_gain(f.net_income, f.revenue) AS net_margin,
  core.ratio_by_gain(f.free_cash_flow, f.revenue) AS free_cash_flow_margin,
  core.ratio_by_gain(f.common_income, f.common_equity) AS return_on_equity,
  core.ratio_by_gain(f.net_income, f.total_assets) AS return_on_assets,
  core.ratio_by_gain(f.total_debt, f.total_stockholders_equity) AS debt_to_equity_ratio,
  core.ratio_by_gain(f.total_current_assets, f.total_current_liabilities) AS current_ratio, f.available_at,
  f.available_basis, f.known_at, f.stored_at AS as_of, m.security_id, m.issuer_id, m.is_active
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
CROSS JOIN LATERAL (
  SELECT DISTINCT ON (r.date) r.* FROM core.twelve_month_spans(s.symbol) r
  WHERE r.basis IS NOT NULL
  ORDER BY r.date, r.is_yearly
) t
CROSS JOIN LATERAL core.statement_sums(
  s.symbol, t.basis = 'fiscal_year', t.first_date, t.date, t.parts, 'infinity', 'infinity', false
) f;
-- name: keys
SELECT c.symbol FROM core.symbols_with_statements() c;
-- name: affected
SELECT c.symbol, c.run_id FROM core.statements_of_runs($1::uuid[]) c
UNION ALL
-- a company whose stored identity is not the present one
SELECT c.symbol, c.run_id
FROM (
  SELECT l.symbol, l.run_id FROM core.masters_of_runs($1::uuid[]) l
  UNION ALL
  SELECT n.symbol, n.run_id FROM core.names_of_runs($1::uuid[]) n
) c
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = c.symbol
LEFT JOIN LATERAL (
  SELECT k.security_id, k.issuer_id, k.is_active FROM materialized_rows k WHERE k.symbol = c.symbol LIMIT 1
) k ON true
WHERE (k.security_id, k.issuer_id, k.is_active) IS DISTINCT FROM (m.security_id, m.issuer_id, m.is_active)
  AND EXISTS (SELECT FROM core.statement_ends e WHERE e.symbol = c.symbol);
-- name: read
SELECT b.*
FROM materialized_rows b
WHERE NOT EXISTS (
    SELECT FROM materialized_rows o
    WHERE o.issuer_id = b.issuer_id AND o.period_end_date = b.period_end_date
      AND (o.is_active, b.symbol) > (b.is_active, o.symbol)
  );
-- name: example
-- a screen of the past: the newest twelve months of each company that were public on a day
SELECT DISTINCT ON (f.symbol) f.symbol, f.period_end_date, f.revenue_ttm, f.net_margin FROM sra.fundamentals_ttm f
WHERE f.available_at <= '2025-06-30' ORDER BY f.symbol, f.period_end_date DESC;
