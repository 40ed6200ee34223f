"""Finds securities by a text."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sra_contract.reader.rows import Source


class FoundSecurity(BaseModel):
    """A security that a text means, and whether a code or a name of it was found."""

    model_config = ConfigDict(frozen=True)

    security_id: str
    source: str
    identifier: str
    name: str | None
    type: str
    exchange: str | None
    currency: str | None
    is_active: bool
    found_by: str


async def search(source: Source, text: str, *, most: int = 20) -> list[FoundSecurity]:
    """Return the securities that a text means, the likeliest first."""
    rows = await source.fetch("SELECT * FROM sra.search_securities($1, $2)", text, most)
    return [FoundSecurity.model_validate(dict(row)) for row in rows]
