"""The effort of one more dataset or setting: the files that a person changes until its tests pass, tried on a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sra_cli.settings import build_environment
from sra_testing.packages import PACKAGES, ROOT

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(900)]

HEADCOUNTS = '''\
"""Employees of companies."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.dataset import Audience, Cadence, FmpDataset, FmpEndpoint, Scope
from fmp_collectors.records import Day, Number, Record, Symbol


class Headcount(Record):
    """Number of employees of a company, from its newest filing."""

    symbol: Symbol
    company_name: str | None = None
    form_date: Day | None = Field(None, description="Day of the filing.")
    employee_count: Number | None = Field(None, description="Number of employees, as delivered.")


HEADCOUNTS = FmpDataset(
    name="headcounts",
    title="Employees of companies",
    record=Headcount,
    table="fmp_headcount",
    about="Number of employees: newest row per company.",
    key=("symbol",),
    cadence=Cadence.WEEKLY,
    audience=Audience.COMPANIES,
    symbol_fields=("symbol",),
    endpoints=(FmpEndpoint(path="employee-count", scope=Scope.SYMBOL),),
)
'''
CARBON = """
[[datasets]]
name = "FundCarbon"
table = "data"
files = ["data/FundCarbonSeed.csv"]
date_formats = ["iso", "month_first"]
endpoint = "fund/getcarbon"
columns = [
  { name = "RecordId", type = "identifier" },
  { name = "InstrumentKey", type = "identifier" },
  { name = "Language", type = "text" },
  { name = "CarbonIntensity", type = "number" },
  { name = "RecordState", type = "text" },
  { name = "ChangeDate", type = "date" },
]
"""
SETTING = """\
    fmp_weekly_share: Decimal = Field(
        Decimal("0.5"), gt=0, le=1, description="Share of the calls that the weekly run may use."
    )
"""


@dataclass
class Clone:
    """A copy of what git tracks, in a repository of its own; `written` are the files that a person wrote or changed."""

    root: Path
    written: set[str] = field(default_factory=set)

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")
        self.written.add(path)

    def put(self, path: str, text: str, *, before: str) -> None:
        """Insert text before the first place that begins with `before`."""
        found = (self.root / path).read_text(encoding="utf-8")
        assert before in found, f"{path} has no {before!r}"
        self.write(path, found.replace(before, text + before, 1))

    def run(self, *command: str) -> None:
        folders = os.pathsep.join(str(self.root / folder.relative_to(ROOT)) for folder in PACKAGES.values())
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=build_environment({"PYTHONPATH": folders}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]

    def run_scripts(self, *names: str) -> None:
        for name in names:
            self.run(f"scripts/{name}")

    def test(self, *words: str) -> None:
        self.run("-m", "pytest", "-p", "no:cacheprovider", "-q", "-m", "not faults and not containers", *words)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    identity = ("-c", "user.name=proof", "-c", "user.email=proof@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-q", "-m", "Copy")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return Clone(tmp_path)


def add_fmp_dataset(clone: Clone) -> None:
    registry = "FMP/src/fmp_collectors/datasets/__init__.py"
    clone.write("FMP/src/fmp_collectors/datasets/headcounts.py", HEADCOUNTS)
    clone.put(
        registry,
        "from fmp_collectors.datasets.headcounts import HEADCOUNTS\n",
        before="from fmp_collectors.datasets.index",
    )
    clone.put(registry, "    HEADCOUNTS,\n", before="    PEERS,\n")
    reasons = "".join(
        f'    "fmp_headcount.{name}": "no view has the employees of companies yet",\n'
        for name in ("symbol", "company_name", "form_date", "employee_count", "updated_at")
    )
    clone.put("tests/view_builder/test_reachable_columns.py", reasons, before='    "equity_profile.change_percentage"')
    clone.run_scripts("write_declared", "write_columns")
    clone.run("scripts/draft_migration", "Employees of companies")
    clone.run_scripts("write_tables", "write_datasets")
    clone.test("tests/view_builder/test_reachable_columns.py")
    clone.test("tests/fmp_collectors", "tests/stand_in_tests/test_fmp_responses.py")
    clone.test("tests/shared/test_migrations.py", "tests/shared/test_tables_page.py")
    clone.test("tests/fmp_ingest/test_collect.py", "-k", "headcounts or complete_and_balance")


def add_fundata_dataset(clone: Clone) -> None:
    clone.put("fundata/catalogue.toml", CARBON.lstrip() + "\n", before='[[datasets]]\nname = "FundDailyNAVPS"')
    columns = "shared/src/sra_shared/schema/tables/fundata_columns.py"
    clone.put(
        columns,
        '    "carbon_intensity": f"Carbon intensity of the holdings, {_DELIVERED}.",\n',
        before='    "management_fee":',
    )
    clone.run_scripts("write_declared", "write_columns")
    clone.run("scripts/draft_migration", "Carbon intensity of funds")
    clone.run_scripts("write_tables", "write_lineage")
    clone.test("tests/view_builder/test_reachable_columns.py")
    clone.test("tests/stand_in_tests/test_fundata.py", "tests/fundata_ingest/test_models.py")
    clone.test("tests/shared/test_migrations.py", "tests/shared/test_tables_page.py")
    clone.test("tests/fundata_ingest/test_updates.py", "-k", "updates_of_all_datasets")


def add_setting(clone: Clone) -> None:
    clone.put("shared/src/sra_shared/kit/settings/vendors.py", SETTING, before="    fmp_backfill_share: Decimal")
    compose = "      FMP_WEEKLY_SHARE: ${FMP_WEEKLY_SHARE:-}\n"
    clone.put("docker-compose.yml", compose, before="      FMP_BACKFILL_SHARE:")
    clone.put(
        "render.yaml",
        '              - {key: FMP_WEEKLY_SHARE, value: "0.5"}\n',
        before="              - {key: FMP_BACKFILL_SHARE",
    )
    clone.put(
        "tests/cli/test_setting_values.py",
        '    "FMP_WEEKLY_SHARE": (*SHARE, "0"),\n',
        before='    "FMP_BACKFILL_SHARE"',
    )
    clone.run_scripts("write_env_example")
    clone.test("tests/architecture/test_deployment.py", "tests/architecture/test_settings.py")
    clone.test("tests/cli/test_setting_values.py")


@pytest.mark.parametrize(("add", "most"), [(add_fmp_dataset, 4), (add_fundata_dataset, 4), (add_setting, 5)])
def test_one_more_takes_a_few_files(clone: Clone, add: Callable[[Clone], None], most: int) -> None:
    add(clone)
    assert len(clone.written) <= most, sorted(clone.written)
