"""The five protocols hold what the product's real classes offer, as a type checker sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "tests" / "support" / "sra_testing" / "roles.py"


def check_types(file: Path, cache: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(cache), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_real_classes_play_the_roles(cache: Path) -> None:
    assert check_types(ROLES, cache) == ""


def test_a_class_that_does_not_fit_is_found(cache: Path, tmp_path: Path) -> None:
    text = ROLES.read_text(encoding="utf-8")
    wrong = text.replace("kept: CacheManager = cache", "kept: CacheManager = store")
    wrong = wrong.replace("repository: DataRepository[Delivery] = store", "repository: DataRepository[int] = store")
    file = tmp_path / "wrong_roles.py"
    file.write_text(wrong, encoding="utf-8")
    found = check_types(file, cache)
    assert 'variable has type "CacheManager"' in found
    assert 'variable has type "DataRepository[int]"' in found
