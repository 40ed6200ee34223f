"""The datasets of the update API: endpoint, seed file and columns; `scripts/write_declared` writes them to catalogue.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset; `file` is its seed file below the root of a tree, `kinds` are the types of its columns, in order."""

    name: str
    endpoint: str
    file: str
    kinds: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns in the order of its CSV."""
        return tuple(self.kinds)


NAVPS = "FundDailyNAVPS"
DATASETS: dict[str, Dataset] = {
    name: Dataset(name, facts["endpoint"], facts["file"], facts["columns"])
    for name, facts in json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")).items()
}
BY_ENDPOINT: dict[str, Dataset] = {one.endpoint: one for one in DATASETS.values()}
GENERAL_ENDPOINTS = frozenset({"fund/getgeneral", "benchmark/getgeneral"})
"""These take a language."""
