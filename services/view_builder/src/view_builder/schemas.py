"""The schemas that the views are in: those of readers, or those where the next contract version is built.

The SQL of the files names the readers' schemas. `Schemas.place` names the same objects in the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from view_builder.spec import Incremental, SqlFunction, ViewSpec

_VIEWS = re.compile(r"\b(sra|core)\.(?=[a-z_\"])")
# the aggregates of schema published belong to the migrations
_TABLES = re.compile(r"\bpublished\.(?!(?:product|compound|multiply)\b)(?=[a-z_\"])")
_LEDGER = re.compile(r"\bpublic\.(?=published_(?:view|run)\b)")


@dataclass(frozen=True)
class Schemas:
    """Names of schemas; `ledger` has the tables `published_view` and `published_run`."""

    sra: str = "sra"
    core: str = "core"
    published: str = "published"
    ledger: str = "public"

    def place(self, text: str) -> str:
        """Return SQL over the readers' schemas as SQL over these."""
        if self == READERS:
            return text
        placed = _VIEWS.sub(lambda found: f"{self.sra if found[1] == 'sra' else self.core}.", text)
        placed = _TABLES.sub(f"{self.published}.", placed)
        return _LEDGER.sub(f"{self.ledger}.", placed)

    def place_spec(self, spec: ViewSpec) -> ViewSpec:
        """Return the specification of a view with all its texts over these schemas."""
        incremental = spec.incremental
        return replace(
            spec,
            query=self.place(spec.query),
            sample=self.place(spec.sample),
            functions=tuple(map(self._place_function, spec.functions)),
            incremental=None if incremental is None else self._place_incremental(incremental),
        )

    def _place_function(self, function: SqlFunction) -> SqlFunction:
        return replace(
            function,
            result=self.place(function.result),
            body=self.place(function.body),
            checks=self.place(function.checks),
        )

    def _place_incremental(self, incremental: Incremental) -> Incremental:
        read, full, next_keys = incremental.read_query, incremental.full_query, incremental.next_keys
        ids = incremental.ids
        return replace(
            incremental,
            all_keys=self.place(incremental.all_keys),
            affected_keys=self.place(incremental.affected_keys),
            read_query=read and self.place(read),
            full_query=full and self.place(full),
            next_keys=next_keys and self.place(next_keys),
            ids=ids and self.place(ids),
        )


READERS = Schemas()
STAGED = Schemas("sra_next", "core_next", "published_next", "sra_next")
# the objects that a replaced contract version leaves, until they are dropped
FORMER = Schemas("sra_next", "core_former", "published_former", "sra_next")
