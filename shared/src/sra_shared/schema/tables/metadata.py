"""The one MetaData, with a name for every constraint so that migrations can refer to it, and the writers of a table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def written_by(*writers: str) -> dict[Any, Any]:
    """Return the `info` of a table: the services or programs that write it."""
    return {"writers": writers}
