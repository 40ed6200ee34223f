"""Different rows of one key in one response: each dataset's rule decides by their content, never by their position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from operator import attrgetter
from typing import Any

from fmp_collectors.dataset import FmpDataset, Repeats
from fmp_collectors.records import Accepted, Batch, Rejected, dump_exact, hash_content, read_absence

AMBIGUOUS_KEY = "ambiguous_key"
SUPERSEDED = "superseded"
# earlier times mean that there is none, such as 0000-00-00
_FIRST_TIME = "1800"

Chosen = tuple[list[Accepted], list[Rejected]]


def settle_repeats(dataset: FmpDataset, batch: Batch) -> None:
    """Apply the dataset's rule to the rows of a whole response, in place; equal rows become one and count as duplicates.

    Rows that are versions of one key follow one another, the oldest first. Settling twice changes nothing.
    """
    read_key = attrgetter(*(name for name in dataset.key if name != "occurrence"))
    keys = [read_key(one.record) for one in batch.accepted]
    if len(set(keys)) == len(keys):
        return
    groups: dict[Any, list[Accepted]] = defaultdict(list)
    for key, one in zip(keys, batch.accepted, strict=True):
        groups[key].append(one)
    kept: list[Accepted] = []
    for group in groups.values():
        if len(group) == 1:
            kept.extend(group)
        elif dataset.repeats is Repeats.NUMBERED:
            kept.extend(_number_rows(group))
        else:
            different = _drop_equal(group)
            batch.duplicate += len(group) - len(different)
            chosen, rejected = (different, []) if len(different) == 1 else _RULES[dataset.repeats](different)
            kept.extend(chosen)
            batch.rejected.extend(rejected)
    batch.accepted[:] = kept


def _drop_equal(group: Sequence[Accepted]) -> list[Accepted]:
    """Return one row of each content. Which of equal rows, and in which order, depends on their content alone."""
    by_content: dict[bytes, Accepted] = {}
    for one in sorted(group, key=_write_row):
        by_content.setdefault(_hash_values(one), one)
    return list(by_content.values())


def _write_row(accepted: Accepted) -> str:
    return dump_exact(dict(sorted(accepted.raw.items())))


def _hash_values(accepted: Accepted) -> bytes:
    """Return the hash of the vendor's content, without the fields derived from the row's position."""
    made = type(accepted.record).made
    if not made:
        return hash_content(accepted)
    return hash_content(Accepted(accepted.record.model_copy(update=dict.fromkeys(made)), accepted.raw))


def _number_rows(group: Sequence[Accepted]) -> list[Accepted]:
    ordered = sorted(group, key=lambda one: (hash_content(one), _write_row(one)))
    return [
        replace(one, record=one.record.model_copy(update={"occurrence": place})) for place, one in enumerate(ordered, 1)
    ]


def _keep_all(group: list[Accepted]) -> Chosen:
    return group, []


def _reject_all(group: list[Accepted]) -> Chosen:
    detail = f"the response has {len(group)} different rows with this key, and nothing shows which one is correct"
    return [], [_reject(one, AMBIGUOUS_KEY, detail) for one in group]


def _order_filings(group: list[Accepted]) -> Chosen:
    """Keep all as versions in the order of their filing times; reject them if those do not decide which came first."""
    ordered = sorted(((*_find_filing(one), one) for one in group), key=lambda filing: filing[:2])
    for (day, taken, _), (next_day, next_taken, _) in pairwise(ordered):
        if not day or (day == next_day and (not taken or taken == next_taken)):
            return _reject_all(group)
    return [one for _, _, one in ordered], []


def _find_filing(accepted: Accepted) -> tuple[str, str]:
    """Return the day on which a statement was filed and the time at which it was accepted; empty texts if unknown."""
    filed: date | None = getattr(accepted.record, "filing_date", None)
    taken = str(read_absence(getattr(accepted.record, "accepted_date", None)) or "").strip().replace("T", " ")
    taken = taken if taken >= _FIRST_TIME else ""
    return (filed.isoformat() if filed is not None else taken[:10], taken)


def _choose_fullest(group: list[Accepted]) -> Chosen:
    """Keep the row with all values of the others and more, else the newest by the vendor's own update time."""
    best = [one for one in group if all(_is_better(one, other) for other in group if other is not one)]
    if len(best) != 1:
        return _reject_all(group)
    detail = "the response has a more complete or newer row with the same key"
    return best, [_reject(one, SUPERSEDED, detail) for one in group if one is not best[0]]


def _is_better(one: Accepted, other: Accepted) -> bool:
    values, other_values = _list_values(one), _list_values(other)
    if values != other_values and (values > other_values or values < other_values):
        return values > other_values
    newer, older = _find_update(one), _find_update(other)
    return older != "" and newer > older


def _list_values(accepted: Accepted) -> frozenset[str]:
    record = accepted.record
    return frozenset(name for name in type(record).model_fields if getattr(record, name) is not None)


def _find_update(accepted: Accepted) -> str:
    return str(read_absence(accepted.raw.get("lastUpdated")) or "").strip()


def _reject(accepted: Accepted, reason: str, detail: str) -> Rejected:
    symbol = getattr(accepted.record, "symbol", None)
    return Rejected(accepted.raw, reason, detail, symbol, accepted.call, accepted.origin)


_RULES: Mapping[Repeats, Callable[[list[Accepted]], Chosen]] = {
    Repeats.AMBIGUOUS: _reject_all,
    Repeats.SET: _keep_all,
    Repeats.FILED: _order_filings,
    Repeats.FULLER: _choose_fullest,
}
