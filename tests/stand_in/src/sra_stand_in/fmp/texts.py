"""The vendor's error texts, and the plan that each path requires."""

from __future__ import annotations

from sra_stand_in.http import JSON_TYPE, Response, respond_json, respond_text

INVALID_KEY = (
    "Invalid API KEY. Feel free to create a Free API Key or visit "
    "https://site.financialmodelingprep.com/faqs?search=why-is-my-api-key-invalid for more information."
)
LIMIT_REACHED = (
    "Limit Reach . Please upgrade your plan or visit our documentation for more details at "
    "https://site.financialmodelingprep.com/"
)
BANDWIDTH_REACHED = (
    "Bandwidth Limit Reach . Please upgrade your plan or visit our documentation for more details at "
    "https://site.financialmodelingprep.com/"
)
BULK_REACHED = (
    "Limit Reach. This is a bulk endpoint that refreshes only every few hours; please call it less often. "
    "Frequent abuse may lead to a restriction of your key."
)
LEGACY = (
    "Legacy Endpoint : Due to Legacy endpoints being no longer supported - This endpoint is only available for "
    "legacy users who have valid subscriptions prior August 31, 2025. Please visit our subscription page."
)
SUSPENDED = "Account suspended. Please contact support for more information."
RESTRICTED_ENDPOINT = (
    "Restricted Endpoint: This endpoint is not available under your current subscription please visit our "
    "subscription page to upgrade your plan at https://financialmodelingprep.com/"
)
RESTRICTED_SYMBOL = (
    "Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available under your current "
    "subscription please visit our subscription page to upgrade your plan at https://financialmodelingprep.com/"
)
PAGE_TOO_HIGH = "Maxmium Query Parameter: The maximum page number for your subscription was passed."

_ULTIMATE = frozenset({"batch-exchange-quote", "batch-etf-quotes", "batch-index-quotes", "etf/holdings"})
_PREMIUM = frozenset(
    f"{prefix}{index}-constituent" for prefix in ("", "historical-") for index in ("sp500", "nasdaq", "dowjones")
)
_STARTER = frozenset(
    {
        "company-screener",
        "stock-list",
        "etf-list",
        "actively-trading-list",
        "symbol-change",
        "available-exchanges",
        "batch-quote",
        "batch-quote-short",
        "etf/info",
        "etf/country-weightings",
        "etf/sector-weightings",
    }
)


def find_floor(path: str) -> str:
    """The smallest plan that opens a path (without `/stable/`)."""
    if path.endswith("-bulk") or path in _ULTIMATE:
        return "ultimate"
    if path in _PREMIUM:
        return "premium"
    return "starter" if path in _STARTER else "free"


def respond_error(text: str, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An error in the vendor's JSON form."""
    response = respond_json({"Error Message": text}, status)
    return Response(status, response.body, JSON_TYPE, headers)


def respond_to_bad_query(name: str) -> Response:
    """The 400 for a missing or malformed parameter: plain text under a JSON content type."""
    return respond_text(f"Query Error: Invalid or missing query parameter - {name}", 400)
