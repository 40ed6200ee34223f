"""The made-up listings: equities, preferred lines, ETFs, indices, and rows of other exchanges."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from sra_stand_in.fmp.names import (
    EXCHANGES,
    FIRST_WORDS,
    IN_SCOPE,
    INDICES,
    INDUSTRIES,
    KNOWN_ETFS,
    OUT_OF_SCOPE,
    SECOND_WORDS,
    SECTORS,
    Exchange,
)
from sra_stand_in.randomness import between, gauss, mix, pick, unit

EQUITY, PREFERRED, ETF, INDEX, CRYPTO = "equity", "preferred", "etf", "index", "crypto"
KNOWN_ETF_FLOOR = 100
"""From this many securities on, the well-known ETFs are part of the lists; below, they answer only by symbol."""
KNOWN_INDEX = 1_000_000
"""Well-known ETFs, indices and currency pairs are numbered from here on."""
_NEWEST_END = dt.date(2025, 12, 31).toordinal()
_LISTING_SHARES = (("NYSE", 0.29), ("NASDAQ", 0.34), ("AMEX", 0.07), ("TSX", 0.18), ("TSXV", 0.12))
_FIRST_LISTINGS = (*((code, EQUITY) for code in IN_SCOPE), ("AMEX", ETF), ("TSX", ETF))
_ETF_SHARES = (("AMEX", 0.60), ("NASDAQ", 0.12), ("TSX", 0.28))


@dataclass(slots=True, eq=False)
class Security:
    """One listing and the constants from which every figure about it is computed."""

    index: int
    symbol: str
    name: str
    exchange: Exchange
    currency: str
    country: str
    kind: str
    sector: str
    industry: str
    salt: int
    log_price: float
    drift: float
    waves: tuple[float, float, float, float, float, float]
    beta: float
    volatility: float
    shares: float
    volume: float
    ipo: int
    fiscal_month: int
    dividend_yield: float
    dividends_per_year: int
    listed: bool = True
    ended: int | None = None
    """The last day of trading of a delisted company."""

    @property
    def is_etf(self) -> bool:
        """Whether the listing is an exchange-traded fund."""
        return self.kind == ETF

    @property
    def reports(self) -> bool:
        """Whether the issuer publishes statements under this symbol."""
        return self.kind == EQUITY

    @property
    def market(self) -> str:
        """Country whose session calendar the listing follows."""
        return "CA" if self.exchange.country == "CA" or self.currency == "CAD" else "US"


def _choose(shares: tuple[tuple[str, float], ...], at: float) -> str:
    total = 0.0
    for code, share in shares:
        total += share
        if at < total:
            return code
    return shares[-1][0]


def _make_ticker(number: int) -> str:
    """Different numbers below 26**4 give different tickers of four letters, in no visible order."""
    rest = (number * 104_729 + 52_631) % 26**4
    letters = []
    for _ in range(4):
        letters.append(chr(65 + rest % 26))
        rest //= 26
    return "".join(letters)


def _make_security(
    *, seed: int, index: int, symbol: str, name: str, exchange: str, kind: str, sector: str, listed: bool = True
) -> Security:
    salt = mix(seed, index, 11)
    venue = EXCHANGES[exchange]
    small = exchange in {"TSXV", "CNQ", "OTC"}
    log_price = math.log(between(0.4, 4.0, salt, 1) if small else between(8.0, 180.0, salt, 1))
    cap = math.exp((17.5 if small else 21.8) + 1.6 * gauss(salt, 2))
    foreign = unit(salt, 3) < 0.06 and kind == EQUITY
    country = pick(("GB", "CH", "IE", "NL", "CN", "US", "CA"), salt, 4) if foreign else venue.country
    is_usd_line = symbol.endswith("-U.TO")
    pays = unit(salt, 5) < (0.1 if small else 0.55 if kind == EQUITY else 0.9)
    per_year = pick((4, 4, 4, 12, 2, 1) if venue.country == "CA" else (4, 4, 4, 4, 4, 2), salt, 6)
    first_ipo, last_ipo = dt.date(1991, 1, 2).toordinal(), dt.date(2012, 12, 31).toordinal()
    if unit(salt, 7) < 0.2:
        first_ipo, last_ipo = last_ipo, dt.date(2024, 6, 28).toordinal()
    return Security(
        index=index,
        symbol=symbol,
        name=name,
        exchange=venue,
        currency="USD" if is_usd_line else venue.currency,
        country=country,
        kind=kind,
        sector=sector,
        industry=pick(INDUSTRIES[sector], salt, 8),
        salt=salt & 0xFFFFFFFF,
        log_price=log_price,
        drift=between(-0.02, 0.11, salt, 9) / 365.25,
        waves=(
            between(0.05, 0.3, salt, 12),
            between(0.004, 0.02, salt, 13),
            between(0.0, 6.28, salt, 14),
            between(0.02, 0.1, salt, 15),
            between(0.03, 0.09, salt, 16),
            between(0.0, 6.28, salt, 17),
        ),
        beta=round(between(0.2, 1.9, salt, 18), 3),
        volatility=between(0.004, 0.009, salt, 19) if kind == ETF else between(0.006, 0.02, salt, 19),
        shares=float(int(cap / math.exp(log_price))),
        volume=between(2e4, 4e6, salt, 20),
        ipo=first_ipo + int((last_ipo - first_ipo) * unit(salt, 21)),
        # of a year that ends in January all but the last quarter are filed in the calendar year before
        fiscal_month=pick((12, 12, 12, 12, 1, 9, 6, 3), salt, 22),
        dividend_yield=between(0.005, 0.05, salt, 23) if pays or kind == PREFERRED else 0.0,
        dividends_per_year=per_year,
        listed=listed,
    )


def _name_company(seed: int, number: int, sector: str, suffix: str) -> str:
    first = FIRST_WORDS[number % len(FIRST_WORDS)]
    second = pick(SECOND_WORDS[sector], seed, number, 31)
    third = chr(65 + number // len(FIRST_WORDS) % 26) + chr(65 + number // 780 % 26)
    form = "Ltd." if suffix in {".TO", ".V", ".CN", ".NE"} else pick(("Inc.", "Corporation", "Holdings, Inc."), number)
    return f"{first} {second} {third} {form}"


class Universe:
    """Every listing of a world; the same seed and size always give the same ones.

    `listings` holds what the lists show (exactly `securities` rows of the five exchanges first, then rows of
    others), `former` companies that were delisted; `find` also knows the indices and, in a small world, the well-known ETFs.
    """

    def __init__(self, *, seed: int, securities: int) -> None:
        self._seed = seed
        self._taken: set[str] = {symbol for symbol, *_ in KNOWN_ETFS}
        self.listings: list[Security] = []
        known = [self._make_known_etf(number) for number in range(len(KNOWN_ETFS))]
        if securities >= KNOWN_ETF_FLOOR:
            self.listings.extend(known)
        number = 0
        while len(self.listings) < securities:
            self._add_company(number, securities)
            number += 1
        self.in_scope = list(self.listings)
        others = max(5, securities // 12)
        for offset in range(others):
            self._add_listing(number + offset, OUT_OF_SCOPE[offset % len(OUT_OF_SCOPE)], EQUITY)
        self.indices = [self._make_index(position) for position in range(len(INDICES))]
        self.crypto = [self._make_crypto(position) for position in range(3)]
        self.former = [self._make_former(number) for number in range(max(20, len(self.in_scope) // 10))]
        found = [*self.former, *known, *self.listings, *self.indices, *self.crypto]
        self._by_symbol = {one.symbol: one for one in found}

    def find(self, symbol: str) -> Security | None:
        """The listing of a symbol, whatever its case."""
        return self._by_symbol.get(symbol.strip().upper())

    def _make_known_etf(self, number: int) -> Security:
        symbol, exchange, theme, sector = KNOWN_ETFS[number]
        return _make_security(
            seed=self._seed,
            index=KNOWN_INDEX + number,
            symbol=symbol,
            name=f"Stand-In {theme} ETF",
            exchange=exchange,
            kind=ETF,
            sector=sector or "Financial Services",
        )

    def _make_index(self, position: int) -> Security:
        symbol, name, currency, level = INDICES[position]
        made = _make_security(
            seed=self._seed,
            index=KNOWN_INDEX + 100_000 + position,
            symbol=symbol,
            name=name,
            exchange="INDEX",
            kind=INDEX,
            sector="Financial Services",
            listed=False,
        )
        made.currency, made.log_price, made.shares, made.dividend_yield = currency, math.log(level), 0.0, 0.0
        made.ipo, made.volatility, made.volume = dt.date(1990, 1, 2).toordinal(), 0.006, 3.2e9
        return made

    def _make_crypto(self, position: int) -> Security:
        symbol, price = (("BTCUSD", 64000.0), ("ETHUSD", 3100.0), ("SHIBUSD", 0.0000231))[position]
        made = _make_security(
            seed=self._seed,
            index=KNOWN_INDEX + 200_000 + position,
            symbol=symbol,
            name=symbol[:-3],
            exchange="INDEX",
            kind=CRYPTO,
            sector="Technology",
            listed=False,
        )
        made.log_price, made.dividend_yield, made.shares = math.log(price), 0.0, 0.0
        return made

    def _make_former(self, number: int) -> Security:
        day = _NEWEST_END - number * 9 - mix(number, 93) % 9
        exchange = pick((*IN_SCOPE, *OUT_OF_SCOPE), number, 94)
        sector = pick(SECTORS, number, 96)
        letters = "".join(chr(65 + number // 26**power % 26) for power in range(3))
        made = _make_security(
            seed=self._seed,
            index=700_000 + number,
            symbol=f"{letters}DX{EXCHANGES[exchange].suffix}",
            name=f"{pick(FIRST_WORDS, number, 95)} {sector} Former {number} Inc.",
            exchange=exchange,
            kind=EQUITY,
            sector=sector,
            listed=False,
        )
        made.ipo, made.ended = day - 400 - mix(number, 97) % 7000, day
        return made

    def _add_company(self, number: int, securities: int) -> None:
        if number < len(_FIRST_LISTINGS):  # so that even the smallest world has every exchange and both kinds
            self._add_listing(number, *_FIRST_LISTINGS[number])
            return
        at = unit(self._seed, number, 41)
        if at < 0.16:
            self._add_listing(number, _choose(_ETF_SHARES, unit(self._seed, number, 42)), ETF)
            return
        exchange = _choose(_LISTING_SHARES, unit(self._seed, number, 43))
        base = self._add_listing(number, exchange, EQUITY)
        if len(self.listings) < securities and exchange in {"NYSE", "TSX"} and at > 0.94:
            self._add_second_line(number, base, exchange)

    def _add_second_line(self, number: int, base: Security, exchange: str) -> None:
        stem = base.symbol.removesuffix(base.exchange.suffix)
        ending, kind = pick(
            (("-B", EQUITY), ("-PA", PREFERRED)) if exchange == "NYSE"
            else (("-PA", PREFERRED), ("-B", EQUITY), ("-UN", EQUITY), ("-U", EQUITY)),
            self._seed, number, 44,
        )  # fmt: skip
        symbol = f"{stem}{ending}{base.exchange.suffix}"
        self.listings.append(
            _make_security(
                seed=self._seed,
                index=500_000 + number,
                symbol=symbol,
                name=base.name,
                exchange=exchange,
                kind=kind,
                sector=base.sector,
            )
        )

    def _add_listing(self, number: int, exchange: str, kind: str) -> Security:
        sector = pick(SECTORS, self._seed, number, 45)
        suffix = EXCHANGES[exchange].suffix
        symbol = _make_ticker(number)[: 3 if kind == ETF else 4] + suffix
        if symbol in self._taken:
            symbol = _make_ticker(number) + (suffix or "Z" if exchange in IN_SCOPE else f"F{suffix}")
        while symbol in self._taken:
            symbol = f"{_make_ticker(mix(number, len(symbol)) % 26**4)}Q{suffix}"
        self._taken.add(symbol)
        name = f"Stand-In {sector} {number} ETF" if kind == ETF else _name_company(self._seed, number, sector, suffix)
        made = _make_security(
            seed=self._seed, index=number, symbol=symbol, name=name, exchange=exchange, kind=kind, sector=sector
        )
        self.listings.append(made)
        return made
