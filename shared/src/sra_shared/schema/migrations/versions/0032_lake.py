"""Tables of the Iceberg lake, and the type of the runs that publish it.

Revision: 0032, after 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None

_FORMER_TYPES = "'daily_quotes', 'weekly_fundamentals', 'csv_import', 'fundata_data', 'fundata_quotes', 'view_build', 'unified_refresh', 'fmp_backfill'"
_TYPES = f"{_FORMER_TYPES}, 'lake_publish'"


def upgrade() -> None:
    _limit_types(_TYPES)
    op.create_table(
        "lake_root",
        sa.Column("root", sa.Text(), nullable=False, comment="Address of the lake: a folder or s3://bucket/prefix."),
        sa.Column(
            "lake_id",
            sa.Uuid(),
            nullable=False,
            comment="Id in the mark at the root, which no other database may write to.",
        ),
        _make_time("created_at", "When this database first published there (UTC)."),
        sa.PrimaryKeyConstraint("root", name=op.f("pk_lake_root")),
        comment="The places where this database publishes its lake.",
    )
    op.create_table(
        "lake_build",
        sa.Column(
            "build_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Number of the build, from 1."
        ),
        sa.Column("root", sa.Text(), nullable=False, comment="Address of the lake that has the build."),
        sa.Column(
            "name", sa.Text(), nullable=True, comment="Name given by a person, which keeps the build; NULL without one."
        ),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="The run that published it."),
        sa.Column("contract_version", sa.Integer(), nullable=False, comment="Contract version of its tables."),
        sa.Column(
            "snapshot_at", sa.DateTime(timezone=True), nullable=False, comment="When its tables were read (UTC)."
        ),
        _make_time("published_at", "When readers could see it (UTC)."),
        sa.Column(
            "changed_tables",
            sa.Integer(),
            nullable=False,
            comment="Number of tables that differ from the build before.",
        ),
        sa.Column("written_files", sa.BigInteger(), nullable=False, comment="Number of data files written for it."),
        sa.Column(
            "written_bytes", sa.BigInteger(), nullable=False, comment="Size of the data files written for it, in bytes."
        ),
        sa.Column(
            "peak_memory_mb", sa.Integer(), nullable=False, comment="Peak memory of the process that wrote it, in MB."
        ),
        sa.CheckConstraint("build_id >= 1", name=op.f("ck_lake_build_build_counts")),
        sa.PrimaryKeyConstraint("build_id", name=op.f("pk_lake_build")),
        sa.UniqueConstraint("name", name=op.f("uq_lake_build_name")),
        comment="Builds of the lake; each is a namespace of the catalog.",
    )
    op.create_table(
        "lake_table",
        sa.Column("build_id", sa.BigInteger(), nullable=False, comment="The build."),
        sa.Column("relation", sa.Text(), nullable=False, comment="Name of the table, that of the view."),
        sa.Column("metadata_location", sa.Text(), nullable=False, comment="Address of the table's Iceberg metadata."),
        sa.Column(
            "columns_digest",
            sa.Text(),
            nullable=False,
            comment="Digest of its columns; other columns begin another table.",
        ),
        sa.Column(
            "view_digest", sa.Text(), nullable=False, comment="Digest of the model that its rows were built from."
        ),
        sa.Column(
            "view_builds", sa.BigInteger(), nullable=False, comment="Number of builds of the view when it was read."
        ),
        sa.Column(
            "content_hash",
            sa.Text(),
            nullable=True,
            comment="Hash of all rows of a table that is written whole; NULL for a series.",
        ),
        sa.Column("row_count", sa.BigInteger(), nullable=False, comment="Number of rows."),
        sa.Column("file_count", sa.BigInteger(), nullable=False, comment="Number of data files."),
        sa.Column("byte_count", sa.BigInteger(), nullable=False, comment="Size of the data files in bytes."),
        sa.ForeignKeyConstraint(["build_id"], ["lake_build.build_id"], name=op.f("fk_lake_table_build_id_lake_build")),
        sa.PrimaryKeyConstraint("build_id", "relation", name=op.f("pk_lake_table")),
        comment="The tables of each build of the lake.",
    )
    op.create_index("ix_lake_table_metadata_location", "lake_table", ["metadata_location"])
    op.create_table(
        "lake_metadata",
        sa.Column(
            "metadata_location", sa.Text(), nullable=False, comment="Address of the Iceberg metadata in the lake."
        ),
        sa.Column("metadata", sa.Text(), nullable=False, comment="Its content, which the catalog serves."),
        sa.PrimaryKeyConstraint("metadata_location", name=op.f("pk_lake_metadata")),
        comment="Iceberg metadata of the tables of all kept builds.",
    )
    op.create_table(
        "lake_series",
        sa.Column("relation", sa.Text(), nullable=False, comment="Name of the view."),
        _make_time("recorded_since", "Since when builds record its changed rows (UTC)."),
        sa.PrimaryKeyConstraint("relation", name=op.f("pk_lake_series")),
        comment="The daily series whose changed rows are recorded for the lake.",
    )
    op.create_table(
        "lake_change",
        sa.Column(
            "change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Number of the change."
        ),
        sa.Column("relation", sa.Text(), nullable=False, comment="Name of the view."),
        sa.Column(
            "key",
            sa.Text(),
            nullable=True,
            comment="Identifier or symbol of the row; NULL if all rows may have changed.",
        ),
        sa.Column("day", sa.Date(), nullable=True, comment="Day of the row; NULL if all rows may have changed."),
        sa.Column(
            "is_insert",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the row was added; otherwise it was replaced or removed.",
        ),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id())::text::bigint"),
            nullable=False,
            comment="Transaction that changed it: a build of the lake contains those that its snapshot sees.",
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_lake_change")),
        comment="Rows of series that builds changed since the newest build of the lake.",
    )
    op.create_index("ix_lake_change_relation", "lake_change", ["relation"])


def downgrade() -> None:
    # view_builder defines them again
    op.execute("DROP VIEW IF EXISTS sra.data_freshness")
    op.execute("DROP VIEW IF EXISTS core.lake_state")
    for name in ("lake_change", "lake_series", "lake_metadata", "lake_table", "lake_build", "lake_root"):
        op.drop_table(name)
    op.execute("DELETE FROM task_execution_log WHERE task_type = 'lake_publish'")
    _limit_types(_FORMER_TYPES)


def _limit_types(types: str) -> None:
    op.drop_constraint(op.f("ck_task_execution_log_task_type_known"), "task_execution_log", type_="check")
    op.create_check_constraint(
        op.f("ck_task_execution_log_task_type_known"), "task_execution_log", f"task_type IN ({types})"
    )


def _make_time(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment=comment)
