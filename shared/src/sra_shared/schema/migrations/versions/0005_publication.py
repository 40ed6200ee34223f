"""Schema sra, its reader role and the state of publication.

Revision: 0005, after 0004.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BLOCK_INDEXES = (
    ("ix_fmp_quote_run", "fmp_quote", "run_id"),
    ("ix_fmp_eod_price_run", "fmp_eod_price", "run_id"),
    ("ix_fmp_dividend_run", "fmp_dividend", "run_id"),
    ("ix_fmp_etf_holding_run", "fmp_etf_holding", "run_id"),
    ("ix_fmp_etf_holding_closed", "fmp_etf_holding", "valid_to"),
)
_STATEMENTS = (
    """CREATE TABLE published_view (
        relation TEXT NOT NULL,
        view TEXT NOT NULL,
        version INTEGER NOT NULL,
        digest TEXT NOT NULL,
        contract JSONB NOT NULL,
        row_count BIGINT,
        newest_at TIMESTAMP WITH TIME ZONE,
        filled TEXT,
        built_at TIMESTAMP WITH TIME ZONE,
        build_id UUID,
        builds BIGINT DEFAULT 0 NOT NULL,
        changed_rows BIGINT DEFAULT 0 NOT NULL,
        failed_at TIMESTAMP WITH TIME ZONE,
        error TEXT,
        CONSTRAINT pk_published_view PRIMARY KEY (relation),
        CONSTRAINT ck_published_view_version_counts CHECK (version >= 1)
    )
    """,
    "COMMENT ON COLUMN published_view.relation IS 'Name in schema sra.'",
    "COMMENT ON COLUMN published_view.digest IS 'Of the model that the view was last built from.'",
    "COMMENT ON COLUMN published_view.contract IS 'Columns and key that readers rely on.'",
    "COMMENT ON COLUMN published_view.row_count IS 'NULL for a plain view, whose rows nobody counts.'",
    "COMMENT ON COLUMN published_view.newest_at IS 'The greatest as_of.'",
    "COMMENT ON COLUMN published_view.filled IS 'Digest of the model whose rows it holds; NULL while it is only defined.'",
    "COMMENT ON COLUMN published_view.build_id IS 'The run that built it last.'",
    "COMMENT ON COLUMN published_view.changed_rows IS 'By the last build.'",
    "COMMENT ON COLUMN published_view.failed_at IS 'NULL unless the newest build failed its checks.'",
    """CREATE TABLE published_run (
        run_id UUID NOT NULL,
        relation TEXT NOT NULL,
        build_id UUID NOT NULL,
        published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT pk_published_run PRIMARY KEY (run_id, relation)
    )
    """,
    "CREATE SCHEMA sra",
    "COMMENT ON SCHEMA sra IS 'Published views: all that the SRA app reads.'",
    "CREATE SCHEMA published",
    "COMMENT ON SCHEMA published IS 'Rows behind the views of schema sra; read those.'",
    # rounded at every step, so that a long series of factors does not grow without end
    "CREATE FUNCTION published.multiply(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
    " RETURN round($1 * $2, 40)",
    "CREATE AGGREGATE published.compound(numeric) (SFUNC = published.multiply, STYPE = numeric, INITCOND = '1')",
    "CREATE AGGREGATE published.product(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1', PARALLEL = SAFE)",
    *(
        f"CREATE INDEX {name} ON {table} USING brin ({column}) WITH (pages_per_range = 32, autosummarize = true)"
        for name, table, column in _BLOCK_INDEXES
    ),
    "CREATE INDEX ix_fundata_data_distribution ON fundata_data (identifier, date) WHERE dataset = 'FundDistribution'",
    "CREATE INDEX ix_fundata_data_benchmark ON fundata_data (benchmark_instrument_key)"
    " WHERE dataset = 'FundAssociateBenchmark'",
    # the schema holds views only, and each of them is granted by name
    "GRANT USAGE ON SCHEMA sra TO PUBLIC",
    # every role may execute a new function unless told otherwise
    "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC",
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC",
    "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA published FROM PUBLIC",
    # a view's own expressions run with the reader's rights; without USAGE on the schema nobody calls it by himself
    "GRANT EXECUTE ON FUNCTION fundata_parse_number(text) TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION published.product(numeric) TO PUBLIC",
)

# On managed servers the owner may not make roles: publication goes on without its reader, and `migrate` says what to run.
_CREATE_READER = """
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sra_reader') THEN
    CREATE ROLE sra_reader NOLOGIN;
  END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
  NULL;
END
$$
"""


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    op.execute(_CREATE_READER)


def downgrade() -> None:
    # tables and views that view_builder made go with their schemas, one by one: nothing of others may vanish with them
    op.execute(
        """
        DO $$
        DECLARE item record;
        BEGIN
          FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'sra'::regnamespace LOOP
            EXECUTE format('DROP FUNCTION %s', item.name);
          END LOOP;
          LOOP
            SELECT c.oid::regclass AS name INTO item FROM pg_class c
            WHERE c.relnamespace = 'sra'::regnamespace AND c.relkind = 'v'
              AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                              WHERE d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass AND r.ev_class <> c.oid)
            LIMIT 1;
            EXIT WHEN NOT FOUND;
            EXECUTE format('DROP VIEW %s', item.name);
          END LOOP;
          FOR item IN SELECT c.oid::regclass AS name FROM pg_class c
                      WHERE c.relnamespace = 'published'::regnamespace AND c.relkind = 'r' LOOP
            EXECUTE format('DROP TABLE %s', item.name);
          END LOOP;
        END
        $$
        """
    )
    for name, _, _ in reversed(_BLOCK_INDEXES):
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP INDEX ix_fundata_data_benchmark")
    op.execute("DROP INDEX ix_fundata_data_distribution")
    op.execute("DROP AGGREGATE published.product(numeric)")
    op.execute("DROP AGGREGATE published.compound(numeric)")
    op.execute("DROP FUNCTION published.multiply(numeric, numeric)")
    op.execute("DROP SCHEMA sra")
    op.execute("DROP SCHEMA published")
    op.execute("DROP TABLE published_run")
    op.execute("DROP TABLE published_view")
    op.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    op.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC")
    op.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO PUBLIC")
