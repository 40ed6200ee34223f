-- How a listing's price and the statements of its company are made comparable. The basis comes from the vendor's shares (market
-- capitalisation / price) and the diluted weighted shares of the statements, both of one day; and from the maintained number of
-- the latter per share of the listing, if there is one. reason states why the basis is unknown; scope is what the vendor's
-- capitalisation covers; company_shares times the price is the capitalisation of the company. price_eps: price / earnings per
-- share. market_cap_income: capitalisation / income. share_basis: price / (ratio x earnings per share), checked against the
-- vendor's capitalisation.
-- Grain: one row. Key: none. Sources: core.is_split_ratio. Units: shares.
CREATE OR REPLACE FUNCTION core.valuation_basis(
  of_symbol text, of_day date, shares numeric, diluted_shares numeric, share_ratio numeric, is_adr boolean
)
RETURNS TABLE (basis text, reason text, scope text, company_shares numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN k.told = 'class' THEN 'price_eps'
    WHEN k.told IN ('price_eps', 'market_cap_income', 'share_basis') THEN k.told
  END,
  CASE WHEN k.told IN ('no_share_count', 'no_market_cap', 'adr_basis_unknown') THEN k.told END,
  CASE
    WHEN k.told IN ('class', 'share_basis') THEN k.told
    WHEN k.told IN ('price_eps', 'market_cap_income') THEN 'company'
  END,
  CASE k.told
    WHEN 'class' THEN diluted_shares
    WHEN 'share_basis' THEN core.quotient(diluted_shares, share_ratio)
    WHEN 'price_eps' THEN shares
    WHEN 'market_cap_income' THEN shares
  END
FROM (
  SELECT CASE
      WHEN diluted_shares IS NULL THEN CASE WHEN shares IS NULL THEN 'no_market_cap' ELSE 'no_share_count' END
      WHEN share_ratio IS NOT NULL THEN CASE
        WHEN core.is_near(diluted_shares, shares * share_ratio) IS NOT TRUE THEN 'share_basis'
        WHEN core.is_near(diluted_shares, shares) THEN 'price_eps'
        ELSE 'market_cap_income'
      END
      WHEN shares IS NULL THEN 'no_market_cap'
      WHEN core.is_near(diluted_shares, shares) THEN CASE WHEN is_adr THEN 'adr_basis_unknown' ELSE 'price_eps' END
      WHEN diluted_shares > shares THEN CASE WHEN is_adr THEN 'market_cap_income' ELSE 'class' END
      WHEN (SELECT r.is_known FROM core.is_split_ratio(of_symbol, shares, diluted_shares, of_day) r)
        THEN 'market_cap_income'
      WHEN is_adr THEN 'adr_basis_unknown'
      ELSE 'price_eps'
    END AS told
  FROM (SELECT 1) one
  OFFSET 0
) k
$$;
