"""The state of publication: which view stands at which build, and which runs are in it.

The published rows themselves lie in schema `published`, whose tables view_builder owns and migrations leave alone; the
SRA app reads the views of schema `sra` over them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.tables.fmp import fmp_dividend, fmp_eod_price, fmp_etf_holding, fmp_quote
from sra_shared.tables.fmp_lists import fmp_earning, fmp_peer
from sra_shared.tables.fundata import fundata_data
from sra_shared.tables.metadata import metadata

published_view = Table(
    "published_view",
    metadata,
    Column("relation", Text, primary_key=True, comment="Name in schema sra."),
    Column("view", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False, comment="Of the model that the view was last built from."),
    Column("contract", JSONB, nullable=False, comment="Columns and key that readers rely on."),
    Column("row_count", BigInteger, comment="NULL for a plain view, whose rows nobody counts."),
    Column("newest_at", DateTime(timezone=True), comment="The greatest as_of."),
    Column("filled", Text, comment="Digest of the model whose rows it holds; NULL while it is only defined."),
    Column("built_at", DateTime(timezone=True)),
    Column("build_id", Uuid, comment="The run that built it last."),
    Column("builds", BigInteger, nullable=False, server_default=text("0")),
    Column("changed_rows", BigInteger, nullable=False, server_default=text("0"), comment="By the last build."),
    Column("failed_at", DateTime(timezone=True), comment="NULL unless the newest build failed its checks."),
    Column("error", Text),
    Column(
        "settled_until",
        DateTime(timezone=True),
        comment="Every run that ended before it, and concerns the view, is in.",
    ),
    Column("defined_at", DateTime(timezone=True), comment="Since when the view is as its digest says."),
    Column("staged", JSONB, comment="How far a build of all rows got that is made in parts; NULL while there is none."),
    CheckConstraint("version >= 1", name="version_counts"),
)

published_run = Table(
    "published_run",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("relation", Text, primary_key=True),
    Column("build_id", Uuid, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

# A build asks what a run wrote, or closed. Its rows lie together, so that a block index finds them at next to no cost for
# the writer.
_BLOCKS: dict[str, object] = {"pages_per_range": 32, "autosummarize": True}
Index("ix_fmp_quote_run", fmp_quote.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_eod_price_run", fmp_eod_price.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_dividend_run", fmp_dividend.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_etf_holding_run", fmp_etf_holding.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_etf_holding_closed", fmp_etf_holding.c.valid_to, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_earning_run", fmp_earning.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_peer_run", fmp_peer.c.run_id, postgresql_using="brin", postgresql_with=_BLOCKS)
Index("ix_fmp_peer_closed", fmp_peer.c.valid_to, postgresql_using="brin", postgresql_with=_BLOCKS)
# A day's returns ask for the distributions since the former value, of all that the fund ever paid.
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
