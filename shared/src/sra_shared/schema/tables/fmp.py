"""FMP: listings, prices and events as the vendor delivered them, and the facts and positions of ETFs."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sra_shared.schema.tables.fmp_columns import (
    DELIVERED,
    LISTING_CURRENCY,
    list_days,
    list_event_indexes,
    list_flags,
    list_numbers,
    list_prices,
    list_provenance,
    list_texts,
    list_validity,
    make_current_index,
    make_ended_run,
    make_time,
)
from sra_shared.schema.tables.metadata import metadata, written_by

FIRST_YEAR, LAST_YEAR = 1980, 2040


equity_profile = Table(
    "equity_profile",
    metadata,
    *list_texts("symbol", "company_name", "exchange", required=True),
    *list_texts("sector", "industry"),
    *list_numbers(
        market_cap=f"Market capitalisation, {LISTING_CURRENCY}.", employees="Full-time employees, as delivered."
    ),
    *list_texts("description", "website", "country", currency="Code of the listing's currency, as delivered."),
    *list_flags("is_etf", "is_actively_trading"),
    *list_numbers(
        current_price=f"Last price, {LISTING_CURRENCY}.",
        change_percentage="Change of the price against the previous close, in percent.",
        volume="Shares traded, as delivered.",
    ),
    *list_provenance(),
    Column(
        "lasting_hash",
        LargeBinary,
        comment="Digest of the content without the moving fields: price, change, volume, market cap.",
    ),
    Column(
        "known_at",
        DateTime(timezone=True),
        comment="Since when all but the moving fields are unchanged (UTC); NULL means since updated_at.",
    ),
    PrimaryKeyConstraint("symbol", "exchange"),
    CheckConstraint("exchange IN ('NYSE', 'NASDAQ', 'AMEX', 'TSX', 'TSXV')", name="exchange_known"),
    CheckConstraint("market_cap BETWEEN 0 AND 1e14", name="market_cap_range"),
    CheckConstraint("volume >= 0", name="volume_not_negative"),
    CheckConstraint("char_length(symbol) BETWEEN 1 AND 32 AND symbol = upper(btrim(symbol))", name="symbol_form"),
    comment="Profile of each company and fund: newest row per listing.",
    info=written_by("fmp_ingest"),
)

fmp_universe = Table(
    "fmp_universe",
    metadata,
    *list_texts("symbol", "exchange", required=True),
    *list_texts("company_name", exchange_full_name="Name of the exchange, as delivered."),
    *list_texts("sector", "industry", "country"),
    *list_flags("is_etf", "is_fund", "is_actively_trading"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_universe", "symbol", "exchange"),
    Index("ix_fmp_universe_exchange", "exchange", postgresql_where=text("valid_to IS NULL")),
    comment="Listings of the five exchanges, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)

fmp_symbol_change = Table(
    "fmp_symbol_change",
    metadata,
    *list_days(required=True, date="Day of the rename."),
    *list_texts(required=True, old_symbol="Symbol before the rename.", new_symbol="Symbol after the rename."),
    *list_texts("company_name"),
    *list_provenance(),
    PrimaryKeyConstraint("old_symbol", "new_symbol", "date"),
    Index("ix_fmp_symbol_change_new_symbol", "new_symbol"),
    comment="Renamed symbols of all exchanges that FMP covers: newest row per rename.",
    info=written_by("fmp_ingest"),
)

fmp_delisted = Table(
    "fmp_delisted",
    metadata,
    *list_texts("symbol", "exchange", required=True),
    *list_days(required=True, delisted_date="Day of the delisting; may be in the future."),
    *list_texts("company_name"),
    *list_days(ipo_date="Day of the first listing, as delivered."),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "delisted_date"),
    comment="Listings that ended or will end: newest row per listing and day.",
    info=written_by("fmp_ingest"),
)

fmp_quote = Table(
    "fmp_quote",
    metadata,
    *list_texts("symbol", required=True),
    make_time("quoted_at", "Time of the quote, according to FMP (UTC).", now=False),
    *list_texts("exchange", required=True),
    *list_texts(name="Name of the company or fund, as delivered."),
    *list_numbers(
        price=f"Last price, {LISTING_CURRENCY}.",
        change_percentage="Change against the previous close, in percent.",
        change=f"Change against the previous close, {LISTING_CURRENCY}.",
        volume="Shares traded on the day, as delivered.",
    ),
    *list_numbers(
        unit=LISTING_CURRENCY,
        day_low="Lowest price of the day",
        day_high="Highest price of the day",
        year_high="Highest price of the past year",
        year_low="Lowest price of the past year",
        market_cap="Market capitalisation",
        price_avg50="Average price over 50 days",
        price_avg200="Average price over 200 days",
        open="Opening price of the day",
        previous_close="Close of the previous session",
    ),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "quoted_at"),
    postgresql_partition_by="RANGE (quoted_at)",
    comment="Last prices: one row per listing and time of the quote.",
    info=written_by("fmp_ingest"),
)

fmp_eod_price = Table(
    "fmp_eod_price",
    metadata,
    *list_texts("symbol", required=True),
    *list_days(required=True, date="Day of the session."),
    *list_prices("price, unadjusted", LISTING_CURRENCY),
    *list_numbers(volume="Shares traded in the session, as delivered."),
    *list_provenance(),
    PrimaryKeyConstraint("symbol", "date"),
    Index("ix_fmp_eod_price_date", "date"),
    postgresql_partition_by="RANGE (date)",
    comment="Prices at the end of each session: newest row per listing and day.",
    info=written_by("fmp_ingest"),
)

fmp_split = Table(
    "fmp_split",
    metadata,
    *list_texts("symbol", required=True),
    *list_days(required=True, date="First day on which the split is effective."),
    *list_numbers(
        numerator="New shares for denominator old ones.", denominator="Old shares that become numerator ones."
    ),
    *list_provenance(),
    *list_validity(),
    make_ended_run(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_split", "symbol", "date"),
    *list_event_indexes("fmp_split"),
    comment="Splits, with the times at which FMP listed each; valid_to IS NULL selects the current ones.",
    info=written_by("fmp_ingest"),
)

fmp_dividend = Table(
    "fmp_dividend",
    metadata,
    *list_texts("symbol", required=True),
    *list_days(required=True, date="Ex-dividend date."),
    *list_days(
        record_date="Record date, as delivered.",
        payment_date="Day of the payment, as delivered.",
        declaration_date="Day of the declaration, as delivered.",
    ),
    *list_numbers(
        adj_dividend="Adjusted dividend per share, as delivered.",
        dividend="Dividend per share, as delivered.",
        dividend_yield="Dividend yield, in percent; FMP changes it with the price until the ex-dividend date.",
    ),
    *list_texts(frequency="Kind of the payment, as delivered, such as Quarterly."),
    *list_provenance(),
    *list_validity(),
    make_ended_run(),
    PrimaryKeyConstraint("symbol", "row_id"),
    # payments of one day are a set
    make_current_index("fmp_dividend", "symbol", "date", "content_hash"),
    *list_event_indexes("fmp_dividend"),
    comment="Dividends, with the times at which FMP listed each; valid_to IS NULL selects the current ones.",
    info=written_by("fmp_ingest"),
)

fmp_etf_info = Table(
    "fmp_etf_info",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts(name="Name of the ETF, as delivered."),
    *list_texts("description", "isin", asset_class="Asset class, as delivered."),
    *list_texts("security_cusip", domicile="Domicile, as delivered."),
    *list_texts("website", etf_company="Issuer of the ETF, as delivered."),
    *list_numbers(
        expense_ratio="Expense ratio, in percent.",
        assets_under_management="Assets under management, as delivered.",
        avg_volume="Average number of shares traded, as delivered.",
    ),
    *list_days(inception_date="Day of the inception, as delivered."),
    *list_numbers(nav="Net asset value per share, in nav_currency."),
    *list_texts(nav_currency="Code of the currency of nav, as delivered."),
    *list_numbers(unit=DELIVERED, holdings_count="Number of positions; often differs from fmp_etf_holding"),
    *list_flags("is_actively_trading"),
    Column("sectors_list", JSONB, comment="Weights by sector, as delivered: a list of objects."),
    *list_texts("source_updated_at"),
    *list_provenance(),
    PrimaryKeyConstraint("symbol"),
    comment="Facts about each ETF, such as issuer, fees and size: newest row per ETF.",
    info=written_by("fmp_ingest"),
)

fmp_etf_holding = Table(
    "fmp_etf_holding",
    metadata,
    *list_texts("symbol", required=True),
    *list_texts(
        required=True,
        asset="Symbol of the position; empty if not delivered, as for bonds and cash.",
        name="Name of the position; empty if not delivered.",
        isin="ISIN of the position; empty if not delivered.",
        security_cusip="CUSIP number of the position; empty if not delivered.",
    ),
    Column(
        "occurrence", Integer, nullable=False, comment="Number among positions with the same other key columns, from 1."
    ),
    *list_numbers(
        shares_number="Shares or units held, as delivered; may be negative.",
        weight_percentage="Weight in the ETF, in percent; may be negative.",
        market_value="Market value of the position, as delivered.",
    ),
    *list_texts("source_updated_at"),
    *list_provenance(),
    *list_validity(),
    PrimaryKeyConstraint("symbol", "row_id"),
    make_current_index("fmp_etf_holding", "symbol", "asset", "name", "isin", "security_cusip", "occurrence"),
    comment="Positions of each ETF, with the times at which FMP listed each.",
    info=written_by("fmp_ingest"),
)
