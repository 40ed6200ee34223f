"""FMP: earnings, movers, index prices; and lists as snapshots: peers, weights of ETFs, members of indices."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from sra_shared.schema.tables.fmp_columns import (
    DELIVERED,
    LISTING_CURRENCY,
    list_days,
    list_numbers,
    list_prices,
    list_provenance,
    list_texts,
    list_validity,
    make_current_index,
)
from sra_shared.schema.tables.metadata import metadata, written_by

_INDEX = "Index: sp500, nasdaq (the Nasdaq-100) or dowjones."

fmp_earning = Table(
    "fmp_earning",
    metadata,
    *list_texts("symbol", required=True),
    *list_days(required=True, date="Day of the report, past or expected."),
    *list_numbers(
        unit=DELIVERED,
        eps_actual="Earnings per share as reported; NULL before the report",
        eps_estimated="Earnings per share as estimated before the report",
        revenue_actual="Revenue as reported; NULL before the report",
        revenue_estimated="Revenue as estimated before the report",
    ),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
    comment="Earnings reports, past and expected: newest row per company and day.",
    info=written_by("fmp_ingest"),
)

fmp_mover = Table(
    "fmp_mover",
    metadata,
    *list_days(required=True, session_date="Last completed session at the time of the call; FMP delivers no day."),
    *list_texts(required=True, direction="List: gainers or losers."),
    *list_texts("symbol", "exchange", required=True),
    *list_texts(name="Name of the company or fund, as delivered."),
    *list_numbers(
        price=f"Last price, {LISTING_CURRENCY}.",
        change=f"Change against the previous close, {LISTING_CURRENCY}.",
        changes_percentage="Change against the previous close, in percent.",
    ),
    *list_provenance(),
    PrimaryKeyConstraint("session_date", "direction", "symbol"),
    comment="Largest gains and losses of each session: newest row per session, list and listing.",
    info=written_by("fmp_ingest"),
)

fmp_index_price = Table(
    "fmp_index_price",
    metadata,
    *list_texts(required=True, symbol="Symbol of an index, such as ^GSPC, or of a sector ETF."),
    *list_days(required=True, date="Day of the session."),
    *list_prices("price, adjusted for splits", "in points or in the currency of the listing"),
    *list_numbers(volume="Shares traded in the session, as delivered."),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
    comment="Prices of indices and sector ETFs at the end of each session: newest row per symbol and day.",
    info=written_by("fmp_ingest"),
)

fmp_peer = Table(
    "fmp_peer",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts(required=True, peer_symbol="Symbol of the peer."),
    Column("place", Integer, nullable=False, comment="Position in the vendor's order, from 1."),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_peer", "symbol", "peer_symbol"),
    comment="Peers of each listing, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)

fmp_etf_country = Table(
    "fmp_etf_country",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts(required=True, country="Name of the country or group, as delivered."),
    *list_numbers(weight_percentage="Share of the country in the ETF, in percent."),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_country", "symbol", "country"),
    comment="Weights of countries in each ETF, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)

fmp_etf_sector = Table(
    "fmp_etf_sector",
    metadata,
    *list_texts("symbol", "sector", required=True),
    *list_numbers(weight_percentage="Share of the sector in the ETF, in percent."),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_sector", "symbol", "sector"),
    comment="Weights of sectors in each ETF, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)

fmp_constituent = Table(
    "fmp_constituent",
    metadata,
    *list_texts(required=True, index_name=_INDEX),
    *list_texts("symbol", required=True),
    *list_texts(name="Name of the company, as delivered."),
    *list_texts("sector", sub_sector="Sub-sector, as delivered."),
    *list_texts(
        head_quarter="Location of the headquarters, as delivered.",
        date_first_added="Day of the addition to the index, as delivered.",
    ),
    *list_texts("cik", founded="Year or day of the founding, as delivered, in several formats."),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("index_name", "row_id"),
    make_current_index("fmp_constituent", "index_name", "symbol"),
    comment="Members of S&P 500, Nasdaq-100 and Dow, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)

fmp_constituent_change = Table(
    "fmp_constituent_change",
    metadata,
    *list_texts(required=True, index_name=_INDEX),
    *list_days(required=True, date="Day of the change, as delivered."),
    *list_texts(
        required=True,
        symbol="Symbol of the change, as delivered; may be empty in a removal.",
        removed_ticker="Symbol removed; empty in an addition.",
    ),
    *list_texts(
        date_added="Day of the change in a long format, such as March 5, 2024, as delivered; may differ from date.",
        added_security="Name of the security added, as delivered.",
        removed_security="Name of the security removed, as delivered.",
        reason="Reason for the change, as delivered.",
    ),
    *list_provenance(),
    PrimaryKeyConstraint("index_name", "date", "symbol", "removed_ticker"),
    comment="Additions to S&P 500, Nasdaq-100 and Dow, and removals from them: newest row per index, day and symbols.",
    info=written_by("fmp_ingest"),
)
