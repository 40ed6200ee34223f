"""The plan of `./sra up`: which processes run, with which settings and sources."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from fmp_ingest.client.fmp_client import check_source
from fundata_ingest.updates.update_api import FundataAccount, check_hosts
from sra_cli.home import Home
from sra_cli.ports import claim_port, find_free_port
from sra_cli.settings import ROOT, read_settings
from sra_cli.supervisor import ChildPlan
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import FmpSettings, FundataSettings, ServiceSettings, list_own_fields

SERVICES = ("fmp_ingest", "fundata_ingest", "view_builder", "gateway")
STAND_IN = "stand_in"
# enough for every kind of listing on every exchange, few enough for a first run
SAMPLE_SECURITIES = 30
SAMPLE = ROOT / "fundata" / "sample"
_DEFAULT_GATEWAY_PORT = 8080


@dataclass(frozen=True)
class StackPlan:
    """Ports and settings of one stack; `is_sandbox` marks a new database as one for made-up data."""

    is_sandbox: bool
    ports: Mapping[str, int]
    settings: Mapping[str, str]

    def build_url(self, name: str) -> str:
        """Return the address of a service of this stack."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def has_stand_in(self) -> bool:
        """Whether the stack includes our own stand-in."""
        return STAND_IN in self.ports

    def check_vendors(self, *, is_sandbox: bool) -> None:
        """Raise ConfigError if real vendors would fill a database for made-up data."""
        fmp, fundata = FmpSettings(**self._pick(FmpSettings)), FundataSettings(**self._pick(FundataSettings))
        if fmp.fmp_api_key is not None:
            check_source(fmp.fmp_base_url, is_sandbox=is_sandbox)
        key, secret = fundata.fundata_access_key_id, fundata.fundata_secret_access_key
        if key is not None and secret is not None:
            account = FundataAccount(
                key=key, secret=secret, auth_url=fundata.fundata_auth_url, api_url=fundata.fundata_api_url
            )
            check_hosts(account, is_sandbox=is_sandbox)

    def _pick(self, kind: type[BaseSettings]) -> dict[str, Any]:
        return {name.lower(): text for name, text in self.settings.items() if name.lower() in list_own_fields(kind)}


def plan_stack(home: Home, *, gateway_port: int | None) -> StackPlan:
    """Choose ports and settings; without any vendor's key, or with SRA_SANDBOX, the stack is a sandbox.

    In a sandbox, the stand-in replaces a vendor without a key. Explicit settings are kept, so that a user's own stand-in is
    used if the settings point to it. Raises ConfigError if the gateway's port is taken or settings are invalid.
    """
    fmp, fundata = read_settings(FmpSettings), read_settings(FundataSettings)
    lacking = [one for one, key in ((fmp, fmp.fmp_api_key), (fundata, fundata.fundata_access_key_id)) if key is None]
    is_sandbox = len(lacking) == 2 or read_settings(ServiceSettings).sra_sandbox
    played = lacking if is_sandbox else []
    names = [*SERVICES[:-1], *([STAND_IN] if played else [])]
    ports = dict(zip(names, choose_ports(len(names)), strict=True))
    ports["gateway"] = choose_gateway_port(gateway_port)
    settings = {
        "SRA_SERVICE_TOKEN": home.read_token("service"),
        "SRA_VIEWER_TOKEN": home.read_token("viewer"),
        "FMP_INGEST_URL": f"http://127.0.0.1:{ports['fmp_ingest']}",
        "FUNDATA_INGEST_URL": f"http://127.0.0.1:{ports['fundata_ingest']}",
        "VIEW_BUILDER_URL": f"http://127.0.0.1:{ports['view_builder']}",
        "GATEWAY_URL": f"http://127.0.0.1:{ports['gateway']}",
        "DASHBOARD_URL": f"http://127.0.0.1:{ports['gateway']}",
        "LOG_FORMAT": "json",
        "SRA_SANDBOX": "1" if is_sandbox else "0",
        "FUNDATA_BASE_PATH": str(choose_seed_folder(fundata, is_sandbox=is_sandbox)),
    }
    for vendor in played:
        settings |= choose_stand_in_settings(vendor, ports[STAND_IN])
    return StackPlan(is_sandbox=is_sandbox, ports=ports, settings=settings)


def choose_stand_in_settings(vendor: FmpSettings | FundataSettings, port: int) -> dict[str, str]:
    """Return the settings that point to the stand-in for this vendor, except those that are already set."""
    own = list_own_fields(type(vendor)).keys() - vendor.model_fields_set - {"fundata_base_path"}
    return {name: text for name, text in build_stand_in_settings(port).items() if name.lower() in own}


def choose_fmp_settings(home: Home, dsn: str) -> FmpSettings:
    """Return FMP's settings.

    Without a key, they are those of the stand-in in the stack that runs on the home with this database.
    """
    settings, running = read_settings(FmpSettings), home.read_running()
    if settings.fmp_api_key is not None or running is None or running.stand_in_port is None:
        return settings
    if running.database_url != dsn:
        return settings
    chosen = choose_stand_in_settings(settings, running.stand_in_port)
    values: dict[str, Any] = {name.lower(): text for name, text in chosen.items()}
    return FmpSettings(**values)


def build_stand_in_command(port: int, *, with_sample: bool = True) -> list[str]:
    """Return the command of the stand-in; its funds are those of the committed sample, or also made up."""
    command = [sys.executable, "-m", "sra_stand_in", "--port", str(port), "--securities", str(SAMPLE_SECURITIES)]
    return [*command, "--fundata-tree", str(SAMPLE)] if with_sample else command


def build_stand_in_settings(port: int) -> dict[str, str]:
    """Return the settings that point both sources to the stand-in and the committed sample."""
    return {
        "FMP_API_KEY": "made-up-key",
        "FMP_BASE_URL": f"http://127.0.0.1:{port}/stable",
        "FMP_BULK_CALLS_PER_MINUTE": "600",
        "FMP_HISTORY_YEARS": "1",
        "FUNDATA_ACCESS_KEY_ID": "made-up-key",
        "FUNDATA_SECRET_ACCESS_KEY": "made-up-secret",
        "FUNDATA_AUTH_URL": f"http://127.0.0.1:{port}/fundata-auth",
        "FUNDATA_API_URL": f"http://127.0.0.1:{port}/fundata-api",
        "FUNDATA_BASE_PATH": str(SAMPLE),
        "FUNDATA_DATA_PATH": "",
        "FUNDATA_QUOTES_PATH": "",
    }


def choose_seed_folder(fundata: FundataSettings, *, is_sandbox: bool) -> Path:
    """Return the seed tree: a set path relative to the caller's folder, else a sandbox's sample or the clone's own."""
    if "fundata_base_path" in fundata.model_fields_set:
        return Path(fundata.fundata_base_path).absolute()
    return SAMPLE if is_sandbox else ROOT / fundata.fundata_base_path


def choose_ports(count: int) -> list[int]:
    """Return different free ports."""
    chosen: set[int] = set()
    while len(chosen) < count:
        chosen.add(find_free_port())
    return sorted(chosen)


def choose_gateway_port(wanted: int | None) -> int:
    """Return the port of the gateway: the requested one, else 8080 if it is free, else any."""
    if wanted:
        if not claim_port(wanted):
            raise ConfigError(f"Port {wanted} is taken.", next_step="Choose another with --port.")
        return wanted
    return _DEFAULT_GATEWAY_PORT if claim_port(_DEFAULT_GATEWAY_PORT) else find_free_port()


def plan_children(plan: StackPlan, home: Home, database_url: str) -> list[ChildPlan]:
    """Return the processes of the stack, the stand-in first."""
    children = []
    if plan.has_stand_in:
        command = build_stand_in_command(plan.ports[STAND_IN])
        children.append(ChildPlan("stand-in", command, {}, home.logs / "stand-in.log"))
    for name in SERVICES:
        settings = {**plan.settings, "DATABASE_URL": database_url, "PORT": str(plan.ports[name])}
        children.append(
            ChildPlan(name, [sys.executable, "-m", name, "--host", "127.0.0.1"], settings, home.logs / f"{name}.log")
        )
    return children
