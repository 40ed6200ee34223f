"""Reads the views with their models over an asyncpg pool; the extra `reader` installs what it needs."""

from sra_contract.reader.errors import CursorError, ReaderError, SeveralRowsError, UnknownColumnError
from sra_contract.reader.query import Between
from sra_contract.reader.rows import Page, Source, iterate, read, read_as_of, read_list, read_page
from sra_contract.reader.search import FoundSecurity, search

__all__ = [
    "Between",
    "CursorError",
    "FoundSecurity",
    "Page",
    "ReaderError",
    "SeveralRowsError",
    "Source",
    "UnknownColumnError",
    "iterate",
    "read",
    "read_as_of",
    "read_list",
    "read_page",
    "search",
]
