"""Fixed vocabulary of the made-up market."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """A listing venue: code, long name, symbol suffix, listing currency and home country."""

    code: str
    name: str
    suffix: str
    currency: str
    country: str
    country_name: str
    delay: str | None


EXCHANGES: dict[str, Exchange] = {
    exchange.code: exchange
    for exchange in (
        Exchange("NYSE", "New York Stock Exchange", "", "USD", "US", "United States of America", "Real-time"),
        Exchange("NASDAQ", "NASDAQ Global Select", "", "USD", "US", "United States of America", "Real-time"),
        Exchange("AMEX", "New York Stock Exchange Arca", "", "USD", "US", "United States of America", "Real-time"),
        Exchange("TSX", "Toronto Stock Exchange", ".TO", "CAD", "CA", "Canada", "15 min"),
        Exchange("TSXV", "TSX Venture Exchange", ".V", "CAD", "CA", "Canada", "15 min"),
        Exchange("OTC", "Other OTC", "", "USD", "US", "United States of America", None),
        Exchange("NEO", "Cboe Canada", ".NE", "CAD", "CA", "Canada", "15 min"),
        Exchange("CNQ", "Canadian Securities Exchange", ".CN", "CAD", "CA", "Canada", "15 min"),
        Exchange("LSE", "London Stock Exchange", ".L", "GBp", "GB", "United Kingdom", "20 min"),
        Exchange("XETRA", "Deutsche Börse", ".DE", "EUR", "DE", "Germany", "15 min"),
        Exchange("INDEX", "INDEX", "", "USD", "US", "United States of America", None),
    )
}
IN_SCOPE = ("NYSE", "NASDAQ", "AMEX", "TSX", "TSXV")
OUT_OF_SCOPE = ("OTC", "NEO", "CNQ", "LSE", "XETRA")

INDUSTRIES: dict[str, tuple[str, ...]] = {
    "Technology": ("Semiconductors", "Software - Application", "Software - Infrastructure", "Consumer Electronics"),
    "Financial Services": ("Banks - Diversified", "Banks - Regional", "Insurance - Life", "Asset Management"),
    "Healthcare": ("Biotechnology", "Drug Manufacturers - General", "Medical - Devices"),
    "Industrials": ("Railroads", "Aerospace & Defense", "Industrial - Machinery", "Trucking"),
    "Energy": ("Oil & Gas Midstream", "Oil & Gas Exploration & Production", "Uranium"),
    "Basic Materials": ("Gold", "Copper", "Chemicals - Specialty", "Agricultural Inputs"),
    "Consumer Cyclical": ("Auto - Parts", "Specialty Retail", "Restaurants", "Apparel - Retail"),
    "Consumer Defensive": ("Grocery Stores", "Beverages - Non-Alcoholic", "Packaged Foods"),
    "Communication Services": ("Telecommunications Services", "Entertainment", "Internet Content & Information"),
    "Utilities": ("Regulated Electric", "Regulated Gas", "Renewable Utilities"),
    "Real Estate": ("REIT - Retail", "REIT - Industrial", "REIT - Residential"),
}
SECTORS = tuple(INDUSTRIES)

FIRST_WORDS = (
    "Alder", "Birch", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo", "Juniper", "Keystone",
    "Larch", "Meridian", "Northfield", "Osprey", "Pinnacle", "Quartz", "Ridgeway", "Summit", "Tamarack", "Umber",
    "Vantage", "Westmount", "Xenon", "Yarrow", "Zephyr", "Boréal", "Laurentide", "Érable", "Cascade",
)  # fmt: skip
SECOND_WORDS = {
    "Technology": ("Systems", "Software", "Circuits", "Data"),
    "Financial Services": ("Financial", "Bancorp", "Capital", "Trust"),
    "Healthcare": ("Therapeutics", "Health", "Medical", "Bio"),
    "Industrials": ("Industries", "Rail", "Logistics", "Machine"),
    "Energy": ("Energy", "Petroleum", "Pipelines", "Uranium"),
    "Basic Materials": ("Mining", "Gold", "Chemicals", "Minerals"),
    "Consumer Cyclical": ("Motors", "Retail", "Brands", "Outfitters"),
    "Consumer Defensive": ("Foods", "Grocers", "Beverages", "Farms"),
    "Communication Services": ("Telecom", "Media", "Networks", "Studios"),
    "Utilities": ("Power", "Gas", "Hydro", "Utilities"),
    "Real Estate": ("Properties", "Realty", "REIT", "Land"),
}
CITIES = {
    "US": (("New York", "NY", "10001"), ("Austin", "TX", "78701"), ("Boston", "MA", "02108"), ("Reno", "NV", "89501")),
    "CA": (("Toronto", "ON", "M5J 2N8"), ("Montréal", "QC", "H3B 1A7"), ("Calgary", "AB", "T2P 1J9")),
}
PEOPLE = ("A. Tremblay", "J. Okafor", "M. Lindqvist", "S. Nakamura", "R. O'Neill", "C. Dubois", "P. Sharma")

KNOWN_ETFS: tuple[tuple[str, str, str, str | None], ...] = (
    ("SPY", "AMEX", "Broad Market 500", None),
    ("QQQ", "NASDAQ", "Growth 100", "Technology"),
    ("DIA", "AMEX", "Industrial Average", None),
    ("IWM", "AMEX", "Small Cap 2000", None),
    ("XLK", "AMEX", "Technology Select", "Technology"),
    ("XLF", "AMEX", "Financial Select", "Financial Services"),
    ("XLV", "AMEX", "Health Care Select", "Healthcare"),
    ("XLE", "AMEX", "Energy Select", "Energy"),
    ("XLI", "AMEX", "Industrial Select", "Industrials"),
    ("XLY", "AMEX", "Consumer Discretionary Select", "Consumer Cyclical"),
    ("XLP", "AMEX", "Consumer Staples Select", "Consumer Defensive"),
    ("XLU", "AMEX", "Utilities Select", "Utilities"),
    ("XLB", "AMEX", "Materials Select", "Basic Materials"),
    ("XLRE", "AMEX", "Real Estate Select", "Real Estate"),
    ("XLC", "AMEX", "Communication Select", "Communication Services"),
    ("XIU.TO", "TSX", "Canada 60", None),
    ("XIC.TO", "TSX", "Canada Composite", None),
    ("XFN.TO", "TSX", "Canada Capped Financials", "Financial Services"),
    ("XEG.TO", "TSX", "Canada Capped Energy", "Energy"),
    ("XIT.TO", "TSX", "Canada Capped Technology", "Technology"),
    ("XMA.TO", "TSX", "Canada Capped Materials", "Basic Materials"),
    ("XRE.TO", "TSX", "Canada Capped REIT", "Real Estate"),
    ("XUT.TO", "TSX", "Canada Capped Utilities", "Utilities"),
    ("XST.TO", "TSX", "Canada Capped Staples", "Consumer Defensive"),
    ("XGD.TO", "TSX", "Global Gold", "Basic Materials"),
)
INDICES: tuple[tuple[str, str, str, float], ...] = (
    ("^GSPC", "S&P 500", "USD", 5200.0),
    ("^DJI", "Dow Jones Industrial Average", "USD", 39000.0),
    ("^IXIC", "NASDAQ Composite", "USD", 16400.0),
    ("^NDX", "NASDAQ 100", "USD", 18100.0),
    ("^RUT", "Russell 2000", "USD", 2050.0),
    ("^VIX", "CBOE Volatility Index", "USD", 16.0),
    ("^NYA", "NYSE Composite", "USD", 17800.0),
    ("^GSPTSE", "S&P/TSX Composite index", "CAD", 22300.0),
    ("^TX60", "S&P/TSX 60", "CAD", 1330.0),
    ("^FTSE", "FTSE 100", "GBP", 8000.0),
)
COUNTRY_NAMES = {
    "US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany", "JP": "Japan", "CN": "China",
    "FR": "France", "CH": "Switzerland", "IE": "Ireland", "NL": "Netherlands",
}  # fmt: skip
