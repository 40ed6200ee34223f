"""Adds the ids of securities, which are assigned once and never change; view_builder fills the table.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "security",
        sa.Column("security_id", sa.Text(), nullable=False, comment="Id of the security; it never changes."),
        sa.Column("source", sa.Text(), nullable=False, comment="Vendor: fmp or fundata."),
        sa.Column(
            "identifier",
            sa.Text(),
            nullable=False,
            comment="Symbol of the listing when the id was assigned, or InstrumentKey of the fund.",
        ),
        sa.Column(
            "first_symbol", sa.Text(), nullable=False, comment="First symbol known then; the identifier of a fund."
        ),
        sa.Column(
            "held_on",
            sa.Date(),
            nullable=True,
            comment="A day on which the symbol meant this security; NULL for a fund.",
        ),
        sa.Column(
            "assigned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the id was assigned (UTC).",
        ),
        sa.CheckConstraint("source IN ('fmp', 'fundata')", name=op.f("ck_security_source_known")),
        sa.CheckConstraint("(held_on IS NULL) = (source = 'fundata')", name=op.f("ck_security_day_of_listing")),
        sa.PrimaryKeyConstraint("security_id", name=op.f("pk_security")),
        comment="Ids of securities, each assigned once: one row per fund, and per owner of a symbol.",
    )
    op.create_index("ix_security_identifier", "security", ["identifier"])


def downgrade() -> None:
    # views over the table, each after those that read it; view_builder defines them anew when it starts
    op.execute(
        """
        DO $$
        DECLARE item record;
        BEGIN
          LOOP
            WITH RECURSIVE reading AS (
              SELECT 'public.security'::regclass::oid AS oid
              UNION
              SELECT r.ev_class
              FROM reading x
              JOIN pg_depend d ON d.refobjid = x.oid AND d.classid = 'pg_rewrite'::regclass
              JOIN pg_rewrite r ON r.oid = d.objid
            )
            SELECT x.oid::regclass AS name INTO item
            FROM reading x
            WHERE x.oid <> 'public.security'::regclass
              AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                              WHERE d.refobjid = x.oid AND d.classid = 'pg_rewrite'::regclass AND r.ev_class <> x.oid)
            LIMIT 1;
            EXIT WHEN NOT FOUND;
            EXECUTE format('DROP VIEW %s', item.name);
          END LOOP;
        END
        $$
        """
    )
    op.drop_table("security")
