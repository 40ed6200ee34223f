-- All versions of the records of a fund's distributions with all delivered digits: those of FundDistribution and those in quotes,
-- which may repeat each other. superseded_at is when a finished run stored the next version.
-- Grain: one row per version. Key: identifier, dataset, date, record_id, version. Sources: core.fundata_data_settled
-- (FundDistribution), core.fundata_quotes_settled, fundata_data_superseded, fundata_quotes_superseded, core.live_runs.
-- Units: currency of the fund per share.
CREATE OR REPLACE VIEW core.fund_payment_records AS
SELECT d.identifier, d.dataset, d.date, d.record_id, d.data_version AS version, d.record_state,
  coalesce(core.read_number(d.raw_json ->> 'TotalDistribution'), d.total_distribution) AS amount,
  coalesce(core.read_number(d.raw_json ->> 'DividendIncome'), d.dividend_income) AS dividend_income,
  coalesce(core.read_number(d.raw_json ->> 'ForeignDividendIncome'), d.foreign_dividend_income) AS foreign_dividend_income,
  coalesce(core.read_number(d.raw_json ->> 'CapitalGains'), d.capital_gains) AS capital_gains,
  coalesce(core.read_number(d.raw_json ->> 'InterestIncome'), d.interest_income) AS interest_income,
  coalesce(core.read_number(d.raw_json ->> 'ReturnOfPrinciple'), d.return_of_principle) AS return_of_capital,
  NULL::date AS payment_date, d.processed_at, s.superseded_at, d.run_id
FROM core.fundata_data_settled d
LEFT JOIN public.fundata_data_superseded s
  ON s.identifier = d.identifier AND s.dataset = d.dataset AND s.record_id = d.record_id AND s.data_version = d.data_version
  AND s.run_id NOT IN (SELECT l.run_id FROM core.live_runs l)
WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0
UNION ALL
SELECT q.identifier, q.dataset, q.date, '', q.data_version, q.record_state,
  coalesce(
    core.read_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution')),
    q.total_distribution
  ),
  coalesce(core.read_number(q.raw_json ->> 'DailyDividendIncomeDistribution'), q.dividend_income_distribution),
  coalesce(
    core.read_number(q.raw_json ->> 'DailyForeignDividendIncomeDistribution'), q.foreign_dividend_income_distribution
  ),
  coalesce(core.read_number(q.raw_json ->> 'DailyCapitalGainsDistribution'), q.capital_gains_distribution),
  coalesce(core.read_number(q.raw_json ->> 'DailyInterestIncomeDistribution'), q.interest_income_distribution),
  coalesce(core.read_number(q.raw_json ->> 'DailyReturnOfPrincipleDistribution'), q.return_of_principle_distribution),
  q.distribution_pay_date, q.processed_at, s.superseded_at, q.run_id
FROM core.fundata_quotes_settled q
LEFT JOIN public.fundata_quotes_superseded s
  ON s.identifier = q.identifier AND s.date = q.date AND s.dataset = q.dataset AND s.data_version = q.data_version
  AND s.run_id NOT IN (SELECT l.run_id FROM core.live_runs l)
WHERE q.row_ordinal = 0 AND q.total_distribution IS NOT NULL;
