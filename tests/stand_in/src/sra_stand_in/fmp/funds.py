"""Responses about ETFs: info, holdings, country and sector weights."""

from __future__ import annotations

import math
from functools import lru_cache

from sra_stand_in.fmp.names import COUNTRY_NAMES, KNOWN_ETFS, SECTORS
from sra_stand_in.fmp.prices import round_price
from sra_stand_in.fmp.universe import EQUITY, Security, Universe
from sra_stand_in.fmp.world import Row, World, iso
from sra_stand_in.randomness import between, mix, pick, unit

_THEMED = {symbol: sector for symbol, _, _, sector in KNOWN_ETFS if sector}
_CASH_SHARE = 1.4


@lru_cache(maxsize=32)
def _list_equities(universe: Universe, sector: str | None) -> list[Security]:
    found = [one for one in universe.in_scope if one.kind == EQUITY and sector in {None, one.sector}]
    return found or [one for one in universe.in_scope if one.kind == EQUITY]


def _choose_members(universe: Universe, etf: Security) -> list[tuple[Security, float]]:
    """Members and their weights, which sum to 100 less cash and bonds; nothing that changes by the day."""
    candidates = _list_equities(universe, _THEMED.get(etf.symbol))
    wanted = min(len(candidates), 12 + mix(etf.salt, 201) % 60)
    start, step = mix(etf.salt, 202) % len(candidates), 1 + mix(etf.salt, 203) % 7
    chosen: dict[str, Security] = {}
    for position in range(len(candidates) * 2):
        one = candidates[(start + position * step) % len(candidates)]
        chosen.setdefault(one.symbol, one)
        if len(chosen) == wanted:
            break
    rough = [between(0.2, 1.0, etf.salt, one.salt) ** 3 for one in chosen.values()]
    scale = (100 - _CASH_SHARE - _bond_share(etf)) / math.fsum(rough)
    pairs = [(one, round(weight * scale, 6)) for one, weight in zip(chosen.values(), rough, strict=True)]
    return sorted(pairs, key=lambda pair: -pair[1])


def _bond_share(etf: Security) -> float:
    return 3.5 if etf.salt % 5 == 0 else 0.0


def list_sector_weights(world: World, etf: Security) -> list[Row]:
    """The rows of `etf/sector-weightings`."""
    totals = dict.fromkeys(SECTORS, 0.0)
    for one, weight in _choose_members(world.universe, etf):
        totals[one.sector] += weight
    rows: list[Row] = [
        {"symbol": etf.symbol, "sector": sector, "weightPercentage": round(weight, 4)}
        for sector, weight in totals.items()
        if weight
    ]
    rest = _CASH_SHARE + _bond_share(etf) if etf.salt % 3 else 1.3877787807814457e-14
    return [*rows, {"symbol": etf.symbol, "sector": "Cash & Others", "weightPercentage": rest}]


def list_country_weights(world: World, etf: Security) -> list[Row]:
    """The rows of `etf/country-weightings`: no symbol, weights as text with a percent sign."""
    totals: dict[str, float] = {}
    for one, weight in _choose_members(world.universe, etf):
        totals[one.country] = totals.get(one.country, 0.0) + weight
    rows: list[Row] = [
        {"country": COUNTRY_NAMES.get(code, code), "weightPercentage": f"{round(weight, 2):g}%"}
        for code, weight in sorted(totals.items(), key=lambda item: -item[1])
    ]
    rest = round(_CASH_SHARE + _bond_share(etf), 2)
    return [*rows, {"country": "Other", "weightPercentage": f"{rest:g}%" if etf.salt % 3 else "0%"}]


def info_row(world: World, etf: Security) -> Row:
    """The row of `etf/info`."""
    members = _choose_members(world.universe, etf)
    sectors = [
        {"industry": row["sector"], "exposure": row["weightPercentage"]} for row in list_sector_weights(world, etf)
    ]
    return {
        "symbol": etf.symbol,
        "name": etf.name,
        "description": f"{etf.name} is made up for tests; it holds shares of {len(members)} companies, and some cash.",
        "isin": f"{etf.exchange.country}{etf.salt % 10**9:09d}{etf.salt % 10}",
        "assetClass": pick(("Equity", "Large Blend", "Sector Equity", "equity"), etf.salt, 204),
        "securityCusip": f"{etf.salt % 10**9:09d}",
        "domicile": etf.exchange.country,
        "website": "https://etf.example.com",
        "etfCompany": pick(("Stand-In Funds", "Made-Up Shares", "Sample Trust"), etf.salt, 205),
        "expenseRatio": round(between(0.03, 0.75, etf.salt, 206), 2),
        "assetsUnderManagement": world.assets(etf),
        "avgVolume": int(etf.volume),
        "inceptionDate": iso(etf.ipo),
        "nav": round_price(world.snapshot(etf).bar.close * 0.9996),
        "navCurrency": etf.currency,
        "holdingsCount": len(members) + mix(etf.salt, 207) % 9,
        "isActivelyTrading": True,
        "updatedAt": f"{iso(world.quote_day(etf))}T22:15:{etf.salt % 60:02d}.000Z",
        "sectorsList": sectors,
    }


def list_holdings(world: World, etf: Security) -> list[Row]:
    """The rows of `etf/holdings`: shares, at times bonds, and cash (which can be negative)."""
    assets, updated = world.assets(etf), f"{iso(world.quote_day(etf))} 22:05:{etf.salt % 60:02d}"
    rows: list[Row] = []
    for one, weight in _choose_members(world.universe, etf):
        value = round(assets * weight / 100, 2)
        rows.append(
            _holding_row(etf, one.symbol, one.name, one, value / world.snapshot(one).bar.close, weight, value, updated)
        )
    if bonds := _bond_share(etf):
        value = round(assets * bonds / 100, 2)
        rows.append(_holding_row(etf, "", "UNITED STATES TREASURY 4.25%", None, value / 100, bonds, value, updated))
    cash = _CASH_SHARE + 0.6
    rows.append(_holding_row(etf, "", "US DOLLAR", None, assets * cash / 100, cash, assets * cash / 100, updated))
    rows.append(_holding_row(etf, "", "CASH OFFSET", None, assets * -0.006, -0.6, assets * -0.006, updated))
    return rows


def _holding_row(
    etf: Security, asset: str, name: str, one: Security | None, shares: float, weight: float, value: float, updated: str
) -> Row:
    return {
        "symbol": etf.symbol,
        "asset": asset,
        "name": name,
        "isin": f"{one.country}{one.salt % 10**9:09d}{one.salt % 10}" if one else "",
        "securityCusip": f"{one.salt % 10**9:09d}" if one and unit(one.salt, 208) < 0.9 else "",
        "sharesNumber": round(shares, 3),
        "weightPercentage": weight,
        "marketValue": round(value, 2),
        "updatedAt": updated,
    }
