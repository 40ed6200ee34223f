"""The update step against a stand-in, in this process."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.update_steps import StepWork
from fundata_ingest.updates.update_api import ApiTiming, FundataAccount
from sra_shared.runs import RunRequest, TaskType
from sra_stand_in.server import StandIn
from sra_testing.timings import QUICK

QUICK_API = ApiTiming(pause=0.02, longest_pause=0.2, poll=0.05, longest_poll=0.5)
"""Retries calls to the update API, and polls exports, without long pauses."""


def make_step(
    stand_in: StandIn, root: Path, *, table: str = "quotes", reject_limit: str = "0.001", **account: Any
) -> StepWork:
    seed = SeedWork(
        catalogue=load_catalogue(),
        find_tree=lambda _task: SeedTree(root, root / "data", root / "quotes"),
        reject_limit=Decimal(reject_limit),
        drop_limit=Decimal("0.02"),
        tables=(table,),  # type: ignore[arg-type]
    )
    known = FundataAccount(
        key=SecretStr("key-of-a-test"),
        secret=SecretStr("secret-of-a-test"),
        auth_url=stand_in.fundata_auth_url,
        api_url=stand_in.fundata_api_url,
        timing=QUICK_API,
    )
    return StepWork(seed, table, replace(known, **account), overlap_days=7)  # type: ignore[arg-type]


def request(table: str = "quotes", **parameters: Any) -> RunRequest:
    task_type = TaskType.FUNDATA_QUOTES if table == "quotes" else TaskType.FUNDATA_DATA
    return RunRequest(task_type=task_type, parameters=parameters, max_retries=3, timeout_seconds=120)


async def update(dsn: str, step: StepWork, **parameters: Any) -> LoadResult:
    return await run_in_process(dsn, request(step.table, **parameters), step, timing=QUICK)
