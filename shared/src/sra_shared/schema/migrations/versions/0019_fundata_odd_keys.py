"""Stored Fundata keys that are not in their normal form, and by which form of the keys a file's streams are split.

Revision: 0019, after 0018.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# As the loader has them in keys.py; a copy, so that this revision stays what it is.
_RANGES = (
    (0x01, 0x20),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x061C, 0x061C),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
_INVISIBLE = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_WHOLE_NUMBER = re.compile(r"([0-9]+)\.0*")
# What may be odd, in plain ASCII, so that a database in any encoding takes it: no printable sign at an end, or a decimal point.
_MAY_BE_ODD = "^[^!-~]|[^!-~]$|^[0-9]+[.]0*$"
_ROWS_AT_ONCE = 10_000

_SQL_DATA = f"""
SELECT DISTINCT dataset, identifier, record_id FROM fundata_data
WHERE row_ordinal = 0 AND (identifier ~ '{_MAY_BE_ODD}' OR record_id ~ '{_MAY_BE_ODD}')
"""  # noqa: S608 - constants of this module
# one step along the index per fund, not a look at every quote
_SQL_QUOTES = f"""
WITH RECURSIVE fund AS (
  SELECT min(identifier) AS identifier FROM fundata_quotes
  UNION ALL
  SELECT (SELECT min(q.identifier) FROM fundata_quotes q WHERE q.identifier > fund.identifier)
  FROM fund WHERE fund.identifier IS NOT NULL)
SELECT DISTINCT q.dataset, q.identifier, '' AS record_id
FROM fund JOIN fundata_quotes q ON q.identifier = fund.identifier
WHERE fund.identifier ~ '{_MAY_BE_ODD}'
"""  # noqa: S608


def upgrade() -> None:
    odd_key = op.create_table(
        "fundata_odd_key",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), server_default="", nullable=False, comment="Empty for quotes."),
        sa.Column("normal_identifier", sa.Text(), nullable=False),
        sa.Column("normal_record_id", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "identifier", "record_id", name="pk_fundata_odd_key"),
    )
    found = [row for query in (_SQL_DATA, _SQL_QUOTES) for row in op.get_bind().execute(sa.text(query))]
    listed = []
    for dataset, identifier, record_id in found:
        normal_identifier, normal_record_id = _normalise(identifier), _normalise(record_id)
        if (normal_identifier, normal_record_id) != (identifier, record_id):
            listed.append(
                {
                    "dataset": dataset,
                    "identifier": identifier,
                    "record_id": record_id,
                    "normal_identifier": normal_identifier,
                    "normal_record_id": normal_record_id,
                }
            )
    for start in range(0, len(listed), _ROWS_AT_ONCE):
        op.bulk_insert(odd_key, listed[start : start + _ROWS_AT_ONCE])
    # a file that is half loaded goes on as it was split
    op.add_column(
        "file_stream", sa.Column("split_rules", sa.SmallInteger(), server_default=sa.text("1"), nullable=False)
    )
    op.alter_column("file_stream", "split_rules", server_default=sa.text("2"))
    op.execute(
        "COMMENT ON COLUMN file_stream.split_rules"
        " IS 'Form of the identifiers that are split: 1 without blanks around them, 2 normal.'"
    )


def _normalise(key: str) -> str:
    bare = key.strip(_INVISIBLE)
    whole = _WHOLE_NUMBER.fullmatch(bare)
    return whole[1] if whole else bare


def downgrade() -> None:
    op.drop_column("file_stream", "split_rules")
    op.drop_table("fundata_odd_key")
