"""Quantities that views of several kinds have: identity, profile, provenance, state of the data."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

COMMON: Mapping[str, Quantity] = {
    "source": Quantity("text", "Vendor."),
    "symbol": Quantity("text", "Symbol of the listing, or the vendor's symbol of an index."),
    "identifier": Quantity("text", "InstrumentKey of a fund, symbol of a listing."),
    "name": Quantity("text", "Name to show."),
    "name_en": Quantity("text", "English name."),
    "name_fr": Quantity("text", "French name."),
    "type": Quantity(
        "text", "Type of security, by the rules of security_master; equity if the sources do not indicate another."
    ),
    "security_id": Quantity(
        "text", "Id of the security. A rename keeps it; another security that takes the symbol has a different one."
    ),
    "issuer_id": Quantity(
        "text",
        "Id of the issuer, shared by all its shares and listings: its key at the SEC, else its name and country.",
    ),
    "fund_id": Quantity("text", "Id of the fund, shared by all its series: manager and legal name without the series."),
    "valid_from": Quantity(
        "date", "First day on which the symbol meant this security; NULL if no other security had it before."
    ),
    "valid_to": Quantity("date", "First day on which the symbol no longer meant this security; NULL while it does."),
    "currency_since": Quantity(
        "date", "First day in the present currency; NULL if the vendor never delivered another one."
    ),
    "exchange": Quantity("text", "Exchange of the listing."),
    "currency": Quantity("text", "Currency of the row's amounts, unless a column states another one."),
    "family": Quantity("text", "Fund family."),
    "company": Quantity("text", "Company behind the security; for a fund, its manager."),
    "sector": Quantity("text", "Sector."),
    "industry": Quantity("text", "Industry."),
    "country": Quantity("text", "Country of the issuer, usually as ISO 3166 alpha-2."),
    "isin": Quantity("text", "ISIN, vendor's."),
    "inception_date": Quantity("date", "First day of the fund."),
    "is_active": Quantity(
        "boolean",
        "Whether the security is in the present universe; false after a delisting, a termination or a merger.",
    ),
    "as_of": Quantity("timestamp with time zone", "When the newest source record behind this row was stored, in UTC."),
    "last_run_id": Quantity(
        "uuid", "The run that last changed this row: an ingest run, or a build with a changed query."
    ),
    "cik": Quantity("text", "Key of the issuer at the SEC."),
    "date": Quantity("date", "Day of the row."),
    "change": Quantity("numeric", "Change since the previous close or value, vendor's.", unit="currency of the row"),
    "task_id": Quantity("uuid", "The run that stored the records."),
    "dataset": Quantity("text", "Dataset of the catalogue."),
    "newest_record": Quantity("date", "Newest day of a stored record."),
    "split_factor": Quantity(
        "numeric", "Divisor that converts prices to today's shares: the product of all later ratios.", unit="factor"
    ),
    "navps": Quantity(
        "numeric",
        "Net asset value per share, with all delivered digits.",
        unit="nav_currency if the view has it, else currency of the row",
    ),
    "holdings_date": Quantity("date", "Day of the holdings."),
    "top_holdings": Quantity("jsonb", "The ten largest positions, largest first."),
    "distributions": Quantity("jsonb", "The newest 24 distributions, newest first."),
    "last_success_at": Quantity(
        "timestamp with time zone", "When the dataset was last loaded, or the view last built, successfully (UTC)."
    ),
    "rows_stored": Quantity("bigint", "Records stored so far; for a view, its rows."),
    "rows_rejected": Quantity("bigint", "Records rejected so far."),
    "expected_record": Quantity(
        "date", "Newest day that should be stored by now; NULL if the records have no day, or none is expected."
    ),
    "expected_at": Quantity(
        "timestamp with time zone", "When expected_record should have been stored, or the dataset collected again."
    ),
    "lag_sessions": Quantity("bigint", "Sessions whose records are missing.", unit="sessions"),
    "is_late": Quantity("boolean", "Whether records are missing, or the newest build failed."),
    "published_at": Quantity("timestamp with time zone", "When the last run was published, or the view built (UTC)."),
    "error": Quantity("text", "Why the newest build of the view failed; NULL if it succeeded."),
    "cadence": Quantity(
        "text", "How often new data are expected: daily, weekly or monthly; NULL if none are, as for seeds."
    ),
    "point_in_time_since": Quantity(
        "timestamp with time zone",
        "Since when the storage times show what we knew at each moment; NULL if they do not.",
    ),
    "late_since": Quantity(
        "timestamp with time zone", "When the first missing record was expected, or the build failed (UTC)."
    ),
}
