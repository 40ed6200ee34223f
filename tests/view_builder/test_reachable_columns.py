"""All collected data can be read: each raw column is behind a published one, or is listed here with the reason."""

from __future__ import annotations

from fmp_collectors.datasets import DATASETS
from fundata_ingest.catalogue import load_catalogue
from sra_shared.schema.tables import metadata
from view_builder.lineage import read_lineage

# of every table: how a row is stored, not what it says
STORAGE = {
    "raw_json": "the record as delivered; its fields are columns, and the views name the members that they read",
    "content_hash": "decides whether a record changed",
    "call_id": "names the call in the ledger",
    "run_id": "last_run_id of the view",
    "created_at": "when the first row of the key was stored; known_at says since when the present one is",
    "row_id": "orders the rows of a key",
}
OTHERS = {
    "equity_profile.change_percentage": "of the price of that moment; latest_quote and equity_metrics have the newest",
    "equity_profile.volume": "of that moment; latest_quote has the newest",
    "equity_profile.lasting_hash": "decides whether a profile changed",
    "equity_profile.known_at": "since when all but the moving fields are as they are; as_of of the views is later",
    "fmp_universe.exchange_full_name": "the name of the exchange in words",
    "fmp_quote.exchange": "security_master has the listing's exchange",
    "fmp_etf_info.symbol": "the key; the views have the symbol of security_master",
    "fmp_etf_info.is_actively_trading": "security_master.is_active",
    "fmp_etf_info.sectors_list": "the same weights as etf_exposures",
    "fmp_constituent_change.added_security": "the name of a member that index_constituents has from its list",
    "fmp_constituent_change.date_added": "the day of the change in words; it differs from date at times, which counts",
    "fmp_peer.symbol": "the key of the list; equity_metrics has the present peers under its own symbol",
    "fmp_peer.place": "the order of peer_symbols",
    "fmp_peer.valid_from": "former peers are not published",
    "fmp_peer.valid_to": "former peers are not published",
}
KEYS = {
    f"{table}.symbol": "the views have the symbol of the security that it means"
    for table in (
        "fmp_balance_sheet_growth",
        "fmp_constituent_change",
        "fmp_etf_country",
        "fmp_etf_holding",
        "fmp_etf_sector",
    )
}
VERSIONS = {
    f"{dataset.table}.version": "the versions differ by known_at; financial_statements_history counts the states of a period"
    for dataset in DATASETS
    if "version" in metadata.tables[dataset.table].columns
}
SCORES = {
    f"fmp_score.{name}": "a figure without a date that the scores are made of; financial_statements has the dated ones"
    for name in (
        *("reported_currency", "working_capital", "total_assets", "retained_earnings", "ebit", "market_cap"),
        *("total_liabilities", "revenue"),
    )
}
MOVERS = {
    f"fmp_mover.{column.name}": "the vendor's list of movers; market_movers ranks the quotes of each market"
    for column in metadata.tables["fmp_mover"].columns
}
REASONS = {**OTHERS, **KEYS, **VERSIONS, **SCORES, **MOVERS}


def list_reached() -> set[str]:
    """The raw columns behind the published ones."""
    origins = {origin for view in read_lineage().values() for column in view.values() for origin in column}
    return {".".join(origin.split(".")[:2]) for origin in origins}


def test_each_column_of_fmp_is_published_or_has_a_reason_not_to_be() -> None:
    tables = {dataset.table for dataset in DATASETS}
    columns = {f"{table}.{column.name}" for table in tables for column in metadata.tables[table].columns}
    assert len(tables) > 25
    hidden = {name for name in columns - list_reached() if name.partition(".")[2] not in STORAGE}
    assert hidden == set(REASONS) - {name for name in REASONS if name.partition(".")[2] in STORAGE}


def test_each_catalogued_column_of_fundata_is_published() -> None:
    reached = list_reached()
    for dataset in load_catalogue().datasets:
        for name, column in dataset.table_columns.items():
            assert f"fundata_{dataset.table}.{column}" in reached, f"{dataset.name}.{name}"
