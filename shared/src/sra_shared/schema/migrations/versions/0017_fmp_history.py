"""FMP rows that newer ones replace are kept, each row names its call, and runs that stored rows leave a record for good.

Rows from before have no `call_id`: which call brought them is not known. The columns are nullable and have no default, so
that no table is rewritten, and neither they nor the calls have foreign keys, so that none is read.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MONTHS_AHEAD = 24
_TABLES = (
    *("equity_profile", "fmp_universe", "fmp_symbol_change", "fmp_delisted", "fmp_quote", "fmp_eod_price", "fmp_split"),
    *("fmp_dividend", "fmp_treasury_rate", "fmp_etf_info", "fmp_etf_holding", "fmp_score", "fmp_earning", "fmp_mover"),
    *("fmp_index_price", "fmp_peer", "fmp_etf_country", "fmp_etf_sector", "fmp_constituent", "fmp_constituent_change"),
    *("fmp_income_statement", "fmp_balance_sheet", "fmp_cash_flow", "fmp_income_growth", "fmp_balance_sheet_growth"),
    *("fmp_cash_flow_growth", "fmp_financial_growth", "fmp_ratio", "fmp_key_metric"),
)
_CALL_COMMENT = "The call that brought the row, as in fmp_call; null in rows stored before calls were kept."
_LASTING_COMMENT = "Content without the moving fields: price, change, volume, market cap."
_KNOWN_COMMENT = "Since when all but the moving fields are as they are; null: since updated_at."

# Attached and not created as partitions: creating one would lock out every reader and writer of the whole history. A month
# of which the default partition has rows already stays there. Revision 0022 adds the lock that keeps two callers apart.
_EXTEND = """
CREATE FUNCTION fmp_extend_row_history(months integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '5s' SET search_path = public, pg_temp AS $$
DECLARE
  start timestamptz;
  stop timestamptz;
  name text;
  made integer := 0;
BEGIN
  FOR ahead IN 0 .. months LOOP
    start := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC';
    stop := (start AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    name := 'fmp_row_history_' || to_char(start AT TIME ZONE 'UTC', 'YYYY_MM');
    CONTINUE WHEN to_regclass(name) IS NOT NULL
      OR EXISTS (SELECT FROM fmp_row_history_default d WHERE d.known_until >= start AND d.known_until < stop);
    EXECUTE format('CREATE TABLE %I (LIKE fmp_row_history INCLUDING DEFAULTS INCLUDING COMMENTS)', name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION fundata_refuse_change()', name);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', name);
    EXECUTE format('ALTER TABLE fmp_row_history ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, start, stop);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$
"""
_KNOWN_AT = """
CREATE FUNCTION fmp_rows_known_at(row_type anyelement, moment timestamptz, symbols text[] DEFAULT NULL)
RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE AS $$
DECLARE
  relation regclass := (SELECT c.oid FROM pg_class c WHERE c.reltype = pg_typeof(row_type));
  columns name[] := ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = relation AND NOT a.attisdropped);
  is_known text := CASE
    WHEN 'valid_from' = ANY(columns) THEN 't.valid_from <= $1 AND (t.valid_to IS NULL OR t.valid_to > $1)'
    WHEN 'known_at' = ANY(columns) THEN 'coalesce(t.known_at, t.updated_at) <= $1'
    ELSE 't.updated_at <= $1' END;
BEGIN
  IF relation IS NULL OR NOT 'updated_at' = ANY(columns) THEN
    RAISE EXCEPTION 'There is no FMP table with rows of type %.', pg_typeof(row_type)
      USING ERRCODE = 'wrong_object_type', HINT = 'Name it by a row of NULLs, such as NULL::fmp_eod_price.';
  END IF;
  RETURN QUERY EXECUTE format($query$
    SELECT t.* FROM %1$s t WHERE %2$s %3$s
    UNION ALL
    SELECT r.* FROM fmp_row_history h CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$s, h.key || h.row_values
      || jsonb_build_object('raw_json', h.raw_json, 'run_id', h.run_id, 'call_id', h.call_id, 'created_at', h.created_at,
                            'updated_at', h.known_from, 'content_hash', h.content_hash)) r
    WHERE h.table_name = %4$L AND h.known_from <= $1 AND h.known_until > $1 %5$s
  $query$, relation, is_known, CASE WHEN symbols IS NOT NULL THEN 'AND t.symbol = ANY($2)' END,
    (SELECT c.relname FROM pg_class c WHERE c.oid = relation),
    CASE WHEN symbols IS NOT NULL THEN 'AND h.symbol = ANY($2)' END)
  USING moment, symbols;
END
$$
"""
_KNOWN_AT_PURPOSE = (
    "Rows of an FMP table as they were known at a moment: SELECT * FROM fmp_rows_known_at(NULL::fmp_eod_price, moment,"
    " ARRAY[''AAPL'']). Of quotes, and of the moving fields of profiles, only the newest state is kept."
)


def _time(name: str, *, default: bool = False) -> sa.Column[object]:
    server_default = sa.text("now()") if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=server_default, nullable=False)


def _refuse_changes(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION fundata_refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def _create_calls() -> None:
    op.execute("CREATE SEQUENCE fmp_call_number")
    op.create_table(
        "fmp_call",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _time("answered_at"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="Of the body after decompression."),
        sa.Column("rows", sa.Integer(), nullable=False, comment="Rows in the answer, stored or not."),
        sa.Column("status", sa.SmallInteger(), nullable=False, comment="HTTP status."),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that called."),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False, comment="Without the key, which is sent in a header."),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="BLAKE2b-256 of the body after decompression."),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_fmp_call")),
    )
    op.create_index("ix_fmp_call_run_id", "fmp_call", ["run_id"])
    _refuse_changes("fmp_call")


def _create_history() -> None:
    op.create_table(
        "fmp_row_history",
        sa.Column(
            "known_from", sa.DateTime(timezone=True), nullable=False, comment="When the row was stored as it is here."
        ),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False, comment="When another one replaced it."),
        _time("created_at"),
        sa.Column("call_id", sa.BigInteger(), nullable=True, comment=_CALL_COMMENT),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that wrote the row."),
        sa.Column("replaced_by", sa.Uuid(), nullable=False, comment="The run that replaced it."),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True, comment="That of the key; null if the key has none."),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key", JSONB(), nullable=False, comment="The key's columns."),
        sa.Column("row_values", JSONB(), nullable=False, comment="The other columns, as typed when it was stored."),
        sa.Column("raw_json", JSONB(), nullable=False, comment="The record as delivered."),
        postgresql_partition_by="RANGE (known_until)",
    )
    op.create_index("ix_fmp_row_history_symbol", "fmp_row_history", ["table_name", "symbol"])
    _refuse_changes("fmp_row_history")
    op.execute("CREATE TABLE fmp_row_history_default PARTITION OF fmp_row_history DEFAULT")
    _refuse_changes("fmp_row_history_default")
    op.execute(_EXTEND)
    op.execute(f"SELECT fmp_extend_row_history({_MONTHS_AHEAD})")
    op.execute(_KNOWN_AT)
    op.execute(f"COMMENT ON FUNCTION fmp_rows_known_at IS '{_KNOWN_AT_PURPOSE}'")


def upgrade() -> None:
    _create_calls()
    _create_history()
    for table in _TABLES:
        op.add_column(table, sa.Column("call_id", sa.BigInteger(), nullable=True, comment=_CALL_COMMENT))
    op.add_column(
        "equity_profile", sa.Column("lasting_hash", sa.LargeBinary(), nullable=True, comment=_LASTING_COMMENT)
    )
    op.add_column(
        "equity_profile", sa.Column("known_at", sa.DateTime(timezone=True), nullable=True, comment=_KNOWN_COMMENT)
    )
    op.create_table(
        "archived_run",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        _time("scheduled_at"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        _time("completed_at"),
        sa.Column("stored_count", sa.BigInteger(), nullable=False, comment="Source records that it stored."),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_archived_run")),
    )
    _refuse_changes("archived_run")


def downgrade() -> None:
    op.drop_table("archived_run")
    for column in ("known_at", "lasting_hash"):
        op.drop_column("equity_profile", column)
    for table in reversed(_TABLES):
        op.drop_column(table, "call_id")
    op.execute("DROP FUNCTION fmp_rows_known_at(anyelement, timestamptz, text[])")
    op.execute("DROP FUNCTION fmp_extend_row_history(integer)")
    op.drop_table("fmp_row_history")
    op.drop_table("fmp_call")
    op.execute("DROP SEQUENCE fmp_call_number")
