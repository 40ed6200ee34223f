-- fundata_data_history, digest e3b2e172f49add9f6453bb8bb3da3f2b;

CREATE OR REPLACE VIEW sra.fundata_data_history AS
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
  q.language::text,
  q.legal_name::text,
  q.family_name::text,
  q.series_name::text,
  q.company::text,
  q.currency::text,
  q.instrument_type::text,
  q.objective::text,
  q.strategy::text,
  q.cifsc_type::text,
  q.properties::text,
  q.distribution_frequency::text,
  q.legal_status::text,
  q.management_type::text,
  q.share_class::text,
  q.fixed_distribution::text,
  q.high_net_worth::text,
  q.document_type::text,
  q.identifier_type::text,
  q.identifier_value::text,
  q.allocation_type::text,
  q.allocation_name::text,
  q.expense_type::text,
  q.fund_grade::text,
  q.benchmark_type::text,
  q.benchmark_instrument_key::text,
  q.capitalization::text,
  q.style::text,
  q.duration_class::text,
  q.credit_rating_class::text,
  q.fund_serv_code::text,
  q.sales_status::text,
  q.load_type::text,
  q.fee_type::text,
  q.paid_by::text,
  q.fee_note::text,
  q.security::text,
  q.description::text,
  q.inception_date::date,
  q.allocation_date::date,
  q.expense_date::date,
  q.date::date,
  q.month_end_date::date,
  q.performance_start_date::date,
  q.inception_return_date::date,
  q.max_start_date::date,
  q.max_end_date::date,
  q.min_investment::numeric(12,2),
  q.sub_investment::numeric(12,2),
  q.management_fee::numeric(12,2),
  q.allocation_value::numeric(12,2),
  q.expense_value::numeric(12,2),
  q.fund_assets_value::numeric(12,2),
  q.series_assets_value::numeric(12,2),
  q.one_month_return::numeric(12,2),
  q.three_month_return::numeric(12,2),
  q.six_month_return::numeric(12,2),
  q.ytd_return::numeric(12,2),
  q.inception_return::numeric(12,2),
  q.ytd_total_distribution::numeric(12,2),
  q.year::numeric(12,2),
  q.compound_return::numeric(12,2),
  q.calendar_simple_return::numeric(12,2),
  q.calendar_return_year::numeric(12,2),
  q.compound_return_quartile::numeric(12,2),
  q.compound_return_fund_count::numeric(12,2),
  q.compound_return_ranking::numeric(12,2),
  q.calendar_return_quartile::numeric(12,2),
  q.calendar_return_fund_count::numeric(12,2),
  q.calendar_return_ranking::numeric(12,2),
  q.annualized_std::numeric(12,2),
  q.annualized_alpha::numeric(12,2),
  q.beta::numeric(12,2),
  q.r_squared::numeric(12,2),
  q.annualized_sharpe::numeric(12,2),
  q.annualized_treynor::numeric(12,2),
  q.annualized_sortino::numeric(12,2),
  q.annualized_information_ratio::numeric(12,2),
  q.annualized_jensen_alpha::numeric(12,2),
  q.annualized_tracking_error::numeric(12,2),
  q.tax_efficiency::numeric(12,2),
  q.calmar::numeric(12,2),
  q.downside_deviation::numeric(12,2),
  q.worst_monthly_return::numeric(12,2),
  q.uninterrupted_drawdown::numeric(12,2),
  q.max_percent_change::numeric(12,2),
  q.max_down_length::numeric(12,2),
  q.max_recovery_time::numeric(12,2),
  q.one_year_max_drawdown::numeric(12,2),
  q.three_year_max_drawdown::numeric(12,2),
  q.five_year_max_drawdown::numeric(12,2),
  q.ten_year_max_drawdown::numeric(12,2),
  q.one_year_category_batting::numeric(12,2),
  q.three_year_category_batting::numeric(12,2),
  q.five_year_category_batting::numeric(12,2),
  q.ten_year_category_batting::numeric(12,2),
  q.one_year_absolute_batting::numeric(12,2),
  q.three_year_absolute_batting::numeric(12,2),
  q.five_year_absolute_batting::numeric(12,2),
  q.ten_year_absolute_batting::numeric(12,2),
  q.one_year_up_capture::numeric(12,2),
  q.three_year_up_capture::numeric(12,2),
  q.five_year_up_capture::numeric(12,2),
  q.ten_year_up_capture::numeric(12,2),
  q.one_year_down_capture::numeric(12,2),
  q.three_year_down_capture::numeric(12,2),
  q.five_year_down_capture::numeric(12,2),
  q.ten_year_down_capture::numeric(12,2),
  q.total_distribution::numeric(12,2),
  q.dividend_income::numeric(12,2),
  q.foreign_dividend_income::numeric(12,2),
  q.capital_gains::numeric(12,2),
  q.interest_income::numeric(12,2),
  q.return_of_principle::numeric(12,2),
  q.max_percent::numeric(12,2),
  q.value::numeric(12,2),
  q.days::numeric(12,2),
  q.market_percent::numeric(12,2),
  q.holding_number::numeric(12,2),
  q.start_month::numeric(12,2),
  q.end_month::numeric(12,2),
  q.fee::numeric(12,2),
  q.fund_currency::text,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT d.run_id, d.source_line, d.processed_at, d.updated_at, d.data_version, d.array_element_index, d.change_date, d.row_ordinal, d.parser_version, d.identifier, d.dataset, d.record_id, d.data_source, d.content_hash, d.source_file, d.record_state, d.api_version, d.execution_id, d.array_source_field, d.array_element_value, d.raw_json, d.language, d.legal_name, d.family_name, d.series_name, d.company, d.currency, d.instrument_type, d.objective, d.strategy, d.cifsc_type, d.properties, d.distribution_frequency, d.legal_status, d.management_type, d.share_class, d.fixed_distribution, d.high_net_worth, d.document_type, d.identifier_type, d.identifier_value, d.allocation_type, d.allocation_name, d.expense_type, d.fund_grade, d.benchmark_type, d.benchmark_instrument_key, d.capitalization, d.style, d.duration_class, d.credit_rating_class, d.fund_serv_code, d.sales_status, d.load_type, d.fee_type, d.paid_by, d.fee_note, d.security, d.description, d.inception_date, d.allocation_date, d.expense_date, d.date, d.month_end_date, d.performance_start_date, d.inception_return_date, d.max_start_date, d.max_end_date, d.min_investment, d.sub_investment, d.management_fee, d.allocation_value, d.expense_value, d.fund_assets_value, d.series_assets_value, d.one_month_return, d.three_month_return, d.six_month_return, d.ytd_return, d.inception_return, d.ytd_total_distribution, d.year, d.compound_return, d.calendar_simple_return, d.calendar_return_year, d.compound_return_quartile, d.compound_return_fund_count, d.compound_return_ranking, d.calendar_return_quartile, d.calendar_return_fund_count, d.calendar_return_ranking, d.annualized_std, d.annualized_alpha, d.beta, d.r_squared, d.annualized_sharpe, d.annualized_treynor, d.annualized_sortino, d.annualized_information_ratio, d.annualized_jensen_alpha, d.annualized_tracking_error, d.tax_efficiency, d.calmar, d.downside_deviation, d.worst_monthly_return, d.uninterrupted_drawdown, d.max_percent_change, d.max_down_length, d.max_recovery_time, d.one_year_max_drawdown, d.three_year_max_drawdown, d.five_year_max_drawdown, d.ten_year_max_drawdown, d.one_year_category_batting, d.three_year_category_batting, d.five_year_category_batting, d.ten_year_category_batting, d.one_year_absolute_batting, d.three_year_absolute_batting, d.five_year_absolute_batting, d.ten_year_absolute_batting, d.one_year_up_capture, d.three_year_up_capture, d.five_year_up_capture, d.ten_year_up_capture, d.one_year_down_capture, d.three_year_down_capture, d.five_year_down_capture, d.ten_year_down_capture, d.total_distribution, d.dividend_income, d.foreign_dividend_income, d.capital_gains, d.interest_income, d.return_of_principle, d.max_percent, d.value, d.days, d.market_percent, d.holding_number, d.start_month, d.end_month, d.fee, m.currency AS fund_currency, d.processed_at AS as_of, d.run_id AS last_run_id
FROM public.fundata_data d
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = d.identifier
WHERE d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked'))
) q;

CREATE OR REPLACE FUNCTION sra.fundata_data_as_of(valid_on date, known_at timestamp with time zone)
RETURNS SETOF sra.fundata_data_history
LANGUAGE sql STABLE SECURITY INVOKER PARALLEL SAFE
AS $function$
SELECT h.* FROM sra.fundata_data_history h
WHERE h.processed_at <= known_at AND (h.change_date IS NULL OR h.change_date <= valid_on) AND (h.record_state IS NULL OR lower(h.record_state) IN ('', 'active'))
  AND NOT EXISTS (SELECT FROM sra.fundata_data_history n WHERE n.dataset = h.dataset AND n.identifier = h.identifier AND n.record_id = h.record_id AND n.processed_at <= known_at AND (n.change_date IS NULL OR n.change_date <= valid_on) AND ROW(n.data_source = 'API', coalesce(n.change_date, '-infinity'::date), n.data_version) > ROW(h.data_source = 'API', coalesce(h.change_date, '-infinity'::date), h.data_version))
$function$;

GRANT EXECUTE ON FUNCTION sra.fundata_data_as_of(date, timestamp with time zone) TO PUBLIC;

COMMENT ON FUNCTION sra.fundata_data_as_of(date, timestamp with time zone) IS 'The data records that were in force on valid_on (by ChangeDate; a record without one always was), as far as we knew at known_at: of each key the greatest such version, by data_source (API before CSV), change_date (none last), data_version; keys whose record was not active then are left out.';

COMMENT ON VIEW sra.fundata_data_history IS 'Every version of every Fundata data record, inactive ones included.';

COMMENT ON COLUMN sra.fundata_data_history.run_id IS 'The run that stored this version.';

COMMENT ON COLUMN sra.fundata_data_history.source_line IS 'Physical line where the record starts; the header is 1.';

COMMENT ON COLUMN sra.fundata_data_history.processed_at IS 'When it was stored, in UTC; what as_of functions call known.';

COMMENT ON COLUMN sra.fundata_data_history.updated_at IS 'When it was stored, in UTC.';

COMMENT ON COLUMN sra.fundata_data_history.data_version IS 'Version of the record, from 1, within its key.';

COMMENT ON COLUMN sra.fundata_data_history.array_element_index IS '0-based.';

COMMENT ON COLUMN sra.fundata_data_history.change_date IS 'The vendor''s ChangeDate.';

COMMENT ON COLUMN sra.fundata_data_history.row_ordinal IS '0-based over the exploded rows of one record.';

COMMENT ON COLUMN sra.fundata_data_history.parser_version IS 'Parser version.';

COMMENT ON COLUMN sra.fundata_data_history.identifier IS 'InstrumentKey.';

COMMENT ON COLUMN sra.fundata_data_history.dataset IS 'Dataset of the catalogue.';

COMMENT ON COLUMN sra.fundata_data_history.record_id IS 'RecordId of the vendor; empty where the dataset has none.';

COMMENT ON COLUMN sra.fundata_data_history.data_source IS 'How the record came: CSV (seed) or API.';

COMMENT ON COLUMN sra.fundata_data_history.content_hash IS 'BLAKE2b-128 over the delivered columns.';

COMMENT ON COLUMN sra.fundata_data_history.source_file IS 'Source file.';

COMMENT ON COLUMN sra.fundata_data_history.record_state IS 'The vendor''s RecordState.';

COMMENT ON COLUMN sra.fundata_data_history.api_version IS 'Api version.';

COMMENT ON COLUMN sra.fundata_data_history.execution_id IS 'The vendor''s id of the export that delivered it.';

COMMENT ON COLUMN sra.fundata_data_history.array_source_field IS 'Array source field.';

COMMENT ON COLUMN sra.fundata_data_history.array_element_value IS 'Array element value.';

COMMENT ON COLUMN sra.fundata_data_history.raw_json IS 'The record as delivered, every column as text, to the last digit.';

COMMENT ON COLUMN sra.fundata_data_history.language IS 'Language.';

COMMENT ON COLUMN sra.fundata_data_history.legal_name IS 'Legal name.';

COMMENT ON COLUMN sra.fundata_data_history.family_name IS 'Family name.';

COMMENT ON COLUMN sra.fundata_data_history.series_name IS 'Series name.';

COMMENT ON COLUMN sra.fundata_data_history.company IS 'Company.';

COMMENT ON COLUMN sra.fundata_data_history.currency IS 'Currency.';

COMMENT ON COLUMN sra.fundata_data_history.instrument_type IS 'Instrument type.';

COMMENT ON COLUMN sra.fundata_data_history.objective IS 'Objective.';

COMMENT ON COLUMN sra.fundata_data_history.strategy IS 'Strategy.';

COMMENT ON COLUMN sra.fundata_data_history.cifsc_type IS 'Cifsc type.';

COMMENT ON COLUMN sra.fundata_data_history.properties IS 'Properties.';

COMMENT ON COLUMN sra.fundata_data_history.distribution_frequency IS 'Distribution frequency.';

COMMENT ON COLUMN sra.fundata_data_history.legal_status IS 'Legal status.';

COMMENT ON COLUMN sra.fundata_data_history.management_type IS 'Management type.';

COMMENT ON COLUMN sra.fundata_data_history.share_class IS 'Share class.';

COMMENT ON COLUMN sra.fundata_data_history.fixed_distribution IS 'Fixed distribution.';

COMMENT ON COLUMN sra.fundata_data_history.high_net_worth IS 'High net worth.';

COMMENT ON COLUMN sra.fundata_data_history.document_type IS 'Document type.';

COMMENT ON COLUMN sra.fundata_data_history.identifier_type IS 'Identifier type.';

COMMENT ON COLUMN sra.fundata_data_history.identifier_value IS 'Identifier value.';

COMMENT ON COLUMN sra.fundata_data_history.allocation_type IS 'Allocation type.';

COMMENT ON COLUMN sra.fundata_data_history.allocation_name IS 'Allocation name.';

COMMENT ON COLUMN sra.fundata_data_history.expense_type IS 'Expense type.';

COMMENT ON COLUMN sra.fundata_data_history.fund_grade IS 'Fund grade.';

COMMENT ON COLUMN sra.fundata_data_history.benchmark_type IS 'Benchmark type.';

COMMENT ON COLUMN sra.fundata_data_history.benchmark_instrument_key IS 'Benchmark instrument key.';

COMMENT ON COLUMN sra.fundata_data_history.capitalization IS 'Capitalization.';

COMMENT ON COLUMN sra.fundata_data_history.style IS 'Style.';

COMMENT ON COLUMN sra.fundata_data_history.duration_class IS 'Duration class.';

COMMENT ON COLUMN sra.fundata_data_history.credit_rating_class IS 'Credit rating class.';

COMMENT ON COLUMN sra.fundata_data_history.fund_serv_code IS 'Fund serv code.';

COMMENT ON COLUMN sra.fundata_data_history.sales_status IS 'Sales status.';

COMMENT ON COLUMN sra.fundata_data_history.load_type IS 'Load type.';

COMMENT ON COLUMN sra.fundata_data_history.fee_type IS 'Fee type.';

COMMENT ON COLUMN sra.fundata_data_history.paid_by IS 'Paid by.';

COMMENT ON COLUMN sra.fundata_data_history.fee_note IS 'Fee note.';

COMMENT ON COLUMN sra.fundata_data_history.security IS 'Security.';

COMMENT ON COLUMN sra.fundata_data_history.description IS 'Description.';

COMMENT ON COLUMN sra.fundata_data_history.inception_date IS 'Inception date.';

COMMENT ON COLUMN sra.fundata_data_history.allocation_date IS 'Allocation date.';

COMMENT ON COLUMN sra.fundata_data_history.expense_date IS 'Expense date.';

COMMENT ON COLUMN sra.fundata_data_history.date IS 'Day that the record is about.';

COMMENT ON COLUMN sra.fundata_data_history.month_end_date IS 'Month end date.';

COMMENT ON COLUMN sra.fundata_data_history.performance_start_date IS 'Performance start date.';

COMMENT ON COLUMN sra.fundata_data_history.inception_return_date IS 'Inception return date.';

COMMENT ON COLUMN sra.fundata_data_history.max_start_date IS 'Max start date.';

COMMENT ON COLUMN sra.fundata_data_history.max_end_date IS 'Max end date.';

COMMENT ON COLUMN sra.fundata_data_history.min_investment IS 'Min investment. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.sub_investment IS 'Sub investment. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.management_fee IS 'Management fee. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.allocation_value IS 'Allocation value. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.expense_value IS 'Expense value. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.fund_assets_value IS 'Fund assets value. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.series_assets_value IS 'Series assets value. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.one_month_return IS 'One month return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_month_return IS 'Three month return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.six_month_return IS 'Six month return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ytd_return IS 'Ytd return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.inception_return IS 'Inception return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ytd_total_distribution IS 'Ytd total distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.year IS 'Year.';

COMMENT ON COLUMN sra.fundata_data_history.compound_return IS 'Compound return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calendar_simple_return IS 'Calendar simple return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calendar_return_year IS 'Calendar return year. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.compound_return_quartile IS 'Compound return quartile. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.compound_return_fund_count IS 'Compound return fund count. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.compound_return_ranking IS 'Compound return ranking. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calendar_return_quartile IS 'Calendar return quartile. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calendar_return_fund_count IS 'Calendar return fund count. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calendar_return_ranking IS 'Calendar return ranking. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_std IS 'Annualized std. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_alpha IS 'Annualized alpha. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.beta IS 'Beta. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.r_squared IS 'R squared. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_sharpe IS 'Annualized sharpe. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_treynor IS 'Annualized treynor. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_sortino IS 'Annualized sortino. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_information_ratio IS 'Annualized information ratio. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_jensen_alpha IS 'Annualized jensen alpha. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.annualized_tracking_error IS 'Annualized tracking error. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.tax_efficiency IS 'Tax efficiency. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.calmar IS 'Calmar. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.downside_deviation IS 'Downside deviation. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.worst_monthly_return IS 'Worst monthly return. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.uninterrupted_drawdown IS 'Uninterrupted drawdown. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.max_percent_change IS 'Max percent change. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.max_down_length IS 'Max down length. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.max_recovery_time IS 'Max recovery time. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.one_year_max_drawdown IS 'One year max drawdown. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_year_max_drawdown IS 'Three year max drawdown. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.five_year_max_drawdown IS 'Five year max drawdown. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ten_year_max_drawdown IS 'Ten year max drawdown. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.one_year_category_batting IS 'One year category batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_year_category_batting IS 'Three year category batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.five_year_category_batting IS 'Five year category batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ten_year_category_batting IS 'Ten year category batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.one_year_absolute_batting IS 'One year absolute batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_year_absolute_batting IS 'Three year absolute batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.five_year_absolute_batting IS 'Five year absolute batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ten_year_absolute_batting IS 'Ten year absolute batting. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.one_year_up_capture IS 'One year up capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_year_up_capture IS 'Three year up capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.five_year_up_capture IS 'Five year up capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ten_year_up_capture IS 'Ten year up capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.one_year_down_capture IS 'One year down capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.three_year_down_capture IS 'Three year down capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.five_year_down_capture IS 'Five year down capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.ten_year_down_capture IS 'Ten year down capture. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.total_distribution IS 'Total distribution. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.dividend_income IS 'Dividend income. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.foreign_dividend_income IS 'Foreign dividend income. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.capital_gains IS 'Capital gains. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.interest_income IS 'Interest income. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.return_of_principle IS 'Return of principle. Unit: fund_currency.';

COMMENT ON COLUMN sra.fundata_data_history.max_percent IS 'Max percent. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.value IS 'Value. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.days IS 'Days.';

COMMENT ON COLUMN sra.fundata_data_history.market_percent IS 'Market percent. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.holding_number IS 'Holding number. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.start_month IS 'Start month. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.end_month IS 'End month. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.fee IS 'Fee. Unit: as the vendor delivers it.';

COMMENT ON COLUMN sra.fundata_data_history.fund_currency IS 'Currency of the fund today, which amounts without one are in.';

COMMENT ON COLUMN sra.fundata_data_history.as_of IS 'When this version was stored, in UTC.';

COMMENT ON COLUMN sra.fundata_data_history.last_run_id IS 'The run that stored this version.';
