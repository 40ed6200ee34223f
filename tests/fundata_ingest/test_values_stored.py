"""Numbers as stored by a load, against Python's decimal arithmetic."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

from sra_shared.kit.db import Pool
from sra_testing.fundata import NAVPS_FILE, counts_of, load_tree, navps, write_csv


def make_numbers(count: int) -> list[str]:
    """Numbers of up to 38 digits, a third of them exactly between two cents, some with dollar signs and groups."""
    dice = random.Random(20_261_124)  # noqa: S311
    numbers = []
    for _ in range(count):
        digits, decimals = dice.randrange(10 ** dice.randint(1, 38)), dice.randint(0, 38)
        number = Decimal(digits).scaleb(-decimals)
        if dice.random() < 0.3:
            number = Decimal(dice.randrange(10**11)).scaleb(-2) + Decimal("0.005")
        text = f"{number:,f}" if dice.random() < 0.2 else f"{number:f}"
        numbers.append(f"{dice.choice(['', '-', '+'])}{dice.choice(['', '', '$'])}{text}")
    return numbers


async def test_ten_thousand_stored_numbers_are_rounded_half_away_from_zero(
    database: str, pool: Pool, tmp_path: Path
) -> None:
    texts = make_numbers(10_000)
    write_csv(
        tmp_path,
        NAVPS_FILE,
        (navps(str(number), "2025-01-02", "1", NAVPSPennyChange=text) for number, text in enumerate(texts)),
    )
    result = await load_tree(database, tmp_path)
    stored = {
        row["identifier"]: row["navps_penny_change"]
        for row in await pool.fetch("SELECT identifier, navps_penny_change FROM fundata_quotes")
    }
    overflows = 0
    with localcontext() as context:
        context.prec = 80
        for number, text in enumerate(texts):
            exact = Decimal(text.replace("$", "").replace(",", ""))
            expected = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            if abs(expected) >= Decimal(10) ** 10:
                overflows += 1
                assert stored[str(number)] is None, text
            else:
                assert stored[str(number)] == expected, text
    assert len(stored) == len(texts)
    assert counts_of(result, NAVPS_FILE)["warnings_by"] == {"numeric_overflow": overflows}
