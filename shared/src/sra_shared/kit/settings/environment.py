"""Settings that are read from the environment: how values are read, checked and reported."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from sra_shared.kit.errors import ConfigError


class EnvironmentSettings(BaseSettings):
    """Settings read from the environment: surrounding blanks are ignored, and a value of only blanks is not set."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=False, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def trim_values(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in trimmed.items() if value != "" or given[name] == ""}


Settings = TypeVar("Settings", bound=EnvironmentSettings)


def list_own_fields(kind: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the settings that a class declares itself, without inherited ones."""
    return {name: field for name, field in kind.model_fields.items() if name in kind.__annotations__}


def read_default(kind: type[EnvironmentSettings], name: str) -> Any:
    """Return the default of a setting, for parts that are also used without settings."""
    return kind.model_fields[name].default


def read_settings(kind: type[Settings]) -> Settings:
    """Return settings read from the environment; raises ConfigError that names the first invalid variable."""
    try:
        return kind()
    except ValidationError as error:
        raise ConfigError(describe_settings_error(error)) from None


def describe_settings_error(error: ValidationError) -> str:
    """Return the first invalid variable in the order of declaration, with the reason; its value is not repeated."""
    item = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in item["loc"]).upper()
    if item["type"] == "value_error":
        return f"{name} {item['msg'].removeprefix('Value error, ').removeprefix(name).lstrip()}.".strip()
    return f"{name or 'Settings'}: {item['msg']}."
