"""Quantities of listings, indices and treasuries: prices, profile, events."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

LISTINGS: Mapping[str, Quantity] = {
    "close": Quantity("numeric", "Last price of the session, as delivered.", unit="currency of the row"),
    "level_change": Quantity("numeric", "Change of the level since the previous close.", unit="index points"),
    "level_year_high": Quantity("numeric", "Highest level of twelve months.", unit="index points"),
    "level_year_low": Quantity("numeric", "Lowest level of twelve months.", unit="index points"),
    "sma_50": Quantity("numeric", "Mean of the newest 50 closes.", unit="index points"),
    "sma_200": Quantity("numeric", "Mean of the newest 200 closes.", unit="index points"),
    "distance_sma_50": Quantity(
        "numeric", "Distance of the level from sma_50.", unit="fraction", formula="level / sma_50 - 1"
    ),
    "distance_sma_200": Quantity(
        "numeric", "Distance of the level from sma_200.", unit="fraction", formula="level / sma_200 - 1"
    ),
    "trend": Quantity("text", "Level compared with both averages: up above both, down below both, else mixed."),
    "year_high": Quantity("numeric", "Highest price of 52 weeks, vendor's.", unit="currency of the row"),
    "year_low": Quantity("numeric", "Lowest price of 52 weeks, vendor's.", unit="currency of the row"),
    "tenor": Quantity("text", "Length of the tenor, abbreviated: 1M to 6M in months, 1Y to 30Y in years."),
    "tenor_months": Quantity("integer", "Length of the tenor.", unit="months"),
    "yield": Quantity("numeric", "Yield of the tenor, the vendor's percentage as a fraction.", unit="fraction a year"),
    "ex_date": Quantity(
        "date",
        "First day of the event: with the new number of shares, or without the right to the dividend.",
    ),
    "split_numerator": Quantity(
        "numeric", "New shares of a split for every split_denominator old shares; NULL without a split.", unit="shares"
    ),
    "split_denominator": Quantity("numeric", "Old shares of a split.", unit="shares"),
    "dividend": Quantity(
        "numeric",
        "Dividends per share on the day, the sum of all payments; NULL without a dividend.",
        unit="currency of the row",
    ),
    "reinvestment_date": Quantity("date", "Session at whose close the dividend is reinvested."),
    "reinvestment_price": Quantity(
        "numeric", "The close at which the dividend is reinvested, as delivered.", unit="currency of the row"
    ),
    "total_return_factor": Quantity(
        "numeric",
        "Divisor that converts prices to today's shares with all later dividends reinvested.",
        unit="factor",
    ),
    "kind": Quantity("text", "Whether the ratio changes the number of shares or only prices; NULL without a ratio."),
    "share_factor": Quantity(
        "numeric",
        "Today's shares per share on the day, from splits alone; the multiplier of volumes.",
        unit="factor",
    ),
    "currency_basis": Quantity(
        "text",
        "Basis for the currency of the dividends: assumed to be the listing's, or doubtful because the issuer "
        "has an equal payment in another currency.",
    ),
    "price": Quantity(
        "numeric",
        "Newest price: the last quote, or the last close if that is of a later day.",
        unit="currency of the row",
    ),
    "price_date": Quantity("date", "Day of the price, in New York; for a fund, the day of navps."),
    "navps_date": Quantity("date", "Day of navps, if price_date is the day of a price."),
    "quoted_at": Quantity("timestamp with time zone", "Moment of the newest quote, in UTC."),
    "volume": Quantity("numeric", "Shares traded on the day.", unit="shares"),
    "open": Quantity("numeric", "First price of the day.", unit="currency of the row"),
    "high": Quantity("numeric", "Highest price of the session, as delivered.", unit="currency of the row"),
    "low": Quantity("numeric", "Lowest price of the session, as delivered.", unit="currency of the row"),
    "split_adjusted_open": Quantity(
        "numeric",
        "First price of the session in today's shares.",
        unit="currency of the row",
        formula="open / split_factor",
    ),
    "split_adjusted_high": Quantity(
        "numeric",
        "Highest price of the session in today's shares.",
        unit="currency of the row",
        formula="high / split_factor",
    ),
    "split_adjusted_low": Quantity(
        "numeric",
        "Lowest price of the session in today's shares.",
        unit="currency of the row",
        formula="low / split_factor",
    ),
    "split_adjusted_close": Quantity(
        "numeric",
        "Last price of the session in today's shares.",
        unit="currency of the row",
        formula="close / split_factor",
    ),
    "split_adjusted_volume": Quantity(
        "numeric", "Shares traded in the session, in today's shares.", unit="shares", formula="volume x share_factor"
    ),
    "total_return_close": Quantity(
        "numeric",
        "Last price in today's shares with all later dividends reinvested; NULL if one cannot be placed or is "
        "doubtful.",
        unit="currency of the row",
        formula="close / total_return_factor",
    ),
    "delivered_symbol": Quantity("text", "Symbol under which the vendor delivered the row."),
    "issuer": Quantity("text", "Company behind the fund."),
    "asset_class": Quantity("text", "Asset class, in the vendor's words."),
    "domicile": Quantity("text", "Domicile, ISO 3166 alpha-2."),
    "cusip": Quantity("text", "CUSIP."),
    "website": Quantity("text", "Website."),
    "description": Quantity("text", "Business of the company, or purpose of the fund."),
    "day_low": Quantity("numeric", "Lowest price of the day.", unit="currency of the row"),
    "day_high": Quantity("numeric", "Highest price of the day.", unit="currency of the row"),
    "previous_close": Quantity("numeric", "Close of the previous day.", unit="currency of the row"),
    "price_avg50": Quantity("numeric", "Mean close of 50 days, vendor's.", unit="currency of the row"),
    "price_avg200": Quantity("numeric", "Mean close of 200 days, vendor's.", unit="currency of the row"),
    "average_volume": Quantity("numeric", "Mean daily volume, vendor's.", unit="shares"),
    "nav_currency": Quantity("text", "Currency of navps, assets and the values of holdings."),
    "expense_ratio": Quantity(
        "numeric", "Yearly cost as a share of the assets, the vendor's percentage.", unit="fraction a year"
    ),
    "holdings_count": Quantity("bigint", "Positions in the newest list of holdings, else the vendor's count."),
    "assets_under_management": Quantity("numeric", "Assets of the ETF.", unit="nav_currency"),
    "beta": Quantity("numeric", "Beta, vendor's.", unit="ratio"),
    "dividend_ttm": Quantity(
        "numeric",
        "Dividends per share of twelve months, in today's shares.",
        unit="currency of the row",
        formula="sum over the ex-dates of the twelve months up to price_date",
    ),
    "dividend_yield": Quantity(
        "numeric",
        "Yield from a year of the newest regular dividends, or from the vendor's yearly dividend if none is known.",
        unit="fraction",
        formula="sum of the payments / price",
    ),
    "sector_weights": Quantity("jsonb", "Weights by sector, largest first."),
    "country_weights": Quantity("jsonb", "Weights by country, largest first."),
    "dividend_yield_forward": Quantity(
        "numeric",
        "Yield if the newest regular dividend is paid throughout a year.",
        unit="fraction",
        formula="payment x payments a year / price",
    ),
    "market_cap": Quantity(
        "numeric",
        "Market capitalisation at the price shown, with the vendor's shares; market_cap_scope states what it covers.",
        unit="currency of the row",
        formula="listed_shares x price, or diluted_shares / share_ratio x price if market_cap_scope is share_basis",
    ),
    "valuation_basis": Quantity(
        "text", "Inputs of pe_ratio: price and EPS, market_cap and income, or the maintained share_ratio."
    ),
    "pe_ratio": Quantity(
        "numeric",
        "Price / earnings.",
        unit="ratio",
        formula="price / (eps_diluted_ttm x fx_rate), NULL if the divisor is not above zero",
    ),
    "pb_ratio": Quantity(
        "numeric",
        "Market capitalisation of the company / common equity.",
        unit="ratio",
        formula="company's market cap / (common_equity x fx_rate), NULL if the divisor is not above zero",
    ),
    "ps_ratio": Quantity(
        "numeric",
        "Market capitalisation of the company / revenue.",
        unit="ratio",
        formula="company's market cap / (revenue_ttm x fx_rate), NULL if the divisor is not above zero",
    ),
    "ev_to_ebitda": Quantity(
        "numeric",
        "Enterprise value / EBITDA; NULL for banks and insurers.",
        unit="ratio",
        formula="enterprise_value / (ebitda_ttm x fx_rate), NULL if the divisor is not above zero",
    ),
    "enterprise_value": Quantity(
        "numeric",
        "Market capitalisation of the company and the other claims on it, less its cash.",
        unit="currency of the row",
        formula="company's market cap + (total_debt + preferred_stock + minority_interest"
        " - cash_and_short_term_investments) x fx_rate",
    ),
    "free_cash_flow_yield": Quantity(
        "numeric",
        "Free cash flow / market capitalisation of the company.",
        unit="fraction",
        formula="free_cash_flow_ttm x fx_rate / company's market cap",
    ),
    "market_cap_usd": Quantity(
        "numeric", "market_cap in US dollars, at the last rate up to price_date, at most 7 days old.", unit="USD"
    ),
    "market_cap_scope": Quantity(
        "text", "What market_cap covers: the company, one class of shares, or the company by share_ratio."
    ),
    "listed_shares": Quantity(
        "numeric",
        "Shares of the listing according to the vendor, in shares of price_date.",
        unit="shares",
        formula="the vendor's market capitalisation / price at one moment",
    ),
    "diluted_shares": Quantity(
        "numeric",
        "Diluted weighted shares of the last period, in shares of price_date, as counted by the statements.",
        unit="shares",
    ),
    "share_ratio": Quantity(
        "numeric",
        "Shares in the statements per share of the listing, if maintained (share_basis).",
        unit="ratio",
    ),
    "fx_rate": Quantity(
        "numeric",
        "Rate that converts the statements' figures for ratios with the price; NULL, meaning 1, if both have one currency.",
        unit="currency of the row for one of reported_currency",
    ),
    "fx_date": Quantity("date", "Day of the rate, or of the older of two rates; at most 7 days before price_date."),
    "fx_pair": Quantity("text", "The two currencies of the rate: CADUSD is US dollars for one Canadian dollar."),
    "next_earnings_date": Quantity("date", "Day of the next report after price_date."),
    "next_eps_estimated": Quantity(
        "numeric", "Estimate of the earnings per share of the next report.", unit="as the vendor gives it"
    ),
    "ceo": Quantity("text", "Chief executive."),
    "employee_count": Quantity("bigint", "Full-time employees, vendor's."),
    "ipo_date": Quantity("date", "Day of the first listing."),
    "peer_symbols": Quantity("jsonb", "The vendor's peers that are listed equities here, in the vendor's order."),
    "address": Quantity("text", "Street of the head office."),
    "city": Quantity("text", "City of the head office."),
    "state": Quantity("text", "State or province of the head office."),
    "postal_code": Quantity("text", "Postal code of the head office."),
    "phone": Quantity("text", "Telephone."),
    "image": Quantity("text", "URL of the logo."),
    "peers": Quantity("jsonb", "Six peers in the vendor's order, with their own figures and currencies."),
    "market": Quantity("text", "Key of the market."),
    "market_name": Quantity("text", "Name of the market to show."),
    "basis": Quantity("text", "How the members of the market are determined."),
    "direction": Quantity("text", "Whether the row is a gain or a loss."),
    "rank": Quantity("bigint", "Rank in the list; 1 is the largest move.", unit="place"),
    "session_date": Quantity("date", "Day of the session, in the exchange's time zone."),
}
