-- fundata_quotes_history, digest ee398f51c83203d754562f63d005585b;

CREATE OR REPLACE VIEW sra.fundata_quotes_history AS
SELECT
  q.run_id::uuid,
  q.source_line::bigint,
  q.processed_at::timestamp with time zone,
  q.updated_at::timestamp with time zone,
  q.data_version::integer,
  q.array_element_index::integer,
  q.change_date::date,
  q.row_ordinal::smallint,
  q.parser_version::smallint,
  q.identifier::text,
  q.dataset::text,
  q.record_id::text,
  q.data_source::text,
  q.content_hash::bytea,
  q.source_file::text,
  q.record_state::text,
  q.api_version::text,
  q.execution_id::text,
  q.array_source_field::text,
  q.array_element_value::text,
  q.raw_json::jsonb,
  q.date::date,
  q.previous_date::date,
  q.distribution_pay_date::date,
  q.split::text,
  q.navps::numeric(12,2),
  q.navps_penny_change::numeric(12,2),
  q.navps_percent_change::numeric(12,2),
  q.previous_navps::numeric(12,2),
  q.current_yield::numeric(12,2),
  q.current_yield_percent_change::numeric(12,2),
  q.total_distribution::numeric(12,2),
  q.dividend_income_distribution::numeric(12,2),
  q.foreign_dividend_income_distribution::numeric(12,2),
  q.capital_gains_distribution::numeric(12,2),
  q.interest_income_distribution::numeric(12,2),
  q.return_of_principle_distribution::numeric(12,2),
  q.fund_currency::text,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT q.run_id, q.source_line, q.processed_at, q.updated_at, q.data_version, q.array_element_index, q.change_date, q.row_ordinal, q.parser_version, q.identifier, q.dataset, q.record_id, q.data_source, q.content_hash, q.source_file, q.record_state, q.api_version, q.execution_id, q.array_source_field, q.array_element_value, q.raw_json, q.date, q.previous_date, q.distribution_pay_date, q.split, q.navps, q.navps_penny_change, q.navps_percent_change, q.previous_navps, q.current_yield, q.current_yield_percent_change, q.total_distribution, q.dividend_income_distribution, q.foreign_dividend_income_distribution, q.capital_gains_distribution, q.interest_income_distribution, q.return_of_principle_distribution, m.currency AS fund_currency, q.processed_at AS as_of, q.run_id AS last_run_id
FROM public.fundata_quotes q
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = q.identifier
WHERE q.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked'))
) q;

CREATE OR REPLACE FUNCTION sra.fundata_quotes_as_of(valid_on date, known_at timestamp with time zone)
RETURNS SETOF sra.fundata_quotes_history
LANGUAGE sql STABLE SECURITY INVOKER PARALLEL SAFE
AS $function$
SELECT h.* FROM sra.fundata_quotes_history h
WHERE h.processed_at <= known_at AND h.date <= valid_on AND (h.record_state IS NULL OR lower(h.record_state) IN ('', 'active'))
  AND NOT EXISTS (SELECT FROM sra.fundata_quotes_history n WHERE n.dataset = h.dataset AND n.identifier = h.identifier AND n.date = h.date AND n.processed_at <= known_at AND n.date <= valid_on AND ROW(n.data_source = 'API', coalesce(n.change_date, '-infinity'::date), n.data_version) > ROW(h.data_source = 'API', coalesce(h.change_date, '-infinity'::date), h.data_version))
$function$;

GRANT EXECUTE ON FUNCTION sra.fundata_quotes_as_of(date, timestamp with time zone) TO PUBLIC;

COMMENT ON FUNCTION sra.fundata_quotes_as_of(date, timestamp with time zone) IS 'The quotes of the days up to valid_on as far as we knew at known_at: of each day the greatest version, by data_source (API before CSV), change_date (none last), data_version; days whose record was not active then are left out.';

COMMENT ON VIEW sra.fundata_quotes_history IS 'Every version of every Fundata quote record, inactive ones included.';

COMMENT ON COLUMN sra.fundata_quotes_history.run_id IS 'The run that stored this version.';

COMMENT ON COLUMN sra.fundata_quotes_history.source_line IS 'Physical line where the record starts; the header is 1.';

COMMENT ON COLUMN sra.fundata_quotes_history.processed_at IS 'When it was stored, in UTC; what as_of functions call known.';

COMMENT ON COLUMN sra.fundata_quotes_history.updated_at IS 'When it was stored, in UTC.';

COMMENT ON COLUMN sra.fundata_quotes_history.data_version IS 'Version of the record, from 1, within its key.';

COMMENT ON COLUMN sra.fundata_quotes_history.array_element_index IS '0-based.';

COMMENT ON COLUMN sra.fundata_quotes_history.change_date IS 'The vendor''s ChangeDate.';

COMMENT ON COLUMN sra.fundata_quotes_history.row_ordinal IS '0-based over the exploded rows of one record.';

COMMENT ON COLUMN sra.fundata_quotes_history.parser_version IS 'Parser version.';

COMMENT ON COLUMN sra.fundata_quotes_history.identifier IS 'InstrumentKey.';

COMMENT ON COLUMN sra.fundata_quotes_history.dataset IS 'Dataset of the catalogue.';

COMMENT ON COLUMN sra.fundata_quotes_history.record_id IS 'RecordId of the vendor; empty where the dataset has none.';

COMMENT ON COLUMN sra.fundata_quotes_history.data_source IS 'How the record came: CSV (seed) or API.';

COMMENT ON COLUMN sra.fundata_quotes_history.content_hash IS 'BLAKE2b-128 over the delivered columns.';

COMMENT ON COLUMN sra.fundata_quotes_history.source_file IS 'Source file.';

COMMENT ON COLUMN sra.fundata_quotes_history.record_state IS 'The vendor''s RecordState.';

COMMENT ON COLUMN sra.fundata_quotes_history.api_version IS 'Api version.';

COMMENT ON COLUMN sra.fundata_quotes_history.execution_id IS 'The vendor''s id of the export that delivered it.';

COMMENT ON COLUMN sra.fundata_quotes_history.array_source_field IS 'Array source field.';

COMMENT ON COLUMN sra.fundata_quotes_history.array_element_value IS 'Array element value.';

COMMENT ON COLUMN sra.fundata_quotes_history.raw_json IS 'The record as delivered, every column as text, to the last digit.';

COMMENT ON COLUMN sra.fundata_quotes_history.date IS 'Day that the record is about.';

COMMENT ON COLUMN sra.fundata_quotes_history.previous_date IS 'Previous date.';

COMMENT ON COLUMN sra.fundata_quotes_history.distribution_pay_date IS 'Distribution pay date.';

COMMENT ON COLUMN sra.fundata_quotes_history.split IS 'SplitFactor too.';

COMMENT ON COLUMN sra.fundata_quotes_history.navps IS 'Net asset value per share, at two decimals; all digits are in raw_json. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.navps_penny_change IS 'Navps penny change. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.navps_percent_change IS 'Navps percent change. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_quotes_history.previous_navps IS 'Previous navps. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.current_yield IS 'Current yield. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_quotes_history.current_yield_percent_change IS 'Current yield percent change. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_quotes_history.total_distribution IS 'Total distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.dividend_income_distribution IS 'Dividend income distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.foreign_dividend_income_distribution IS 'Foreign dividend income distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.capital_gains_distribution IS 'Capital gains distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.interest_income_distribution IS 'Interest income distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.return_of_principle_distribution IS 'Return of principle distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_quotes_history.fund_currency IS 'Currency of the fund today, which amounts without one are in.';

COMMENT ON COLUMN sra.fundata_quotes_history.as_of IS 'When this version was stored, in UTC.';

COMMENT ON COLUMN sra.fundata_quotes_history.last_run_id IS 'The run that stored this version.';
