-- Everything that a company's page shows: its own figures, and the same figures of six peers. The view reads equity_metrics, so a
-- page and its peers always agree; as_of and last_run_id are those of the newest of the seven rows.
-- Grain: one row per listed equity. Key: symbol. Sources: sra.equity_metrics. Units: as there; a peer's in its own currencies.
-- name: rows
SELECT
  m.symbol, m.name, m.exchange, m.sector, m.industry, m.currency, m.price, m.price_date, m.change,
  m.price_return_1d, m.market_cap, m.return_basis, m.return_date, m.return_1w, m.return_1m,
  m.return_3m, m.return_6m, m.return_ytd, m.return_1y, m.return_3y, m.return_5y,
  m.valuation_basis, m.pe_ratio, m.pb_ratio, m.ps_ratio, m.ev_to_ebitda, m.dividend_yield,
  m.reported_currency, m.fundamentals_basis, m.period_end_date, m.revenue_ttm, m.net_income_ttm, m.eps_diluted_ttm,
  m.free_cash_flow_ttm, m.revenue_growth, m.net_income_growth, m.eps_growth, m.gross_margin, m.operating_margin,
  m.net_margin, m.return_on_equity, m.return_on_assets, m.debt_to_equity_ratio, m.net_debt_to_ebitda, m.current_ratio,
  m.altman_z_score, m.piotroski_score, m.open, m.day_low, m.day_high, m.previous_close, m.year_low, m.year_high,
  m.price_avg50, m.price_avg200, m.volume, m.quoted_at, m.price_return_1w, m.price_return_1m, m.price_return_3m,
  m.price_return_6m, m.price_return_ytd, m.price_return_1y, m.price_return_3y, m.price_return_5y, m.beta,
  m.dividend_ttm, m.enterprise_value, m.free_cash_flow_yield, m.gross_profit_ttm, m.operating_income_ttm,
  m.ebitda_ttm, m.eps_ttm, m.operating_cash_flow_ttm, m.capital_expenditure_ttm, m.total_assets, m.total_liabilities,
  m.total_stockholders_equity, m.cash_and_short_term_investments, m.total_debt, m.net_debt, m.ebitda_margin,
  m.free_cash_flow_margin, m.financial_leverage_ratio, m.interest_coverage_ratio, m.quarterly_revenue_growth,
  m.quarterly_earnings_growth, m.free_cash_flow_growth, m.growth_fiscal_year, m.quarters, m.next_earnings_date,
  m.next_eps_estimated, m.type, m.is_active, m.country, m.isin, m.ceo, m.website, m.description, m.employee_count,
  m.ipo_date, m.peer_symbols, m.average_volume, m.cusip, m.cik, m.address, m.city, m.state, m.postal_code, m.phone,
  m.image, m.fundamentals_reason, m.dividend_yield_forward, m.currency_basis, m.security_id, m.issuer_id,
  m.market_cap_usd, m.market_cap_scope,
  m.listed_shares, m.diluted_shares, m.share_ratio, m.fx_rate, m.fx_date, m.fx_pair, m.common_income_ttm,
  m.common_equity, m.preferred_stock, m.minority_interest, m.vendor_ratios_date, m.vendor_pe_ratio,
  m.vendor_pb_ratio, m.vendor_ps_ratio, m.vendor_ev_to_ebitda, m.vendor_free_cash_flow_yield,
  coalesce(r.items, '[]') AS peers, greatest(m.as_of, r.as_of) AS as_of,
  CASE WHEN r.as_of > m.as_of THEN r.run_id ELSE m.last_run_id END AS last_run_id
FROM sra.equity_metrics m
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.figures ORDER BY x.place) AS items, max(x.as_of) AS as_of,
    (array_agg(x.last_run_id ORDER BY x.as_of DESC, x.place))[1] AS run_id
  FROM (
    SELECT a.place, p.as_of, p.last_run_id, jsonb_build_object(
        'symbol', p.symbol, 'name', p.name, 'exchange', p.exchange, 'sector', p.sector, 'industry', p.industry,
        'currency', p.currency, 'price', p.price, 'price_date', p.price_date, 'change', p.change,
        'price_return_1d', p.price_return_1d, 'market_cap', p.market_cap,
        'return_basis', p.return_basis, 'return_date', p.return_date,
        'return_1w', p.return_1w, 'return_1m', p.return_1m, 'return_3m', p.return_3m,
        'return_6m', p.return_6m, 'return_ytd', p.return_ytd, 'return_1y', p.return_1y,
        'return_3y', p.return_3y, 'return_5y', p.return_5y, 'valuation_basis', p.valuation_basis,
        'pe_ratio', p.pe_ratio, 'pb_ratio', p.pb_ratio,
        'ps_ratio', p.ps_ratio, 'ev_to_ebitda', p.ev_to_ebitda,
        'dividend_yield', p.dividend_yield, 'reported_currency', p.reported_currency,
        'fundamentals_basis', p.fundamentals_basis, 'period_end_date', p.period_end_date,
        'revenue_ttm', p.revenue_ttm, 'net_income_ttm', p.net_income_ttm, 'eps_diluted_ttm', p.eps_diluted_ttm,
        'free_cash_flow_ttm', p.free_cash_flow_ttm, 'revenue_growth', p.revenue_growth,
        'net_income_growth', p.net_income_growth, 'eps_growth', p.eps_growth, 'gross_margin', p.gross_margin,
        'operating_margin', p.operating_margin, 'net_margin', p.net_margin, 'return_on_equity', p.return_on_equity,
        'return_on_assets', p.return_on_assets, 'debt_to_equity_ratio', p.debt_to_equity_ratio,
        'net_debt_to_ebitda', p.net_debt_to_ebitda, 'current_ratio', p.current_ratio,
        'altman_z_score', p.altman_z_score, 'piotroski_score', p.piotroski_score
      ) AS figures
    FROM jsonb_array_elements_text(m.peer_symbols) WITH ORDINALITY a (symbol, place)
    JOIN sra.equity_metrics p ON p.symbol = a.symbol
    ORDER BY a.place LIMIT 6
  ) x
) r ON true;
-- name: example
SELECT e.symbol, e.price, p.symbol AS peer, p.pe_ratio FROM sra.equity_page e
CROSS JOIN LATERAL jsonb_to_recordset(e.peers) p (symbol text, pe_ratio numeric) WHERE e.symbol = 'AAPL';
