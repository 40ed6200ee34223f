"""The two descriptions of the deployment, compose and Blueprint, and the settings that each part of the product reads."""

from __future__ import annotations

import ast
import re
from typing import Any

import yaml

from sra_shared.kit import settings as declarations
from sra_testing.packages import PACKAGES, ROOT, SERVICES

MIGRATE = "migrate"
MODES = ("demo", "real")
_MAINS = {name: PACKAGES[name] / name / "main.py" for name in SERVICES} | {
    MIGRATE: PACKAGES["sra_shared"] / "sra_shared" / "migrate.py"
}
_KINDS = {kind.__name__: kind for kind in declarations.SETTINGS_CLASSES}


def read_yaml(name: str) -> Any:
    """Return the content of a YAML file in the repository's root."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def read_compose(mode: str) -> dict[str, dict[str, Any]]:
    """Return compose's services with their environment in a mode, without interpolation."""
    services: dict[str, dict[str, Any]] = read_yaml("docker-compose.yml")["services"]
    added = read_yaml(f"docker-compose.{mode}.yml")["services"]
    for service in services.values():
        extended = added[service["extends"]["service"]]
        service["environment"] = {**extended.get("environment", {}), **service.get("environment", {})}
        service["volumes"] = [*service.get("volumes", ()), *extended.get("volumes", ())]
        service["profiles"] = [*service.get("profiles", ()), *extended.get("profiles", ())]
    return services


def read_blueprint() -> dict[str, Any]:
    """Return the only environment of render.yaml."""
    loaded: dict[str, Any] = read_yaml("render.yaml")["projects"][0]["environments"][0]
    return loaded


def name_module(service: dict[str, Any]) -> str:
    """Return the package that a service of the Blueprint runs."""
    return str(service["name"]).removeprefix("sra-").replace("-", "_")


def list_variables(service: dict[str, Any], blueprint: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variables of a service of the Blueprint by name, including those of its groups."""
    groups = {group["name"]: group["envVars"] for group in blueprint["envVarGroups"]}
    found: dict[str, dict[str, Any]] = {}
    for entry in service["envVars"]:
        for variable in groups[entry["fromGroup"]] if "fromGroup" in entry else [entry]:
            found[variable["key"]] = variable
    return found


def list_readable(module: str) -> set[str]:
    """Return the variables of every settings class that a part creates at its start."""
    tree = ast.parse(_MAINS[module].read_text(encoding="utf-8"))
    made = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KINDS
    }
    assert made, f"{module} makes no settings"
    return {field.upper() for name in made for field in _KINDS[name].model_fields}


def list_unread(module: str) -> set[str]:
    """Return the settings of those classes that neither the part's own code nor shared code reads.

    Of the other services' addresses a part reads only those that it calls; the reader's password is read by the code that
    creates the role, the sandbox's mark by the migration.
    """
    chosen = {name.upper() for name in declarations.PeerSettings.model_fields} | {"SRA_READER_PASSWORD", "SRA_SANDBOX"}
    files = [_MAINS[MIGRATE]] if module == MIGRATE else sorted((PACKAGES[module] / module).rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return {name for name in chosen if not re.search(rf"\.{name.lower()}\b", text)}
