"""`./sra preflight`: what the vendors would give and what a first load would take, before anything is loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.tree import SeedTree
from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.preflight.report import render_report
from sra_cli.preflight.seed import SeedLook, look_at_seed, read_manifest
from sra_cli.settings import read_settings
from sra_shared.errors import ConfigError
from sra_shared.logs import configure_logs
from sra_shared.settings import FundataSettings, SeedStorageSettings, ServiceSettings, check_settings

SeedArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[SEED]", help="Folder of the seed files, or their manifest. [default: FUNDATA_BASE_PATH]"),
]


def preflight(seed: SeedArgument = None, as_json: JsonOption = False) -> None:
    """Show what the vendors would give and a first load would take. Needs no database and stores nothing.

    Exits 0 if everything fits, 1 if something would make a load incomplete.
    """
    output = Output(as_json=as_json)
    check_settings(ServiceSettings, FundataSettings, SeedStorageSettings)
    configure_logs(service="preflight", level="ERROR", form="json")
    result = asyncio.run(_look(seed))
    output.finish(result, code=EXIT_FAILED if result["findings"] else 0, render=lambda: render_report(result))


async def _look(seed: Path | None) -> dict[str, Any]:
    look = await _look_at_seed(seed)
    if look is None:
        raise ConfigError("There is nothing to look at.", next_step="Name the seed tree, or set FUNDATA_BASE_PATH.")
    findings = look.list_findings()
    return {"status": "findings" if findings else "fits", "findings": findings, "seed": look.as_dict()}


async def _look_at_seed(seed: Path | None) -> SeedLook | None:
    """Look at the tree or manifest that is named, else at that of the settings; None where these lead to none."""
    settings, storage = read_settings(FundataSettings), read_settings(SeedStorageSettings)
    root = (seed if seed is not None else Path(settings.fundata_base_path)).resolve()
    manifest = None
    if root.is_file():
        manifest, root = read_manifest(root), root.parent
    if seed is None:
        folders = (settings.fundata_data_path, settings.fundata_quotes_path)
        data, quotes = (Path(folder).resolve() if folder else None for folder in folders)
        has_folder = any(folder.is_dir() for folder in (data or root / "data", quotes or root / "quotes"))
        if not has_folder and not storage.is_set:
            return None
        tree = SeedTree.at(root, data=data, quotes=quotes)
    else:
        tree = SeedTree.at(root)
    if manifest is None and (root / "manifest.json").is_file():
        manifest = read_manifest(root / "manifest.json")
    return await look_at_seed(tree, manifest, storage, load_catalogue(), reject_limit=settings.reject_limit)
