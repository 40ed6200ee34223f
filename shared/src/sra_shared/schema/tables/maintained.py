"""Tables of facts that no vendor delivers and that people maintain in files of this repository."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Numeric, PrimaryKeyConstraint, Table, Text

from sra_shared.schema.tables.ledger_columns import make_time
from sra_shared.schema.tables.metadata import metadata, written_by

share_basis = Table(
    "share_basis",
    metadata,
    Column("symbol", Text, nullable=False, comment="Symbol of the listing in FMP's form and in capitals."),
    Column("valid_from", Date, nullable=False, comment="First day of the ratio, which holds until the next one."),
    Column(
        "ratio",
        Numeric,
        nullable=False,
        comment="Number of shares, as counted in the company's statements, that one share of the listing represents.",
    ),
    Column("source", Text, nullable=False, comment="Document that states the ratio."),
    make_time("loaded_at", "When the entry was loaded (UTC).", required=True),
    PrimaryKeyConstraint("symbol", "valid_from"),
    CheckConstraint("ratio > 0", name="ratio_positive"),
    comment="Share ratios of depositary receipts and share classes to the company's statements; maintained by hand.",
    info=written_by("`./sra share-basis load`"),
)
