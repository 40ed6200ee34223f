"""The commands of docs/testing.md select tests, and its options are those of `./sra test`."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from sra_cli.commands.test import HEAVY, select_tests
from sra_cli.settings import ROOT, build_environment

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
COMMANDS = [line for line in re.findall(r"^\$ .*\./sra test -- (.+)$", PAGE, re.MULTILINE) if "tests/" in line]


def test_the_files_in_the_commands_exist() -> None:
    named = [word for words in COMMANDS for word in shlex.split(words) if word.startswith("tests/")]
    assert len(named) >= len(COMMANDS)
    assert [word for word in named if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("words", [words for words in COMMANDS if " -k " in words])
def test_the_selections_in_the_commands_match_tests(words: str) -> None:
    options = ["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *select_tests(None)[0], *shlex.split(words), *options],
        cwd=ROOT,
        env=build_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::" in done.stdout


def test_every_heavy_test_run_is_explained() -> None:
    explained = re.findall(r"^\| `--(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(explained) == sorted(HEAVY)
