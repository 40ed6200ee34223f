"""Locks are rows of a table that only its owner may lock, no advisory locks, which every role may take.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Rows that are missing come first, then those that are there, both in order: whoever waits for a row that is being made
# holds no other yet. Each statement sees what was committed while the one before it waited.
_TAKE = """
CREATE FUNCTION sra_take_locks(names text[], seconds double precision) RETURNS void
LANGUAGE plpgsql SET lock_timeout = 0 SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM set_config('lock_timeout', ceil(seconds * 1000)::text, true);
  INSERT INTO sra_lock (name)
  SELECT n.name FROM unnest(names) AS n (name) WHERE NOT EXISTS (SELECT FROM sra_lock l WHERE l.name = n.name)
  ORDER BY n.name ON CONFLICT DO NOTHING;
  PERFORM l.name FROM sra_lock l WHERE l.name = ANY(names) ORDER BY l.name FOR UPDATE;
END
$$
"""
_TAKE_PURPOSE = "Takes locks of sra_lock until the transaction ends, and waits for each at most so many seconds."
_EXTEND = """
CREATE OR REPLACE FUNCTION fmp_extend_row_history(months integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '5s' SET search_path = public, pg_temp AS $$
DECLARE
  start timestamptz;
  stop timestamptz;
  name text;
  made integer := 0;
BEGIN
  {lock}
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
_LOCK = "PERFORM sra_take_locks(ARRAY['fmp_row_history partitions'], 5);"


def upgrade() -> None:
    op.create_table(
        "sra_lock",
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sra_lock")),
    )
    op.execute(_TAKE)
    op.execute("REVOKE ALL ON FUNCTION sra_take_locks(text[], double precision) FROM PUBLIC")
    op.execute(f"COMMENT ON FUNCTION sra_take_locks(text[], double precision) IS '{_TAKE_PURPOSE}'")
    op.execute(_EXTEND.format(lock=_LOCK))


def downgrade() -> None:
    op.execute(_EXTEND.format(lock=""))
    op.execute("DROP FUNCTION sra_take_locks(text[], double precision)")
    op.drop_table("sra_lock")
