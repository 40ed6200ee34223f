"""All classes of settings, in the order in which they are checked and listed."""

from __future__ import annotations

from sra_shared.kit.settings.database import AdministratorSettings, DatabaseSettings
from sra_shared.kit.settings.environment import EnvironmentSettings, read_settings
from sra_shared.kit.settings.lake import LakeSettings
from sra_shared.kit.settings.service import PeerSettings, ProxySettings, ScheduleSettings, ServiceSettings
from sra_shared.kit.settings.vendors import (
    FmpSettings,
    FundataSettings,
    LimitSettings,
    OutboundSettings,
    SeedStorageSettings,
)

SETTINGS_CLASSES: tuple[type[EnvironmentSettings], ...] = (
    DatabaseSettings,
    AdministratorSettings,
    ServiceSettings,
    PeerSettings,
    ProxySettings,
    LimitSettings,
    OutboundSettings,
    FmpSettings,
    FundataSettings,
    SeedStorageSettings,
    LakeSettings,
    ScheduleSettings,
)


def check_settings(*kinds: type[EnvironmentSettings]) -> None:
    """Raise ConfigError for the first invalid variable of these kinds, in the order of SETTINGS_CLASSES and its members.

    Combinations of variables in one class, and the parts of DATABASE_URL, are checked after the single variables. Call it
    before anything is done: otherwise a part that reads its settings later would fail after others have started their work.
    """
    for kind in SETTINGS_CLASSES:
        if kind in kinds:
            read_settings(kind)
