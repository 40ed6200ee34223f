"""Fundata: versions of data and quotes, append-only, which of them are superseded, exports of the update API.

Revision: 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FIRST_YEAR, _LAST_YEAR = 1980, 2040

_TABLES = (
    """CREATE TABLE fundata_data (
        run_id UUID NOT NULL,
        source_line BIGINT,
        processed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        data_version INTEGER NOT NULL,
        array_element_index INTEGER,
        change_date DATE,
        row_ordinal SMALLINT NOT NULL,
        parser_version SMALLINT NOT NULL,
        identifier TEXT NOT NULL,
        dataset TEXT NOT NULL,
        record_id TEXT DEFAULT '' NOT NULL,
        data_source TEXT NOT NULL,
        content_hash BYTEA NOT NULL,
        source_file TEXT,
        record_state TEXT,
        api_version TEXT,
        execution_id TEXT,
        array_source_field TEXT,
        array_element_value TEXT,
        raw_json JSONB NOT NULL,
        language TEXT,
        legal_name TEXT,
        family_name TEXT,
        series_name TEXT,
        company TEXT,
        currency TEXT,
        instrument_type TEXT,
        objective TEXT,
        strategy TEXT,
        cifsc_type TEXT,
        properties TEXT,
        distribution_frequency TEXT,
        legal_status TEXT,
        management_type TEXT,
        share_class TEXT,
        fixed_distribution TEXT,
        high_net_worth TEXT,
        document_type TEXT,
        identifier_type TEXT,
        identifier_value TEXT,
        allocation_type TEXT,
        allocation_name TEXT,
        expense_type TEXT,
        fund_grade TEXT,
        benchmark_type TEXT,
        benchmark_instrument_key TEXT,
        capitalization TEXT,
        style TEXT,
        duration_class TEXT,
        credit_rating_class TEXT,
        fund_serv_code TEXT,
        sales_status TEXT,
        load_type TEXT,
        fee_type TEXT,
        paid_by TEXT,
        fee_note TEXT,
        security TEXT,
        description TEXT,
        inception_date DATE,
        allocation_date DATE,
        expense_date DATE,
        date DATE,
        month_end_date DATE,
        performance_start_date DATE,
        inception_return_date DATE,
        max_start_date DATE,
        max_end_date DATE,
        min_investment NUMERIC(12, 2),
        sub_investment NUMERIC(12, 2),
        management_fee NUMERIC(12, 2),
        allocation_value NUMERIC(12, 2),
        expense_value NUMERIC(12, 2),
        fund_assets_value NUMERIC(12, 2),
        series_assets_value NUMERIC(12, 2),
        one_month_return NUMERIC(12, 2),
        three_month_return NUMERIC(12, 2),
        six_month_return NUMERIC(12, 2),
        ytd_return NUMERIC(12, 2),
        inception_return NUMERIC(12, 2),
        ytd_total_distribution NUMERIC(12, 2),
        year NUMERIC(12, 2),
        compound_return NUMERIC(12, 2),
        calendar_simple_return NUMERIC(12, 2),
        calendar_return_year NUMERIC(12, 2),
        compound_return_quartile NUMERIC(12, 2),
        compound_return_fund_count NUMERIC(12, 2),
        compound_return_ranking NUMERIC(12, 2),
        calendar_return_quartile NUMERIC(12, 2),
        calendar_return_fund_count NUMERIC(12, 2),
        calendar_return_ranking NUMERIC(12, 2),
        annualized_std NUMERIC(12, 2),
        annualized_alpha NUMERIC(12, 2),
        beta NUMERIC(12, 2),
        r_squared NUMERIC(12, 2),
        annualized_sharpe NUMERIC(12, 2),
        annualized_treynor NUMERIC(12, 2),
        annualized_sortino NUMERIC(12, 2),
        annualized_information_ratio NUMERIC(12, 2),
        annualized_jensen_alpha NUMERIC(12, 2),
        annualized_tracking_error NUMERIC(12, 2),
        tax_efficiency NUMERIC(12, 2),
        calmar NUMERIC(12, 2),
        downside_deviation NUMERIC(12, 2),
        worst_monthly_return NUMERIC(12, 2),
        uninterrupted_drawdown NUMERIC(12, 2),
        max_percent_change NUMERIC(12, 2),
        max_down_length NUMERIC(12, 2),
        max_recovery_time NUMERIC(12, 2),
        one_year_max_drawdown NUMERIC(12, 2),
        three_year_max_drawdown NUMERIC(12, 2),
        five_year_max_drawdown NUMERIC(12, 2),
        ten_year_max_drawdown NUMERIC(12, 2),
        one_year_category_batting NUMERIC(12, 2),
        three_year_category_batting NUMERIC(12, 2),
        five_year_category_batting NUMERIC(12, 2),
        ten_year_category_batting NUMERIC(12, 2),
        one_year_absolute_batting NUMERIC(12, 2),
        three_year_absolute_batting NUMERIC(12, 2),
        five_year_absolute_batting NUMERIC(12, 2),
        ten_year_absolute_batting NUMERIC(12, 2),
        one_year_up_capture NUMERIC(12, 2),
        three_year_up_capture NUMERIC(12, 2),
        five_year_up_capture NUMERIC(12, 2),
        ten_year_up_capture NUMERIC(12, 2),
        one_year_down_capture NUMERIC(12, 2),
        three_year_down_capture NUMERIC(12, 2),
        five_year_down_capture NUMERIC(12, 2),
        ten_year_down_capture NUMERIC(12, 2),
        total_distribution NUMERIC(12, 2),
        dividend_income NUMERIC(12, 2),
        foreign_dividend_income NUMERIC(12, 2),
        capital_gains NUMERIC(12, 2),
        interest_income NUMERIC(12, 2),
        return_of_principle NUMERIC(12, 2),
        max_percent NUMERIC(12, 2),
        value NUMERIC(12, 2),
        days NUMERIC(12, 2),
        market_percent NUMERIC(12, 2),
        holding_number NUMERIC(12, 2),
        start_month NUMERIC(12, 2),
        end_month NUMERIC(12, 2),
        fee NUMERIC(12, 2),
        CONSTRAINT pk_fundata_data PRIMARY KEY (identifier, dataset, record_id, data_version, row_ordinal),
        CONSTRAINT ck_fundata_data_data_source_known CHECK (data_source IN ('CSV', 'API')),
        CONSTRAINT ck_fundata_data_data_version_counts CHECK (data_version >= 1)
    )
    """,
    "COMMENT ON COLUMN fundata_data.source_line IS 'Physical line where the record starts; the header is 1.'",
    "COMMENT ON COLUMN fundata_data.array_element_index IS '0-based.'",
    "COMMENT ON COLUMN fundata_data.row_ordinal IS '0-based over the exploded rows of one record.'",
    "COMMENT ON COLUMN fundata_data.identifier IS 'InstrumentKey.'",
    "COMMENT ON COLUMN fundata_data.content_hash IS 'BLAKE2b-128 over the delivered columns.'",
    "COMMENT ON COLUMN fundata_data.execution_id IS 'The vendor''s id of the export that delivered it.'",
    "COMMENT ON COLUMN fundata_data.raw_json IS 'Every delivered column, as text.'",
    "CREATE INDEX ix_fundata_data_run ON fundata_data USING brin (run_id, dataset) WITH (pages_per_range = 32, autosummarize = true)",
    """CREATE TABLE fundata_quotes (
        run_id UUID NOT NULL,
        source_line BIGINT,
        processed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        data_version INTEGER NOT NULL,
        array_element_index INTEGER,
        change_date DATE,
        row_ordinal SMALLINT NOT NULL,
        parser_version SMALLINT NOT NULL,
        identifier TEXT NOT NULL,
        dataset TEXT NOT NULL,
        record_id TEXT DEFAULT '' NOT NULL,
        data_source TEXT NOT NULL,
        content_hash BYTEA NOT NULL,
        source_file TEXT,
        record_state TEXT,
        api_version TEXT,
        execution_id TEXT,
        array_source_field TEXT,
        array_element_value TEXT,
        raw_json JSONB NOT NULL,
        date DATE NOT NULL,
        previous_date DATE,
        distribution_pay_date DATE,
        split TEXT,
        navps NUMERIC(12, 2),
        navps_penny_change NUMERIC(12, 2),
        navps_percent_change NUMERIC(12, 2),
        previous_navps NUMERIC(12, 2),
        current_yield NUMERIC(12, 2),
        current_yield_percent_change NUMERIC(12, 2),
        total_distribution NUMERIC(12, 2),
        dividend_income_distribution NUMERIC(12, 2),
        foreign_dividend_income_distribution NUMERIC(12, 2),
        capital_gains_distribution NUMERIC(12, 2),
        interest_income_distribution NUMERIC(12, 2),
        return_of_principle_distribution NUMERIC(12, 2),
        CONSTRAINT pk_fundata_quotes PRIMARY KEY (identifier, date, dataset, data_version, row_ordinal),
        CONSTRAINT ck_fundata_quotes_data_source_known CHECK (data_source IN ('CSV', 'API')),
        CONSTRAINT ck_fundata_quotes_data_version_counts CHECK (data_version >= 1),
        CONSTRAINT ck_fundata_quotes_navps_not_negative CHECK (navps >= 0)
    ) PARTITION BY RANGE (date)
    """,
    "COMMENT ON COLUMN fundata_quotes.source_line IS 'Physical line where the record starts; the header is 1.'",
    "COMMENT ON COLUMN fundata_quotes.array_element_index IS '0-based.'",
    "COMMENT ON COLUMN fundata_quotes.row_ordinal IS '0-based over the exploded rows of one record.'",
    "COMMENT ON COLUMN fundata_quotes.identifier IS 'InstrumentKey.'",
    "COMMENT ON COLUMN fundata_quotes.content_hash IS 'BLAKE2b-128 over the delivered columns.'",
    "COMMENT ON COLUMN fundata_quotes.execution_id IS 'The vendor''s id of the export that delivered it.'",
    "COMMENT ON COLUMN fundata_quotes.raw_json IS 'Every delivered column, as text.'",
    "COMMENT ON COLUMN fundata_quotes.split IS 'SplitFactor too.'",
    "CREATE INDEX ix_fundata_quotes_run ON fundata_quotes USING brin (run_id) WITH (pages_per_range = 32, autosummarize = true)",
    "CREATE INDEX ix_fundata_quotes_date ON fundata_quotes (date)",
    """CREATE TABLE fundata_data_superseded (
        identifier TEXT NOT NULL,
        dataset TEXT NOT NULL,
        record_id TEXT NOT NULL,
        data_version INTEGER NOT NULL,
        superseded_by INTEGER NOT NULL,
        superseded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        run_id UUID NOT NULL,
        CONSTRAINT pk_fundata_data_superseded PRIMARY KEY (identifier, dataset, record_id, data_version)
    )
    """,
    "COMMENT ON COLUMN fundata_data_superseded.superseded_by IS 'The version that was the latest from then on.'",
    """CREATE TABLE fundata_quotes_superseded (
        identifier TEXT NOT NULL,
        date DATE NOT NULL,
        dataset TEXT NOT NULL,
        data_version INTEGER NOT NULL,
        superseded_by INTEGER NOT NULL,
        superseded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        run_id UUID NOT NULL,
        CONSTRAINT pk_fundata_quotes_superseded PRIMARY KEY (identifier, date, dataset, data_version)
    )
    """,
    "COMMENT ON COLUMN fundata_quotes_superseded.superseded_by IS 'The version that was the latest from then on.'",
    """CREATE TABLE fundata_export (
        export_id BIGINT GENERATED ALWAYS AS IDENTITY,
        run_id UUID NOT NULL,
        dataset TEXT NOT NULL,
        language TEXT DEFAULT '' NOT NULL,
        from_date DATE NOT NULL,
        state TEXT DEFAULT 'requesting' NOT NULL,
        execution_id TEXT,
        repeats BIGINT,
        file_hash TEXT,
        size_bytes BIGINT,
        error TEXT,
        requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ready_at TIMESTAMP WITH TIME ZONE,
        loaded_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_fundata_export PRIMARY KEY (export_id),
        CONSTRAINT uq_fundata_export_execution_id UNIQUE (execution_id),
        CONSTRAINT uq_fundata_export_run_id_dataset_language UNIQUE (run_id, dataset, language),
        CONSTRAINT ck_fundata_export_state_known CHECK (state IN ('requesting', 'requested', 'ready', 'loading', 'loaded', 'repeated', 'failed')),
        CONSTRAINT ck_fundata_export_execution_id_known CHECK (state IN ('requesting', 'repeated', 'failed') OR execution_id IS NOT NULL),
        CONSTRAINT ck_fundata_export_repeats_known CHECK ((state = 'repeated') = (repeats IS NOT NULL))
    )
    """,
    "COMMENT ON COLUMN fundata_export.language IS 'Empty where the endpoint takes none.'",
    "COMMENT ON COLUMN fundata_export.execution_id IS 'The vendor''s; stored before the first question how far it is.'",
    "COMMENT ON COLUMN fundata_export.repeats IS 'The export that loaded the execution which the vendor named again.'",
    "COMMENT ON COLUMN fundata_export.file_hash IS 'SHA-256 of what was downloaded, in hex.'",
    """CREATE TABLE fundata_cursor (
        dataset TEXT NOT NULL,
        language TEXT DEFAULT '' NOT NULL,
        changed_until DATE NOT NULL,
        run_id UUID NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_fundata_cursor PRIMARY KEY (dataset, language)
    )
    """,
    "COMMENT ON COLUMN fundata_cursor.changed_until IS 'All changes up to this day were asked for and loaded.'",
)

# Readable are an optional sign, a dollar sign, digits with or without groups of three, a fraction and an exponent, with
# blanks around; the words for nothing and all else give NULL. What is longer or greater than numeric can hold is NULL
# too, so that no delivered text makes a query fail.
_PARSE_NUMBER = r"""
CREATE FUNCTION fundata_parse_number(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
  WHEN length(value) <= 10000 AND value ~ '^[ \t\r\n]*[+-]?[$]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?0*[0-9]{1,4})?[ \t\r\n]*$'
  THEN translate(value, E'$, \t\r\n', '')::numeric
END
"""

_REFUSE_CHANGE = """
CREATE FUNCTION fundata_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Table % is append-only: % is refused.', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Append a new version instead.';
END
$$
"""


def _refuse_changes(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION fundata_refuse_change()"
    )
    # also for sessions that replay changes as a replica would
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def _list_partitions() -> list[str]:
    years = [f"fundata_quotes_{year}" for year in range(_FIRST_YEAR, _LAST_YEAR + 1)]
    return [*years, "fundata_quotes_default"]


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    for year in range(_FIRST_YEAR, _LAST_YEAR + 1):
        op.execute(
            f"CREATE TABLE fundata_quotes_{year} PARTITION OF fundata_quotes"
            f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
        )
    op.execute("CREATE TABLE fundata_quotes_default PARTITION OF fundata_quotes DEFAULT")
    op.execute(_PARSE_NUMBER)
    op.execute(_REFUSE_CHANGE)
    for table in ("fundata_data", "fundata_quotes", "fundata_data_superseded", "fundata_quotes_superseded"):
        _refuse_changes(table)
    # a statement's trigger is not passed on to partitions, which can be named in statements of their own
    for partition in _list_partitions():
        _refuse_changes(partition)


def downgrade() -> None:
    for table in (
        "fundata_cursor",
        "fundata_export",
        "fundata_quotes_superseded",
        "fundata_data_superseded",
        "fundata_quotes",
        "fundata_data",
    ):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION fundata_refuse_change()")
    op.execute("DROP FUNCTION fundata_parse_number(text)")
