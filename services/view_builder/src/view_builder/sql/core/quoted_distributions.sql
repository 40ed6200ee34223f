-- The distributions in the quotes of a fund from one day to another. If two datasets both state one for a day, the dataset of the
-- day's value counts.
-- Grain: one row per day. Key: date. Sources: core.fundata_quotes_latest. Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.quoted_distributions(of_fund text, from_day date, until_day date)
RETURNS TABLE (date date, total numeric, parts numeric[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT ON (q.date) q.date, core.quoted_total(q.total_distribution, q.raw_json), ARRAY[
  core.exact(
    q.dividend_income_distribution, q.raw_json, 'DailyDividendIncomeDistribution', 'dividend_income_distribution'
  ),
  core.exact(
    q.foreign_dividend_income_distribution, q.raw_json, 'DailyForeignDividendIncomeDistribution',
    'foreign_dividend_income_distribution'
  ),
  core.exact(q.capital_gains_distribution, q.raw_json, 'DailyCapitalGainsDistribution', 'capital_gains_distribution'),
  core.exact(
    q.interest_income_distribution, q.raw_json, 'DailyInterestIncomeDistribution', 'interest_income_distribution'
  ),
  core.exact(
    q.return_of_principle_distribution, q.raw_json, 'DailyReturnOfPrincipleDistribution',
    'return_of_principle_distribution'
  )
]
FROM core.fundata_quotes_latest q
WHERE q.identifier = of_fund AND q.date BETWEEN from_day AND until_day AND q.row_ordinal = 0
  AND core.quoted_total(q.total_distribution, q.raw_json) <> 0
ORDER BY q.date, q.navps IS NULL, q.dataset
$$;
