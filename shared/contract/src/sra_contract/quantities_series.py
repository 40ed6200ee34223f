"""Quantities of series, memberships, holdings and searches."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

_LEVEL = "index points, or for an ETF the currency of the listing"
_GIVEN = "as the vendor gives it"

SERIES: Mapping[str, Quantity] = {
    "level": Quantity("numeric", "Closing level.", unit=_LEVEL),
    "level_open": Quantity("numeric", "First level of the session.", unit=_LEVEL),
    "level_high": Quantity("numeric", "Highest level of the session.", unit=_LEVEL),
    "level_low": Quantity("numeric", "Lowest level of the session.", unit=_LEVEL),
    "index_name": Quantity("text", "Index: sp500, nasdaq (the Nasdaq-100) or dowjones."),
    "membership": Quantity("bigint", "Number of the symbol's membership in the index, from 1."),
    "sub_sector": Quantity("text", "Sub-sector, in the vendor's words."),
    "headquarters": Quantity("text", "Place of the headquarters, in the vendor's words."),
    "founded": Quantity("text", "Year or day of the founding, in one of the vendor's formats."),
    "member_from": Quantity("date", "First day of the membership; NULL if the vendor states none."),
    "member_until": Quantity("date", "First day after the membership; NULL while it lasts."),
    "removal_reason": Quantity("text", "Reason of the removal, in the vendor's words."),
    "holding_symbol": Quantity("text", "Symbol of the position; NULL for bonds and cash."),
    "holding_name": Quantity("text", "Name of the position."),
    "occurrence": Quantity("integer", "Place among identical positions of the fund, from 1.", unit="place"),
    "shares": Quantity("numeric", "Shares or units held; it may be negative.", unit="shares"),
    "weight": Quantity("numeric", "Share of the fund's assets; it may be negative.", unit="fraction"),
    "market_value": Quantity("numeric", "Market value of the position.", unit=_GIVEN),
    "exposure_kind": Quantity("text", "Whether the weight is that of a country or of a sector."),
    "exposure": Quantity("text", "Country or sector, in the vendor's words."),
    "search_text": Quantity("text", "Names of the security in lower case, without accents and punctuation."),
    "search_codes": Quantity(
        "jsonb", "Codes of the security in upper case: symbol, ISIN, CUSIP, CIK, FundSERV codes and others."
    ),
    "unadjusted_price": Quantity(
        "numeric", "Close, or net asset value per share, of the day.", unit="currency of the row"
    ),
    "adjusted_price": Quantity(
        "numeric", "Close, or net asset value per share, in today's shares.", unit="currency of the row"
    ),
    "total_return_index": Quantity(
        "numeric",
        "Value of a holding with all later payments reinvested, ending at the newest price; NULL before a payment that "
        "cannot be placed.",
        unit="currency of the row",
    ),
    "return_period": Quantity("text", "Whether the period is a calendar month or a calendar year."),
    "return_period_end": Quantity("date", "Last day of the calendar month or year."),
    "return_start_date": Quantity("date", "Day of the start price."),
    "return_end_date": Quantity("date", "Day of the end price."),
    "period_price_return": Quantity("numeric", "Price return, in today's shares.", unit="fraction"),
    "period_total_return": Quantity("numeric", "Total return, with payments reinvested.", unit="fraction"),
    "is_partial": Quantity("boolean", "Whether the return covers less than the whole period."),
    "return_years": Quantity("integer", "Span of the returns.", unit="years"),
    "fund_count": Quantity("bigint", "Number of funds with a return.", unit="funds"),
    "median_return": Quantity("numeric", "Median of the annualised returns.", unit="fraction"),
    "first_quartile_return": Quantity("numeric", "Lowest return in the best quarter of the funds.", unit="fraction"),
    "third_quartile_return": Quantity(
        "numeric", "Lowest return in the best three quarters of the funds.", unit="fraction"
    ),
}
