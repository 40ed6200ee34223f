-- The figures of a company's statements that do not depend on its price. They change a few times a year, so daily builds read
-- them here instead of computing them. A split that takes effect recomputes them, because it is unknown in which shares the
-- vendor states periods filed before it; the market capitalisation decides that together with the price (split_parts).
-- Grain: one row per symbol with statements or figures that the vendor derives from them. Key: symbol.
-- Sources: the statements and the figures that the vendor derives from them, fmp_score; prices and fmp_split for the shares.
-- Units: reported_currency, fraction, ratio.
-- chosen_*_as_of: the same selection for a past state, with the arguments of equity_fundamentals_as_of.
-- name: rows
SELECT s.symbol, f.reported_currency, f.basis AS fundamentals_basis, f.date AS period_end_date, f.revenue AS revenue_ttm,
  f.gross_profit AS gross_profit_ttm, f.operating_income AS operating_income_ttm, f.ebitda AS ebitda_ttm,
  f.ebit AS ebit_ttm, f.interest_expense AS interest_expense_ttm, f.net_income AS net_income_ttm,
  f.operating_cash_flow AS operating_cash_flow_ttm, f.capital_expenditure AS capital_expenditure_ttm,
  f.free_cash_flow AS free_cash_flow_ttm, CASE WHEN p.parts IS NULL THEN f.eps END AS eps_ttm,
  CASE WHEN p.parts IS NULL THEN f.eps_diluted END AS eps_diluted_ttm,
  f.cash_and_short_term_investments, f.total_current_assets, f.total_current_liabilities, f.total_assets, f.total_liabilities,
  f.total_stockholders_equity, f.total_debt, f.net_debt, core.ratio_by_gain(f.gross_profit, f.revenue) AS gross_margin,
  core.ratio_by_gain(f.operating_income, f.revenue) AS operating_margin,
  core.ratio_by_gain(f.ebitda, f.revenue) AS ebitda_margin, core.ratio_by_gain(f.net_income, f.revenue) AS net_margin,
  core.ratio_by_gain(f.free_cash_flow, f.revenue) AS free_cash_flow_margin,
  core.ratio_by_gain(f.common_income, f.common_equity) AS return_on_equity,
  core.ratio_by_gain(f.net_income, f.total_assets) AS return_on_assets,
  core.ratio_by_gain(f.total_debt, f.total_stockholders_equity) AS debt_to_equity_ratio,
  core.ratio_by_gain(f.total_assets, f.total_stockholders_equity) AS financial_leverage_ratio,
  core.ratio_by_gain(f.net_debt, f.ebitda) AS net_debt_to_ebitda,
  core.ratio_by_gain(f.total_current_assets, f.total_current_liabilities) AS current_ratio,
  core.ratio_by_gain(f.ebit, f.interest_expense) AS interest_coverage_ratio, f.quarterly_revenue_growth,
  f.quarterly_earnings_growth, f.quarters, v.growth_fiscal_year, v.revenue_growth, v.net_income_growth, v.eps_growth,
  v.free_cash_flow_growth, v.has_ratios AS has_vendor_ratios, v.pe_ratio AS vendor_pe_ratio,
  v.price_to_book_ratio AS vendor_pb_ratio, v.price_to_sales_ratio AS vendor_ps_ratio,
  v.ev_to_ebitda AS vendor_ev_to_ebitda, v.free_cash_flow_yield AS vendor_free_cash_flow_yield, z.altman_z_score,
  z.piotroski_score, f.reason AS fundamentals_reason, v.ratios_date AS vendor_ratios_date, t.as_of, f.available_at,
  f.available_basis, greatest(f.known_at, v.known_at) AS known_at, f.common_income AS common_income_ttm, f.preferred_stock,
  f.minority_interest, f.common_equity, f.diluted_shares AS reported_diluted_shares, coalesce(p.parts, '[]') AS split_parts,
  m.security_id
FROM chosen_moment s
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
CROSS JOIN LATERAL core.fundamentals(s.symbol, s.known_by, s.public_by) f
CROSS JOIN LATERAL core.split_parts(s.symbol, f.parts, f.first_filed, s.price_day, s.known_by, s.public_by) p
CROSS JOIN LATERAL core.vendor_year(s.symbol, s.known_by, s.public_by) v
LEFT JOIN LATERAL (
  SELECT x.altman_z_score, x.piotroski_score, x.updated_at FROM chosen_scores x
) z ON true
CROSS JOIN LATERAL (
  SELECT greatest(f.stored_at, v.stored_at, z.updated_at) AS as_of
) t
WHERE t.as_of IS NOT NULL;
-- name: chosen_moment
SELECT k.symbol, l.day AS price_day, 'infinity'::timestamptz AS known_by, 'infinity'::timestamptz AS public_by
FROM affected_keys k
CROSS JOIN LATERAL core.price_now(k.symbol, k.symbol, 'price_adjustment') l;
-- name: chosen_moment_as_of
SELECT k.symbol, (m.public_by AT TIME ZONE 'America/New_York')::date AS price_day,
  CASE mode WHEN 'strict' THEN m.public_by ELSE 'infinity' END AS known_by, m.public_by
FROM (SELECT least(at, now()) AS public_by) m
CROSS JOIN LATERAL (
  SELECT c.symbol FROM core.symbols_with_statements() c WHERE symbols IS NULL
  UNION
  SELECT g.symbol FROM unnest(symbols) g (symbol)
) k;
-- name: chosen_scores
SELECT y.altman_z_score, y.piotroski_score, y.updated_at FROM core.scores(s.symbol) y;
-- name: chosen_scores_as_of
SELECT y.altman_z_score, y.piotroski_score, y.updated_at FROM core.scores_known(s.symbol, s.public_by) y;
-- name: keys
SELECT c.symbol FROM core.symbols_with_statements() c;
-- name: affected
SELECT c.symbol, c.run_id FROM core.statements_of_runs($1::uuid[]) c
UNION ALL
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT q.symbol, q.run_id FROM core.split_quotes_of_runs($1::uuid[]) q
UNION ALL
-- a listing may get its id after its statements
SELECT k.symbol, c.run_id
FROM core.masters_of_runs($1::uuid[]) c
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = c.symbol
JOIN materialized_rows k ON k.symbol = c.symbol AND k.security_id IS DISTINCT FROM m.security_id;
-- name: example
SELECT f.symbol, f.period_end_date, f.revenue_ttm, f.net_income_ttm FROM sra.equity_fundamentals f
ORDER BY f.revenue_ttm DESC NULLS LAST LIMIT 20;
