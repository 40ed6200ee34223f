"""The state of publication: the current build of each view, and the runs in it.

The published rows themselves are in schema `published`, whose tables view_builder owns and migrations leave alone; the
SRA app reads the views of schema `sra` over them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.schema.tables.fmp import fmp_dividend, fmp_eod_price, fmp_etf_holding, fmp_quote
from sra_shared.schema.tables.fmp_lists import fmp_earning, fmp_peer
from sra_shared.schema.tables.fundata import fundata_data
from sra_shared.schema.tables.metadata import metadata, written_by

published_view = Table(
    "published_view",
    metadata,
    Column("relation", Text, primary_key=True, comment="Name in schema sra."),
    Column("view", Text, nullable=False, comment="Name of the view without its version."),
    Column("version", Integer, nullable=False, comment="Version of the view's contract, from 1."),
    Column("digest", Text, nullable=False, comment="Digest of the model that defines the view."),
    Column("contract", JSONB, nullable=False, comment="Columns and key that readers rely on."),
    Column("row_count", BigInteger, comment="Number of rows; NULL for a live view, whose rows are not counted."),
    Column("newest_at", DateTime(timezone=True), comment="Latest as_of of its rows (UTC)."),
    Column("filled", Text, comment="Digest of the model that its rows were built from; NULL until it is built."),
    Column("built_at", DateTime(timezone=True), comment="When it was last built (UTC)."),
    Column("build_id", Uuid, comment="The run that last built it."),
    Column("builds", BigInteger, nullable=False, server_default=text("0"), comment="Number of builds."),
    Column(
        "changed_rows",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Rows that the last build changed.",
    ),
    Column("failed_at", DateTime(timezone=True), comment="When the newest build failed (UTC); NULL if it succeeded."),
    Column("error", Text, comment="Why the newest build failed; NULL if it succeeded."),
    Column(
        "settled_until",
        DateTime(timezone=True),
        comment="The view contains every relevant run that ended before this time (UTC).",
    ),
    Column("defined_at", DateTime(timezone=True), comment="When the view was defined with its digest (UTC)."),
    Column("staged", JSONB, comment="Progress of a full build in parts; NULL if none is in progress."),
    CheckConstraint("version >= 1", name="version_counts"),
    comment="State of publication of each view of schema sra.",
    info=written_by("view_builder"),
)

published_run = Table(
    "published_run",
    metadata,
    Column("run_id", Uuid, primary_key=True, comment="The run whose rows the view contains."),
    Column("relation", Text, primary_key=True, comment="Name of the view in schema sra."),
    Column("build_id", Uuid, nullable=False, comment="The build that added them."),
    Column(
        "published_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the build was published (UTC).",
    ),
    comment="Which runs each materialized view contains.",
    info=written_by("view_builder"),
)

published_contract = Table(
    "published_contract",
    metadata,
    Column(
        "only_row",
        Boolean,
        primary_key=True,
        server_default=text("true"),
        comment="Always true, so that there is one row.",
    ),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Contract version of the views in schema sra.",
    ),
    Column(
        "published_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When this version was published (UTC).",
    ),
    Column("staged_version", Integer, comment="Contract version that is being built; NULL if there is none."),
    Column(
        "staged_revision",
        Text,
        comment="Revision of the database when that build began; a different one starts it over.",
    ),
    CheckConstraint("only_row", name="one_row"),
    comment="Contract version of the published views.",
    info=written_by("view_builder"),
)

security = Table(
    "security",
    metadata,
    Column("security_id", Text, primary_key=True, comment="Id of the security; it never changes."),
    Column("source", Text, nullable=False, comment="Vendor: fmp or fundata."),
    Column(
        "identifier",
        Text,
        nullable=False,
        comment="Symbol of the listing when the id was assigned, or InstrumentKey of the fund.",
    ),
    Column("first_symbol", Text, nullable=False, comment="First symbol known then; the identifier of a fund."),
    Column("held_on", Date, comment="A day on which the symbol meant this security; NULL for a fund."),
    Column(
        "assigned_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the id was assigned (UTC).",
    ),
    CheckConstraint("source IN ('fmp', 'fundata')", name="source_known"),
    CheckConstraint("(held_on IS NULL) = (source = 'fundata')", name="day_of_listing"),
    Index("ix_security_identifier", "identifier"),
    comment="Ids of securities, each assigned once: one row per fund, and per owner of a symbol.",
    info=written_by("view_builder"),
)

# A build queries the rows that a run wrote or closed. They are adjacent, so a block index finds them, and costs the writer almost
# nothing.
_BLOCKS: dict[str, object] = {"pages_per_range": 32, "autosummarize": True}
Index("ix_fmp_quote_run", fmp_quote.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_eod_price_run", fmp_eod_price.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_dividend_run", fmp_dividend.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_etf_holding_run", fmp_etf_holding.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_etf_holding_closed", fmp_etf_holding.c.valid_to, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_earning_run", fmp_earning.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_peer_run", fmp_peer.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_peer_closed", fmp_peer.c.valid_to, postgresql_using="brin", postgresql_with=_BLOCKS)
# a day's returns need a fund's distributions since the previous value, out of all that it ever paid
Index(
    "ix_fundata_data_distribution",
    fundata_data.c.identifier,
    fundata_data.c.date,
    postgresql_where=text("dataset = 'FundDistribution'"),
)
Index(
    "ix_fundata_data_benchmark",
    fundata_data.c.benchmark_instrument_key,
    postgresql_where=text("dataset = 'FundAssociateBenchmark'"),
)
