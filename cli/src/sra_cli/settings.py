"""What the command itself is set by, and the one place where it reads settings and passes the environment on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sra_shared.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
"""Root of the clone: the packages are run from where they lie."""

Settings = TypeVar("Settings", bound=BaseSettings)


class CommandSettings(BaseSettings):
    """Settings of `./sra` that no service knows."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=False)

    pg_bin: Path | None = Field(
        None, description="Folder with `postgres` and `initdb` for the embedded PostgreSQL; looked for where not set."
    )
    gateway_url: str | None = Field(
        None, description="Address of the gateway for `refresh` and `status`, where `./sra up` does not run it."
    )
    ci: bool = Field(False, description="Set by CI: then no test may be left out for want of a tool.")


def read_settings(kind: type[Settings]) -> Settings:
    """Return settings read from the environment; raises ConfigError that names each wrong variable."""
    try:
        return kind()
    except ValidationError as error:
        wrong = [
            f"{'.'.join(str(part) for part in detail['loc']).upper()}: {detail['msg']}"
            if detail["loc"]
            else detail["msg"]
            for detail in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigError("Settings are wrong: " + "; ".join(wrong) + ".", next_step="Correct the variables.") from None


def build_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: ours with the changes."""
    return {**os.environ, **changes}  # noqa: TID251  (passed on whole, nothing is read from it)
