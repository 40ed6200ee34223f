"""The sandbox rule: made-up data only in a database for made-up data, real data only in the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sra_shared.kit.errors import ConfigError
from sra_shared.kit.http.addresses import is_host_of, read_host

STAND_IN_HEADER = "X-SRA-Stand-In"


class RefusedSourceError(ConfigError):
    """A sandbox is paired with real data, or a real database with made-up data; nothing may be stored."""


@dataclass(frozen=True)
class SandboxGuard:
    """The rule for one vendor: its domain, its name in messages, and the settings that hold its addresses."""

    domain: str
    vendor: str
    settings: tuple[str, ...]

    def check_addresses(self, urls: Mapping[str, str], *, is_sandbox: bool) -> None:
        """Raise RefusedSourceError if a sandbox would be filled from the vendor; `urls` are addresses by their setting."""
        for setting, url in urls.items():
            host = read_host(url, setting)
            if is_sandbox and is_host_of(host, self.domain):
                raise RefusedSourceError(
                    f"This database is a sandbox for made-up data, but {setting} is the vendor's own host ({host}).",
                    next_step="Use a database that was migrated without --sandbox, or point"
                    f" {' and '.join(self.settings)} at the stand-in.",
                )

    def check_response(self, headers: Mapping[str, str], *, is_sandbox: bool) -> None:
        """Raise RefusedSourceError if a database for real data is offered a stand-in's."""
        if STAND_IN_HEADER in headers and not is_sandbox:
            raise RefusedSourceError(
                f"{self.vendor} is a stand-in with made-up data, but this database is for real data.",
                next_step=f"Point {' and '.join(self.settings)} at the vendor, or use a separate database, migrated with"
                " `./sra migrate --sandbox`.",
            )
