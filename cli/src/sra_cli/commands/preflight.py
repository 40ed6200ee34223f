"""`./sra preflight`: checks vendor access and the needs of a first load, before anything is loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from fmp_collectors.datasets import DATASETS
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed.tree import SeedTree
from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.preflight.plan import FmpCheck, check_fmp
from sra_cli.preflight.recording import prepare_folder, save_answers
from sra_cli.preflight.report import render_report
from sra_cli.preflight.seed import SeedCheck, check_seed, read_manifest
from sra_cli.preflight.updates import UpdateCheck, check_updates
from sra_cli.settings import read_settings
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs, hide_secrets
from sra_shared.kit.settings import FmpSettings, FundataSettings, SeedStorageSettings, ServiceSettings, check_settings

SeedArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[SEED]", help="Folder of the seed files, or their manifest. [default: FUNDATA_BASE_PATH]"),
]


SaveOption = Annotated[
    Path | None,
    typer.Option("--save", metavar="DIR", help="Save the first rows of FMP's responses, without keys, in this folder."),
]


def preflight(seed: SeedArgument = None, save: SaveOption = None, as_json: JsonOption = False) -> None:
    """Check vendor access and the needs of a first load. Requires no database and loads nothing.

    Makes about 60 calls to FMP, with bulk files at their own pace, and requests one export from Fundata; each only if its
    key is set. Exits 0 if everything fits, 1 if a finding would make a load incomplete.
    """
    output = Output(as_json=as_json)
    check_settings(ServiceSettings, FmpSettings, FundataSettings, SeedStorageSettings)
    configure_logs(service="preflight", level="ERROR", form="json")
    result = asyncio.run(_run_checks(output, seed, save))
    output.finish(result, code=EXIT_FAILED if result["findings"] else 0, render=lambda: render_report(result))


async def _run_checks(output: Output, seed: Path | None, save: Path | None) -> dict[str, Any]:
    fmp, fundata = read_settings(FmpSettings), read_settings(FundataSettings)
    is_sandbox = read_settings(ServiceSettings).sra_sandbox
    if save is not None:
        prepare_folder(save)
    result: dict[str, Any] = {
        "status": "fits",
        "findings": [],
        "fmp": None,
        "seed": None,
        "updates": None,
        "saved": None,
    }
    checks: dict[str, FmpCheck | SeedCheck | UpdateCheck | None] = {
        "seed": await _check_seed(fundata, seed),
        "updates": await check_updates(fundata, load_catalogue(), is_sandbox=is_sandbox),
        "fmp": await _check_fmp(output, fmp, is_sandbox=is_sandbox),
    }
    if not any(checks.values()):
        raise ConfigError(
            "There is nothing to check: no vendor's key is set and no seed file was found.",
            next_step="Set FMP_API_KEY or the Fundata keys, or name the seed tree.",
        )
    for name, checked in checks.items():
        if checked is not None:
            result[name] = checked.as_dict()
            result["findings"] += checked.list_findings()
    if save is not None and isinstance(checks["fmp"], FmpCheck):
        result["saved"] = {"folder": str(save), "answers": save_answers(save, checks["fmp"].recorder.calls)}
    result["status"] = "findings" if result["findings"] else "fits"
    return result


async def _check_fmp(output: Output, settings: FmpSettings, *, is_sandbox: bool) -> FmpCheck | None:
    if settings.fmp_api_key is None:
        output.print_note("FMP_API_KEY is not set: FMP is skipped.")
        return None
    hide_secrets([settings.fmp_api_key.get_secret_value()])
    bulk = sum(endpoint.is_bulk for dataset in DATASETS for endpoint in dataset.endpoints)
    minutes = max(1, round(bulk / settings.fmp_bulk_calls_per_minute))
    output.print_note(f"Calling FMP, including {bulk} bulk files: about {minutes} min.")
    return await check_fmp(settings, is_sandbox=is_sandbox)


async def _check_seed(settings: FundataSettings, seed: Path | None) -> SeedCheck | None:
    """Inspect the given tree or manifest, else the one of the settings; None if these name none."""
    storage = read_settings(SeedStorageSettings)
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
    return await check_seed(tree, manifest, storage, load_catalogue(), reject_limit=settings.reject_limit)
