-- Earnings per share of twelve months, and the diluted weighted shares of the last period, in shares of a day. If splits since a
-- filing leave a choice (core.split_parts), the factor counts that brings the shares of the period nearest to those of the day;
-- of equal ones, that with fewer splits. If one of the two numbers of shares is missing, the figures are NULL.
-- Grain: one row. Key: none. Sources: its arguments, of sra.equity_fundamentals. Units: reported_currency per share; shares.
CREATE OR REPLACE FUNCTION core.split_sums(
  of_parts jsonb, shares_now numeric, whole_eps numeric, whole_eps_diluted numeric, last_shares numeric
)
RETURNS TABLE (eps numeric, eps_diluted numeric, diluted_shares numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN x.all_parts = 0 THEN whole_eps ELSE x.eps END,
  CASE WHEN x.all_parts = 0 THEN whole_eps_diluted ELSE x.eps_diluted END,
  CASE WHEN x.all_parts = 0 THEN last_shares ELSE x.diluted_shares END
FROM (
  SELECT count(*) AS all_parts, CASE WHEN count(p.eps / f.factor) = count(*) THEN sum(p.eps / f.factor) END AS eps,
    CASE WHEN count(p.eps_diluted / f.factor) = count(*) THEN sum(p.eps_diluted / f.factor) END AS eps_diluted,
    max(p.diluted_shares * f.factor) FILTER (WHERE p.is_last) AS diluted_shares
  FROM jsonb_to_recordset(of_parts) p (eps numeric, eps_diluted numeric, diluted_shares numeric, is_last boolean, factors jsonb)
  CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_array_length(p.factors) = 1 OR d.distance IS NOT NULL THEN a.value::numeric END AS factor
    FROM jsonb_array_elements_text(p.factors) WITH ORDINALITY a (value, place)
    CROSS JOIN LATERAL (
      SELECT core.quotient(p.diluted_shares * a.value::numeric, shares_now) AS times
    ) t
    CROSS JOIN LATERAL (
      SELECT CASE WHEN t.times > 0 THEN round(greatest(t.times, core.quotient(1, t.times)), 20) END AS distance
    ) d
    ORDER BY d.distance, a.place LIMIT 1
  ) f
) x
OFFSET 0
$$;
