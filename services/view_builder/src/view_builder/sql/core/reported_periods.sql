-- The newest 30 fiscal years and quarters of a company, usually six years, by the day on which they end: the newest version of
-- each income statement. Labels only name a period: if the ends of two statements of one kind are at most 14 days apart, the one
-- that was stored last counts. common_income is the vendor's bottom line, after preferred dividends. Of a past state (known_by,
-- public_by), only its versions count.
-- Grain: one row per period. Key: is_yearly, date. Sources: fmp_income_statement. Units: reported_currency, per share.
CREATE OR REPLACE FUNCTION core.reported_periods(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  is_yearly boolean, date date, fiscal_year integer, period text, version integer, learnt_at timestamptz,
  filing_date date, reported_currency text, revenue numeric, gross_profit numeric, operating_income numeric,
  ebitda numeric, ebit numeric, interest_expense numeric, net_income numeric, eps numeric, eps_diluted numeric,
  updated_at timestamptz, accepted_date text, diluted_shares numeric, common_income numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.is_yearly, p.date, p.fiscal_year, p.period, p.version, p.learnt_at, p.filing_date, p.reported_currency, p.revenue,
  p.gross_profit, p.operating_income, p.ebitda, p.ebit, p.interest_expense, p.net_income, p.eps, p.eps_diluted,
  p.updated_at, p.accepted_date, nullif(p.weighted_average_shs_out_dil, 0),
  nullif(core.parse_number(p.raw_json ->> 'bottomLineNetIncome'), 0)
FROM (
  SELECT n.*,
    (lead(n.date) OVER k - n.date <= 14 AND lead(n.learnt_at) OVER k >= n.learnt_at)
    OR (n.date - lag(n.date) OVER k <= 14 AND lag(n.learnt_at) OVER k > n.learnt_at) AS is_replaced
  FROM (
    SELECT v.*, v.period = 'FY' AS is_yearly
    FROM (
      SELECT DISTINCT ON (x.fiscal_year, x.period, x.date) x.*
      FROM public.fmp_income_statement x
      WHERE x.symbol = of_symbol
        AND core.is_visible(x.learnt_at, x.accepted_date, x.filing_date, x.date, x.period, known_by, public_by)
      ORDER BY x.fiscal_year DESC, x.period DESC, x.date DESC, x.version DESC
    ) v
    ORDER BY v.date DESC, v.fiscal_year DESC, v.period DESC LIMIT 30
  ) n
  WINDOW k AS (PARTITION BY n.is_yearly ORDER BY n.date, n.learnt_at, n.fiscal_year, n.period)
) p
WHERE p.is_replaced IS NOT TRUE
$$;
