"""One name, one meaning: no two classes share a name, and functions use the verbs of docs/naming.md."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from sra_testing.packages import ROOT

SHARED_NAMES = {
    # one record, as the vendor delivers it and as the contract publishes it; the contract's names are public
    "CountryWeight": "an ETF's weight of a country",
    "EtfHolding": "a position of an ETF",
    "Peer": "a peer of a company",
    "SectorWeight": "an ETF's weight of a sector",
    # a schema in the OpenAPI documents of two services, under the name that clients know
    "DatasetCounts": "what a run did with a dataset's records",
}
VERBS = {
    "answer": "respond or handle",
    "ask": "request or query",
    "bring": "apply, merge or load",
    "forgive": "uncount or reset",
    "give": "assign or return",
    "heed": "check",
    "judge": "check, classify or decide",
    "look": "poll or check",
    "note": "record",
    "say": "render",
    "sift": "split or filter",
    "tell": "report",
    "tend": "supervise",
    "weigh": "evaluate",
}
# standard terms
ALLOWED = {"give_up", "_give_up", "look_up", "look_up_only"}


Definition = tuple[Path, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]


def list_definitions() -> Iterator[Definition]:
    roots = [*ROOT.glob("*/src"), *ROOT.glob("services/*/src"), *ROOT.glob("shared/*/src")]
    for path in sorted(path for root in roots for path in root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(ROOT), node


@pytest.fixture(scope="module")
def definitions() -> list[Definition]:
    return list(list_definitions())


def test_classes_of_different_modules_have_different_names(
    definitions: list[Definition],
) -> None:
    places: dict[str, set[Path]] = defaultdict(set)
    for path, node in definitions:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            places[node.name].add(path)
    assert len(places) > 400
    shared = {name: sorted(map(str, paths)) for name, paths in places.items() if len(paths) > 1}
    assert shared.keys() - SHARED_NAMES.keys() == set(), shared
    assert SHARED_NAMES.keys() - shared.keys() == set(), "remove names that are unique from the list"


def test_functions_use_the_verbs_of_the_field(
    definitions: list[Definition],
) -> None:
    found = [
        f"{path}: {node.name}; instead of {verb}, write {VERBS[verb]}"
        for path, node in definitions
        if not isinstance(node, ast.ClassDef)
        and node.name not in ALLOWED
        and (verb := node.name.lstrip("_").partition("_")[0]) in VERBS
    ]
    assert found == []
