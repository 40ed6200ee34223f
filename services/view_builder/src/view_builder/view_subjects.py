"""The subjects of the views, for the index and the picture of the page: each view is under one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Securities": (
        *("security_master", "listing_identity", "security_search", "fund_codes", "listing_events", "universe_history"),
    ),
    "Pages and lists": (
        *("equity_page", "etf_page", "fund_page", "equity_metrics", "fund_metrics", "fund_value", "latest_quote"),
        *("market_movers", "daily_market_summary", "index_performance"),
    ),
    "Series": (
        *("equity_quote_history", "fund_quote_history", "total_return_history", "period_returns", "index_history"),
        *("exchange_rates", "treasury_curve"),
    ),
    "Payments and splits": (
        *("price_adjustment", "dividends", "dividends_history", "splits", "splits_history"),
        *("distributions", "distributions_history"),
    ),
    "Statements and figures": (
        *("equity_fundamentals", "fundamentals_ttm", "financial_statements", "financial_statements_history"),
        *("financial_ratios", "financial_growth", "earnings"),
    ),
    "Members and categories": ("index_constituents", "etf_holdings", "etf_exposures", "category_summary"),
    "Records of Fundata": ("fundata_data", "fundata_data_history", "fundata_quotes", "fundata_quotes_history"),
    "Runs and quality": (
        *("data_freshness", "run_contents", "runs", "rejects", "trading_calendar", "fund_return_reconciliation"),
    ),
}


def require_subjects(relations: Sequence[str]) -> None:
    """Raise ValueError unless each of the views is under one subject, and nothing else is."""
    named = [relation for members in SUBJECTS.values() for relation in members]
    wrong = {name for name in named if named.count(name) > 1} | set(named) ^ set(relations)
    if wrong:
        raise ValueError(f"each view belongs under one subject of view_subjects: {', '.join(sorted(wrong))}")
