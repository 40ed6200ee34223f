"""Classifies the change of a model for its readers: none, new columns at the end, or a break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sra_shared.kit.errors import ConfigError
from view_builder.compile import CompiledView


@dataclass(frozen=True)
class ContractDiff:
    """The difference between the published contract and the model's."""

    added: tuple[str, ...] = ()
    breaking: tuple[str, ...] = ()


def diff_contract(published: Mapping[str, Any], wanted: Mapping[str, Any]) -> ContractDiff:
    """Compare two contracts (see CompiledView.contract); `breaking` has one sentence per reason."""
    old: Sequence[Mapping[str, Any]] = published["columns"]
    new: Sequence[Mapping[str, Any]] = wanted["columns"]
    by_name = {column["name"]: column for column in new}
    breaking = [f"column {column['name']} is gone" for column in old if column["name"] not in by_name]
    for column in old:
        other = by_name.get(column["name"])
        if other is not None:
            breaking += _diff_column(column, other)
    if not breaking and [c["name"] for c in new[: len(old)]] != [c["name"] for c in old]:
        breaking.append("the order of the columns changed; a new column goes to the end")
    if list(published["key"]) != list(wanted["key"]):
        breaking.append(f"the key changed from {', '.join(published['key'])} to {', '.join(wanted['key'])}")
    return ContractDiff(
        added=tuple(c["name"] for c in new[len(old) :]) if not breaking else (), breaking=tuple(breaking)
    )


def require_compatible(view: CompiledView, published: Mapping[str, Any]) -> ContractDiff:
    """Return the difference; raises ConfigError if it breaks a published version."""
    found = diff_contract(published, view.contract)
    if found.breaking:
        raise ConfigError(
            f"View {view.relation} is published and its model breaks its readers: {'; '.join(found.breaking)}.",
            next_step=f"Keep this model and add a second one with view_version = {view.model.view_version + 1}.",
        )
    return found


def _diff_column(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    reasons = []
    if old["type"] != new["type"]:
        reasons.append(f"column {old['name']} changes its type from {old['type']} to {new['type']}")
    if new["nullable"] and not old["nullable"]:
        reasons.append(f"column {old['name']} may be NULL now")
    if old["unit"] != new["unit"]:
        reasons.append(f"column {old['name']} changes its unit from {old['unit']} to {new['unit']}")
    return reasons
