"""`./sra load --write-manifest`: the manifest of a seed tree for object storage."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from fundata_ingest.seed.manifest import Manifest
from sra_cli.commands.load import load
from sra_shared.kit.errors import ConfigError


def run(*words: str) -> tuple[int, str, BaseException | None]:
    app = typer.Typer()
    app.command()(load)
    result = CliRunner().invoke(app, [*words, "--json"])
    return result.exit_code, result.stdout, result.exception


def test_manifest_is_written_next_to_the_files_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"x\n")
    code, said, _ = run(str(tmp_path), "--write-manifest")
    assert code == 0
    assert json.loads(said) | {"manifest": ""} == {"status": "completed", "manifest": "", "files": 1, "bytes": 2}
    (file,) = Manifest.model_validate_json((tmp_path / "manifest.json").read_bytes()).files
    assert (file.path, file.sha256) == ("data/a.csv", hashlib.sha256(b"x\n").hexdigest())


def test_folder_without_seed_files_is_refused(tmp_path: Path) -> None:
    _, _, error = run(str(tmp_path), "--write-manifest")
    assert isinstance(error, ConfigError)
    assert not (tmp_path / "manifest.json").exists()
