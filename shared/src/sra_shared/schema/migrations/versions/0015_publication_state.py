"""State of publication: what is settled, since when a view is defined, builds in parts; numbers of any size.

Revision: 0015, after 0014.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


# Rounded at every step, so that a long series of factors does not grow without end, and never zero or without bound:
# values are divided by the factor.
_MULTIPLY = """
CREATE OR REPLACE FUNCTION published.multiply(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN {}
"""
# As in revision 0002, of texts so short that with the longest exponent no number has more decimals than numeric can hold.
_PARSE_NUMBER = r"""
CREATE OR REPLACE FUNCTION fundata_parse_number(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
  WHEN length(value) <= {} AND value ~ '^[ \t\r\n]*[+-]?[$]?(?:(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]+)(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?0*[0-9]{{1,4}})?[ \t\r\n]*$'
  THEN translate(value, E'$, \t\r\n', '')::numeric
END
"""


def upgrade() -> None:
    op.execute("ALTER TABLE published_view ADD COLUMN settled_until TIMESTAMP WITH TIME ZONE")
    op.execute(
        "COMMENT ON COLUMN published_view.settled_until"
        " IS 'Every run that ended before it, and concerns the view, is in.'"
    )
    op.execute("ALTER TABLE published_view ADD COLUMN defined_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN published_view.defined_at IS 'Since when the view is as its digest says.'")
    op.execute("ALTER TABLE published_view ADD COLUMN staged JSONB")
    op.execute(
        "COMMENT ON COLUMN published_view.staged"
        " IS 'How far a build of all rows got that is made in parts; NULL while there is none.'"
    )
    op.execute("CREATE INDEX ix_task_execution_log_completed ON task_execution_log (completed_at)")
    op.execute(_MULTIPLY.format("least(greatest(round($1 * $2, 40), 1e-40), 1e60)"))
    op.execute(_PARSE_NUMBER.format(6000))


def downgrade() -> None:
    op.execute(_PARSE_NUMBER.format(10000))
    op.execute(_MULTIPLY.format("round($1 * $2, 40)"))
    op.execute("DROP INDEX ix_task_execution_log_completed")
    for column in ("staged", "defined_at", "settled_until"):
        op.execute(f"ALTER TABLE published_view DROP COLUMN {column}")
