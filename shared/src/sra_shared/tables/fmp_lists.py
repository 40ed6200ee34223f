"""FMP: scores, earnings, movers, index prices; and lists as snapshots: peers, weights of ETFs, members of indices."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from sra_shared.tables.fmp_columns import (
    list_days,
    list_numbers,
    list_provenance,
    list_texts,
    list_validity,
    make_current_index,
)
from sra_shared.tables.metadata import metadata

fmp_score = Table(
    "fmp_score",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts("reported_currency"),
    *list_numbers("altman_z_score", "piotroski_score", "working_capital", "total_assets", "retained_earnings"),
    *list_numbers("ebit", "market_cap", "total_liabilities", "revenue"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol"),
)

fmp_earning = Table(
    "fmp_earning",
    metadata,
    *list_texts("symbol", required=True),
    *list_days("date", required=True),
    *list_numbers("eps_actual", "eps_estimated", "revenue_actual", "revenue_estimated"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
)

fmp_mover = Table(
    "fmp_mover",
    metadata,
    *list_days("session_date", required=True),
    *list_texts("direction", "symbol", "exchange", required=True),
    *list_texts("name"),
    *list_numbers("price", "change", "changes_percentage"),
    *list_provenance(),
    PrimaryKeyConstraint("session_date", "direction", "symbol"),
)

fmp_index_price = Table(
    "fmp_index_price",
    metadata,
    *list_texts("symbol", required=True),
    *list_days("date", required=True),
    *list_numbers("open", "high", "low", "close", "volume"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
)

fmp_peer = Table(
    "fmp_peer",
    metadata,
    *list_texts("symbol", "peer_symbol", required=True),
    Column("place", Integer, nullable=False, comment="As the vendor orders them, from 1."),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_peer", "symbol", "peer_symbol"),
)

fmp_etf_country = Table(
    "fmp_etf_country",
    metadata,
    *list_texts("symbol", "country", required=True),
    *list_numbers("weight_percentage"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_country", "symbol", "country"),
)

fmp_etf_sector = Table(
    "fmp_etf_sector",
    metadata,
    *list_texts("symbol", "sector", required=True),
    *list_numbers("weight_percentage"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_sector", "symbol", "sector"),
)

fmp_constituent = Table(
    "fmp_constituent",
    metadata,
    *list_texts("index_name", "symbol", required=True),
    *list_texts("name", "sector", "sub_sector", "head_quarter", "date_first_added", "cik", "founded"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("index_name", "row_id"),
    make_current_index("fmp_constituent", "index_name", "symbol"),
)

fmp_constituent_change = Table(
    "fmp_constituent_change",
    metadata,
    *list_texts("index_name", required=True),
    *list_days("date", required=True),
    *list_texts("symbol", "removed_ticker", required=True),
    *list_texts("date_added", "added_security", "removed_security", "reason"),
    *list_provenance(),
    PrimaryKeyConstraint("index_name", "date", "symbol", "removed_ticker"),
)
