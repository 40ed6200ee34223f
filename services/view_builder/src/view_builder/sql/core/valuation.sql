-- The price of a listing compared with the statements of its company: market capitalisation of the listing and of the company,
-- enterprise value, earnings per share of the listing, and price / earnings. With a reason, the basis, the capitalisation of the
-- company, the enterprise value and price / earnings are NULL; for an ADR with an unknown basis, so are the earnings per share.
-- of_rate is units of the listing's currency for one of the statements'. net_claims are debt, preferred stock and minority
-- interests less cash.
-- Grain: one row. Key: none. Sources: its arguments. Units: currency of the listing; eps and eps_diluted reported_currency.
CREATE OR REPLACE FUNCTION core.valuation(
  price numeric, shares numeric, of_basis text, of_scope text, company_shares numeric, share_ratio numeric,
  is_adr boolean, whole_eps numeric, whole_eps_diluted numeric, diluted_shares numeric, income numeric,
  net_claims numeric, of_rate numeric, of_reason text
)
RETURNS TABLE (
  basis text, reason text, scope text, rate numeric, market_cap numeric, company_cap numeric, enterprise_value numeric,
  eps numeric, eps_diluted numeric, pe_ratio numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN w.reason IS NULL THEN w.basis END, w.reason, CASE WHEN w.reason IS NULL THEN of_scope END, w.rate,
  trim_scale(round(coalesce(CASE WHEN of_scope = 'share_basis' THEN w.company_cap END, w.listed_cap), 4)), w.company_cap,
  w.company_cap + w.net_claims * w.rate, w.eps, w.eps_diluted,
  CASE
    WHEN w.reason IS NOT NULL THEN NULL
    WHEN w.basis = 'market_cap_income' THEN core.ratio_by_gain(w.company_cap, w.income * w.rate)
    ELSE core.ratio_by_gain(w.price, w.eps_diluted * w.rate)
  END
FROM (
  SELECT of_basis AS basis, of_reason AS reason, of_rate AS rate, net_claims, income, price,
    round(price * shares, 20) AS listed_cap,
    CASE WHEN of_reason IS NULL THEN round(price * company_shares, 20) END AS company_cap,
    CASE
      WHEN of_basis = 'market_cap_income' THEN core.quotient(whole_eps * diluted_shares, shares)
      WHEN of_basis IS NOT NULL OR is_adr IS NOT TRUE THEN whole_eps * coalesce(share_ratio, 1)
    END AS eps,
    CASE
      WHEN of_basis = 'market_cap_income' THEN core.quotient(income, shares)
      WHEN of_basis IS NOT NULL OR is_adr IS NOT TRUE THEN whole_eps_diluted * coalesce(share_ratio, 1)
    END AS eps_diluted
  FROM (SELECT 1) one
  OFFSET 0
) w
OFFSET 0
$$;
