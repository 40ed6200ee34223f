"""All settings of the product, declared once; nothing else reads the environment.

Composition roots (a service's `main.py`, the command line) create these objects and pass values on. `.env.example` and the
README's table of settings are generated from them.
"""

from __future__ import annotations

from sra_shared.kit.settings.database import READER_SECONDS, AdministratorSettings, DatabaseSettings
from sra_shared.kit.settings.environment import (
    EnvironmentSettings,
    Settings,
    describe_settings_error,
    list_own_fields,
    read_default,
    read_settings,
)
from sra_shared.kit.settings.lake import LakeSettings
from sra_shared.kit.settings.registry import SETTINGS_CLASSES, check_settings
from sra_shared.kit.settings.service import PeerSettings, ProxySettings, ScheduleSettings, ServiceSettings
from sra_shared.kit.settings.vendors import (
    FmpSettings,
    FundataSettings,
    LimitSettings,
    OutboundSettings,
    SeedStorageSettings,
)

__all__ = [
    "READER_SECONDS",
    "SETTINGS_CLASSES",
    "AdministratorSettings",
    "DatabaseSettings",
    "EnvironmentSettings",
    "FmpSettings",
    "FundataSettings",
    "LakeSettings",
    "LimitSettings",
    "OutboundSettings",
    "PeerSettings",
    "ProxySettings",
    "ScheduleSettings",
    "SeedStorageSettings",
    "ServiceSettings",
    "Settings",
    "check_settings",
    "describe_settings_error",
    "list_own_fields",
    "read_default",
    "read_settings",
]
