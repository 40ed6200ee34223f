"""The settings of the command itself; the only place where it reads settings and builds child environments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from sra_shared.kit.setting_kinds import Url, check_folder
from sra_shared.kit.settings import EnvironmentSettings, read_settings

__all__ = ["ROOT", "CommandSettings", "build_environment", "read_settings"]

ROOT = Path(__file__).resolve().parents[3]
"""Root of the clone: the packages run from there."""


PathOfFolder = Annotated[Path, BeforeValidator(lambda value: value if isinstance(value, Path) else check_folder(value))]


class CommandSettings(EnvironmentSettings):
    """Settings of `./sra` that no service reads."""

    pg_bin: PathOfFolder | None = Field(
        None, description="Folder with `postgres` and `initdb` for the embedded PostgreSQL; searched for if not set."
    )
    gateway_url: Url | None = Field(
        None, description="Address of the gateway for `refresh` and `status`, if `./sra up` does not run it."
    )
    ci: bool = Field(False, description="Set by CI: no test may then be skipped because a tool is missing.")


def build_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: ours with the changes."""
    return {**os.environ, **changes}  # noqa: TID251  (passed on unchanged, not read)
