"""A schema for the definitions that the published views share; view_builder fills it.

Nobody but the owner enters it. It stands between the raw tables and schema `sra`: what a reader sees is granted there.

Revision: 0023, after 0022.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS core")
    op.execute("REVOKE ALL ON SCHEMA core FROM PUBLIC")


def downgrade() -> None:
    # one by one, so that nothing of others vanishes with them; view_builder defines the views of schema sra anew as it starts
    op.execute(
        """
        DO $$
        DECLARE item record;
        BEGIN
          FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'sra'::regnamespace LOOP
            EXECUTE format('DROP FUNCTION %s', item.name);
          END LOOP;
          LOOP
            SELECT c.oid::regclass AS name INTO item
            FROM pg_class c
            WHERE c.relkind = 'v' AND c.relnamespace IN ('core'::regnamespace, 'sra'::regnamespace)
              AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                              WHERE d.refobjid = c.oid AND d.classid = 'pg_rewrite'::regclass AND r.ev_class <> c.oid)
            LIMIT 1;
            EXIT WHEN NOT FOUND;
            EXECUTE format('DROP VIEW %s', item.name);
          END LOOP;
          FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'core'::regnamespace LOOP
            EXECUTE format('DROP FUNCTION %s', item.name);
          END LOOP;
        END
        $$
        """
    )
    op.execute("DROP SCHEMA core")
