"""Settings of the tests themselves."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class _TestSettings(BaseSettings):
    update_snapshots: bool = False


def wants_new_snapshots() -> bool:
    """Whether reviewed texts are rewritten (UPDATE_SNAPSHOTS=1)."""
    return _TestSettings().update_snapshots
