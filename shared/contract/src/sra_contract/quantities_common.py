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
        "text", "Kind of security, by the rules of security_master; equity if the sources do not say more."
    ),
    "security_id": Quantity(
        "text", "Id of the security: a rename leaves it, another security that takes the symbol has its own."
    ),
    "issuer_id": Quantity(
        "text", "Id of the issuer, one of all its shares and listings: its key at the SEC, else its name and country."
    ),
    "fund_id": Quantity("text", "Id of the fund, one of all its series: manager and legal name without the series."),
    "valid_from": Quantity(
        "date", "First day on which the symbol meant this security; NULL if no other security had it before."
    ),
    "valid_to": Quantity("date", "First day on which the symbol no longer meant this security; NULL while it does."),
    "currency_since": Quantity("date", "First day in the present currency; NULL if the vendor never gave another one."),
    "exchange": Quantity("text", "Exchange of the listing."),
    "currency": Quantity("text", "Currency of the row's amounts, unless a column names another one."),
    "family": Quantity("text", "Fund family."),
    "company": Quantity("text", "Company behind the security; of a fund its manager."),
    "sector": Quantity("text", "Sector."),
    "industry": Quantity("text", "Industry."),
    "country": Quantity("text", "Country of the issuer, ISO 3166 alpha-2 as a rule."),
    "isin": Quantity("text", "ISIN, vendor's."),
    "inception_date": Quantity("date", "First day of the fund."),
    "is_active": Quantity(
        "boolean", "Whether the security is in the present universe; false after a delisting, an end or a merger."
    ),
    "as_of": Quantity("timestamp with time zone", "When the newest source record behind this row was stored, in UTC."),
    "last_run_id": Quantity(
        "uuid", "The run that last changed this row: the ingest run behind it, or the build where a new query did."
    ),
    "cik": Quantity("text", "Key of the issuer at the SEC."),
    "date": Quantity("date", "Day that the row is about."),
    "change": Quantity("numeric", "Change since the close or value before, vendor's.", unit="currency of the row"),
    "task_id": Quantity("uuid", "The run that stored the records."),
    "dataset": Quantity("text", "Dataset of the catalogue."),
    "newest_record": Quantity("date", "Newest day that a stored record is about."),
    "split_factor": Quantity(
        "numeric", "What prices are divided by to be in today's shares: the product of all later ratios.", unit="factor"
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
        "timestamp with time zone", "When the dataset was last loaded, or the view last built, with success (UTC)."
    ),
    "rows_stored": Quantity("bigint", "Records stored so far; of a view, its rows."),
    "rows_rejected": Quantity("bigint", "Records rejected so far."),
    "expected_record": Quantity(
        "date", "Newest day that should be stored by now; NULL if the records are about no day, or none is expected."
    ),
    "expected_at": Quantity(
        "timestamp with time zone", "When expected_record should be there, or should have been collected anew."
    ),
    "lag_sessions": Quantity("bigint", "Sessions whose records are missing.", unit="sessions"),
    "is_late": Quantity("boolean", "Whether records are missing, or the newest build failed."),
    "published_at": Quantity("timestamp with time zone", "When the last run was published, or the view built (UTC)."),
    "error": Quantity("text", "Why the newest build of the view failed; NULL if it succeeded."),
    "cadence": Quantity(
        "text", "How often new data are expected: daily, weekly or monthly; NULL if none are, as of seeds."
    ),
    "point_in_time_since": Quantity(
        "timestamp with time zone",
        "From when on the times of storage are a true history of what we knew; NULL where they are none.",
    ),
    "late_since": Quantity(
        "timestamp with time zone", "When the first missing record was expected, or the build failed (UTC)."
    ),
}
