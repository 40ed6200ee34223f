"""The command line as a whole: help, usage errors, exit codes, and one JSON object on stdout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from sra_cli.app import COMMANDS, build_app, run
from sra_cli.output import choose_exit_code
from sra_shared.kit.errors import ConfigError, RunHeldError


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("failed", 1), ("partial", 2), ("parked", 3), ("held", 4), ("cancelled", 1), ("unheard of", 1)],
)
def test_exit_code_of_a_status(status: str, code: int) -> None:
    assert choose_exit_code(status) == code


def test_help_lists_every_command_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f" {name} " in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "3 parked" in shown


def test_no_arguments_are_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert re.search(r"[A-Z].*\.", shown), "a sentence says what it does"


def test_a_wrong_command_is_a_configuration_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lod"]) == 5
    assert "lod" in capsys.readouterr().err


def test_a_wrong_option_is_a_configuration_error_and_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--nonsense", "--json"]) == 5
    response = capsys.readouterr()
    assert json.loads(response.out)["status"] == "failed"
    assert "--nonsense" in response.err


def test_wrong_settings_name_the_variable(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere/x")
    monkeypatch.setenv("DB_POOL_MAX_SIZE", "many")
    assert run(["migrate", "--json"]) == 5
    assert "DB_POOL_MAX_SIZE" in json.loads(capsys.readouterr().out)["error"]
    monkeypatch.delenv("DB_POOL_MAX_SIZE")
    assert run(["migrate", "--json"]) == 5
    assert "DATABASE_URL" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("address", ["postgres://u:p[ss@h/d", "postgres://u:p@h:port/d"])
def test_an_address_that_cannot_be_read_names_the_variable(
    address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    assert run(["runs", "--json"]) == 5
    assert "DATABASE_URL" in json.loads(capsys.readouterr().out)["error"]


def test_corrections_that_are_not_text_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lines.txt").write_bytes(b"7\tMontr\xe9al\n")
    assert run(["rejects", "replay", "--file", str(tmp_path / "lines.txt"), "--json"]) == 5
    assert "lines.txt: Line 1 is not UTF-8" in json.loads(capsys.readouterr().out)["error"]


def test_a_database_that_does_not_respond(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert run(["runs", "--json"]) == 1
    assert "does not respond" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ConfigError("a", next_step="b"), 5, "failed"),
        (RunHeldError("a"), 4, "held"),
        (KeyboardInterrupt(), 130, "failed"),
        (ValueError("not thought of: postgresql://u:secret99@h/d"), 1, "failed"),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    status: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_wanted: str | None) -> typer.Typer:
        app = typer.Typer()

        @app.command("down")
        def down(as_json: bool = typer.Option(False, "--json")) -> None:
            raise error

        @app.command("other")
        def other() -> None: ...

        return app

    monkeypatch.setattr("sra_cli.app.build_app", fail)
    assert run(["down", "--json"]) == code
    response = capsys.readouterr()
    assert json.loads(response.out)["status"] == status
    assert "secret99" not in response.out + response.err
    assert ("Traceback" in response.err) == isinstance(error, ValueError)


def test_only_the_called_command_is_imported() -> None:
    names = [info.name for info in build_app("down").registered_commands]
    assert names == list(COMMANDS)
