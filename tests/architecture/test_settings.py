"""Settings: each is declared once, is in `.env.example`, and is read in one place."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from pydantic_settings import BaseSettings

from sra_cli.settings import CommandSettings
from sra_shared.kit.settings import SETTINGS_CLASSES, list_own_fields
from sra_testing.packages import PACKAGES, ROOT

SPECIFIED = """
DATABASE_URL DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SSL DB_POOL_MIN_SIZE DB_POOL_MAX_SIZE SRA_SERVICE_TOKEN
SRA_VIEWER_TOKEN SRA_TOKENS SRA_READER_PASSWORD FMP_API_KEY FMP_BASE_URL FMP_MAX_CALLS_PER_MINUTE
FMP_BULK_CALLS_PER_MINUTE FMP_HISTORY_YEARS FMP_BACKFILL_SHARE FUNDATA_ACCESS_KEY_ID FUNDATA_SECRET_ACCESS_KEY
FUNDATA_AUTH_URL FUNDATA_API_URL FUNDATA_OVERLAP_DAYS FUNDATA_BASE_PATH FUNDATA_DATA_PATH FUNDATA_QUOTES_PATH LFS_URL
LFS_TOKEN SEED_BASE_URL SEED_BUCKET SEED_REGION SEED_ACCESS_KEY_ID SEED_SECRET_ACCESS_KEY SEED_MANIFEST REJECT_LIMIT
DROP_LIMIT LAKE_URL LAKE_ENDPOINT LAKE_REGION LAKE_ACCESS_KEY_ID LAKE_SECRET_ACCESS_KEY LAKE_KEEP_BUILDS LAKE_GRACE_HOURS
FMP_INGEST_URL FUNDATA_INGEST_URL VIEW_BUILDER_URL REFRESH_CRON WEEKLY_CRON REFRESH_TIMEZONE
REFRESH_WINDOW_MINUTES ALERT_WEBHOOK_URL PORT LOG_LEVEL LOG_FORMAT SRA_ENV SRA_SANDBOX
"""
KINDS: tuple[type[BaseSettings], ...] = (*SETTINGS_CLASSES, CommandSettings)
DECLARED = [name.upper() for kind in KINDS for name in list_own_fields(kind)]


def read_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_each_is_declared_once() -> None:
    assert sorted(DECLARED) == sorted(set(DECLARED))


@pytest.mark.parametrize("name", SPECIFIED.split())
def test_every_specified_setting_is_declared(name: str) -> None:
    assert name in DECLARED


def test_each_setting_is_described() -> None:
    for kind in KINDS:
        for name, field in kind.model_fields.items():
            assert (field.description or "").endswith("."), name


def test_the_example_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/write_env_example", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(read_example()) == DECLARED


def test_the_example_loads_with_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DECLARED:
        monkeypatch.delenv(name, raising=False)
    defaults = [kind() for kind in SETTINGS_CLASSES]
    for name, value in read_example().items():
        monkeypatch.setenv(name, value.strip("'"))
    assert [kind() for kind in SETTINGS_CLASSES] == defaults


def test_no_secret_has_a_default() -> None:
    for name, value in read_example().items():
        if re.search(r"KEY|TOKEN|PASSWORD|SECRET|WEBHOOK", name):
            assert value == "", name


def test_the_environment_is_read_in_one_place() -> None:
    # the last one prints programs that read it
    allowed = {"cli/src/sra_cli/settings.py", "cli/src/sra_cli/lake_snippets.py"}
    found = {
        str(path.relative_to(ROOT))
        for source in PACKAGES.values()
        for path in source.rglob("*.py")
        if re.search(r"os\.environ|os\.getenv|getenv\(", path.read_text(encoding="utf-8"))
    }
    assert found <= allowed
