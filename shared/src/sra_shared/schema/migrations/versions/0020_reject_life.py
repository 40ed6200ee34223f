"""Rejects are counted when they are delivered again, can be dismissed, and say which call brought them.

Of equal open rejects of Fundata the newest delivery's are those that a further delivery counts up; the older ones keep
their rows. Rejects of FMP of before have no identity: what is delivered again is one new reject, once.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_IS_OPEN = "resolved_at IS NULL AND dismissed_at IS NULL"
_WAS_OPEN = "resolved_at IS NULL"

# As the services name rejects; a copy, so that this revision stays what it is. Each export of the update API has a path of
# its own.
_SQL_BEGIN = """
UPDATE rejected_record SET last_seen_at = created_at,
  delivery = CASE WHEN source = 'fundata' THEN concat(file_path, ' ', coalesce(file_hash, run_id::text))
    ELSE run_id::text END
"""
_SQL_NAME = """
WITH found AS (
  SELECT r.reject_id, r.delivery,
    substring(sha256(convert_to(concat_ws(chr(31), 'fundata', r.dataset,
      CASE WHEN r.data_source = 'API' THEN regexp_replace(coalesce(r.file_path, ''), '^(api/[^/]+)/.*$', '\\1')
           ELSE coalesce(r.file_path, '') END) || chr(31), 'UTF8') || r.raw) FOR 16) AS identity
  FROM rejected_record r
  WHERE r.source = 'fundata' AND (r.resolved_at IS NULL OR r.resolution LIKE 'corrected%')
), sorted AS (
  SELECT f.*, first_value(f.delivery) OVER (PARTITION BY f.identity ORDER BY f.reject_id DESC) AS newest,
    row_number() OVER (PARTITION BY f.identity, f.delivery ORDER BY f.reject_id) AS place
  FROM found f
)
UPDATE rejected_record r SET identity = s.identity, occurrence = CASE WHEN s.delivery = s.newest THEN s.place END
FROM sorted s WHERE s.reject_id = r.reject_id
"""


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _add_columns() -> None:
    for column in (
        sa.Column(
            "identity",
            sa.LargeBinary(),
            nullable=True,
            comment="Digest of what makes it the same row when it is delivered again.",
        ),
        sa.Column(
            "occurrence",
            sa.Integer(),
            nullable=True,
            comment="Place among the equal rows of one delivery, from 1; null: a row delivered again is another reject.",
        ),
        sa.Column("delivery", sa.Text(), nullable=True, comment="The file, or the FMP run, that brought it last."),
        sa.Column(
            "seen_count",
            sa.BigInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Deliveries that brought it.",
        ),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "last_run_id",
            sa.Uuid(),
            nullable=True,
            comment="The run that read it last; null: the one that read it first.",
        ),
        sa.Column("call_id", sa.BigInteger(), nullable=True, comment="Row of fmp_call: the call that brought it."),
        sa.Column(
            "origin",
            JSONB(),
            nullable=True,
            comment="What an FMP call asked for: path, subject, and the values that it gives to rows.",
        ),
        _time("dismissed_at"),
        sa.Column("dismissed_by", sa.Text(), nullable=True),
        sa.Column("dismissal", sa.Text(), nullable=True, comment="Why it was dismissed."),
    ):
        op.add_column("rejected_record", column)


def _index_open(condition: str) -> None:
    for name, columns in (
        ("ix_rejected_record_open", ["reject_id"]),
        ("ix_rejected_record_open_kind", ["dataset", "reason"]),
    ):
        op.drop_index(name, table_name="rejected_record")
        op.create_index(name, "rejected_record", columns, unique=False, postgresql_where=sa.text(condition))


def upgrade() -> None:
    _add_columns()
    op.execute(_SQL_BEGIN)
    op.execute(_SQL_NAME)
    op.create_index(
        "ix_rejected_record_last_run", "rejected_record", [sa.text("coalesce(last_run_id, run_id)")], unique=False
    )
    op.create_index("uq_rejected_record_identity", "rejected_record", ["identity", "occurrence"], unique=True)
    _index_open(_IS_OPEN)


def downgrade() -> None:
    op.drop_index("uq_rejected_record_identity", table_name="rejected_record")
    op.drop_index("ix_rejected_record_last_run", table_name="rejected_record")
    _index_open(_WAS_OPEN)
    for name in (
        *("dismissal", "dismissed_by", "dismissed_at", "origin", "call_id", "last_run_id", "last_seen_at"),
        *("seen_count", "delivery", "occurrence", "identity"),
    ):
        op.drop_column("rejected_record", name)
