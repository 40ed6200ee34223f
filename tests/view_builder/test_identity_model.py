"""Chains of renames, reported in any order and at any time between builds, against a plain Python model."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from fmp_ingest.store.identity import refresh_owners
from sra_shared.kit.db import Pool, open_pool
from sra_testing.examples import examples
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_profile, put_row, put_run
from view_builder.compile import CompiledView

_numbers = itertools.count()


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("security_master")


@dataclass
class Model:
    """Which symbols are known to be one security, and which ids were assigned in which build."""

    groups: list[set[str]]
    listed: set[str] = field(default_factory=set)
    assigned: dict[str, tuple[int, str]] = field(default_factory=dict)

    def find_group(self, symbol: str) -> set[str]:
        return next(group for group in self.groups if symbol in group)

    def report_rename(self, old: str, new: str) -> None:
        first, second = self.find_group(old), self.find_group(new)
        self.groups.remove(second)
        first |= second

    def build(self, number: int) -> dict[str, str]:
        """Assign an id to each security without one, named after its newest symbol that is listed."""
        ids: dict[str, str] = {}
        for symbol in sorted(self.listed, reverse=True):
            group = self.find_group(symbol)
            if not any(name in self.assigned for name in group):
                self.assigned[symbol] = (number, f"fmp:{symbol}")
        for symbol in self.listed:
            ids[symbol] = min(self.assigned[name] for name in self.find_group(symbol) if name in self.assigned)[1]
        return ids


@dataclass(frozen=True)
class Step:
    """What a run reports before a build: listings and renames, by chain and place."""

    listings: list[tuple[int, int]]
    renames: list[tuple[int, int]]


@st.composite
def make_steps(draw: st.DrawFn) -> tuple[list[int], list[Step]]:
    """The lengths of some chains, and everything that is to be reported of them, divided among a few builds."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))
    places = [(chain, place) for chain, length in enumerate(lengths) for place in range(length)]
    listings = draw(st.sets(st.sampled_from(places), min_size=1))
    renames = [(chain, place) for chain, place in places if place]
    builds = draw(st.integers(1, 3))
    when = {
        one: draw(st.integers(0, builds - 1)) for one in [*(("L", *x) for x in listings), *(("R", *x) for x in renames)]
    }
    order = draw(st.permutations(renames))
    return lengths, [
        Step(
            sorted(one for one in listings if when["L", *one] == number),
            [one for one in order if when["R", *one] == number],
        )
        for number in range(builds)
    ]


def name_symbol(prefix: str, chain: int, place: int) -> str:
    """Symbols of a chain are in alphabetical order."""
    return f"{prefix}{'XYZ'[chain]}{'ABCD'[place]}"


async def check_chains(database: str, views: tuple[CompiledView, ...], lengths: list[int], steps: list[Step]) -> None:
    prefix = "".join("QRSTUVWXYZ"[int(digit)] for digit in f"{next(_numbers):03}")
    names = [[name_symbol(prefix, chain, place) for place in range(length)] for chain, length in enumerate(lengths)]
    model = Model([{name} for chain in names for name in chain])
    pool = await open_pool(database, application_name="test", max_size=2)
    try:
        for number, step in enumerate(steps):
            await report_step(pool, names, step)
            for chain, place in step.renames:
                model.report_rename(names[chain][place - 1], names[chain][place])
            model.listed |= {names[chain][place] for chain, place in step.listings}
            await build_all(pool, views)
            rows = await read_rows(
                pool,
                "SELECT identifier, security_id FROM sra.security_master WHERE identifier LIKE $1",
                f"{prefix}%",
            )
            assert {row["identifier"]: row["security_id"] for row in rows} == model.build(number)
    finally:
        await pool.close()


async def report_step(pool: Pool, names: list[list[str]], step: Step) -> None:
    """Store a run's renames and listings; only the newest symbol of each chain is still listed."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", ["universe", "profile", "symbol_changes"])
        for chain, place in step.listings:
            await put_profile(connection, run, names[chain][place])
            if place + 1 < len(names[chain]):
                await connection.execute(
                    "UPDATE fmp_universe SET valid_to = now() WHERE symbol = $1", names[chain][place]
                )
        for chain, place in step.renames:
            old, new = names[chain][place - 1], names[chain][place]
            await put_row(
                connection, run, "fmp_symbol_change", old_symbol=old, new_symbol=new, date=date(2018 + place, 3, 1)
            )
            # each is derived as it is reported
            await refresh_owners(connection, run)
        await refresh_owners(connection, run)


@examples(
    60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(chains=make_steps())
def test_any_chain_has_the_oldest_id_of_its_symbols(
    database: str, views: tuple[CompiledView, ...], chains: tuple[list[int], list[Step]]
) -> None:
    asyncio.run(check_chains(database, views, *chains))
