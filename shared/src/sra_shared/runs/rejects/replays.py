"""What the replays of all sources share: parameters, units, pages, resolving rejects, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, RunStatus, TaskType, Unit, UnitPlan, UnitStatus
from sra_shared.runs.counts import Counts
from sra_shared.runs.ending import decide_run_status
from sra_shared.runs.model import RunRequest
from sra_shared.runs.reject_state import REJECT_IS_OPEN

MOST_IDS = 1000
_MOST_NAMED = 20
CORRECTED = "corrected"
REPLAY_TASKS: Mapping[str, TaskType] = {"fundata": TaskType.CSV_IMPORT, "fmp": TaskType.DAILY_QUOTES}
"""The task type of each source's replays."""

_WANTED = f"source = $1 AND {REJECT_IS_OPEN} AND ($2::bigint[] IS NULL OR reject_id = ANY($2))"
_SQL_DATASETS = compose(
    """
SELECT DISTINCT dataset FROM rejected_record WHERE {wanted} AND ($3::text IS NULL OR dataset = $3) ORDER BY 1
""",
    wanted=_WANTED,
)
_SQL_NOT_OPEN = """
SELECT w.reject_id, r.dataset, r.source, r.resolved_at, r.resolution, r.dismissed_at, r.dismissal
FROM unnest($2::bigint[]) AS w (reject_id) LEFT JOIN rejected_record r USING (reject_id)
WHERE r.source IS DISTINCT FROM $1 OR r.resolved_at IS NOT NULL OR r.dismissed_at IS NOT NULL
  OR ($3::text IS NOT NULL AND r.dataset <> $3)
ORDER BY 1
"""
# if a resolved row is delivered again it is a new reject, unless a person had corrected it
_SQL_RESOLVE = compose(
    """
UPDATE rejected_record SET resolved_at = now(), resolved_by = $2, resolution = $3,
  occurrence = CASE WHEN starts_with($3, '{corrected}') THEN occurrence END
WHERE reject_id = $1
""",
    corrected=CORRECTED,
)
_SQL_STILL = "UPDATE rejected_record SET reason = $2, detail = $3 WHERE reject_id = $1 AND $2 <> reason"


class ReplayParameters(BaseModel):
    """Parameters of a run that replays rejected records."""

    model_config = ConfigDict(extra="forbid")

    replay: str | None = Field(
        None, max_length=100, description="Dataset of the rejects; empty for all or those named."
    )
    reject_ids: list[int] | None = Field(None, max_length=MOST_IDS, description="Only these rejects.")

    @model_validator(mode="after")
    def check_pair(self) -> Self:
        if self.reject_ids is not None and self.replay is None:
            raise ValueError("reject_ids require replay: set it too, empty for all datasets")
        return self


def make_replay_request(
    source: str,
    *,
    dataset: str | None = None,
    reject_ids: Sequence[int] | None = None,
    corrections: Mapping[int, str] | None = None,
) -> RunRequest:
    """Return the request: all open rejects, those of a dataset, the given ones, or those with corrected records."""
    parameters: dict[str, Any] = {"replay": dataset or ""}
    if reject_ids:
        parameters["reject_ids"] = sorted(reject_ids)
    if corrections is not None:
        parameters["corrections"] = {str(reject_id): record for reject_id, record in corrections.items()}
    return RunRequest(task_type=REPLAY_TASKS[source], parameters=parameters)


@dataclass(frozen=True)
class ReplayRequest:
    """What to replay: the dataset and the ids of the rejects (None for all), and the corrected records."""

    dataset: str | None
    reject_ids: list[int] | None
    corrections: Mapping[int, str]

    @classmethod
    def read(cls, task: ProcessingTask) -> Self:
        """Read the parameters of a run."""
        parameters = task.parameters
        corrections = {int(key): record for key, record in parameters.get("corrections", {}).items()}
        wanted = sorted(corrections) if "corrections" in parameters else parameters.get("reject_ids")
        return cls(parameters.get("replay") or None, wanted, corrections)


@dataclass(frozen=True)
class RejectPages:
    """The open rejects of a dataset in pages of at most `rows` rows and `most_bytes` bytes, but at least one row.

    `extra` are additional columns. A page is locked against other replays and deliveries.
    """

    source: str
    dataset: str
    request: ReplayRequest
    rows: int = 500
    most_bytes: int = 16 << 20
    extra: str = ""

    async def read_page(self, connection: Connection, after: int) -> list[asyncpg.Record]:
        """Return the rejects after this id, in the order of their ids; empty at the end."""
        query = compose(
            """
        WITH page AS (
          SELECT reject_id, octet_length(raw) AS bytes FROM rejected_record
          WHERE {wanted} AND dataset = $3 AND reject_id > $4 ORDER BY reject_id LIMIT {rows}),
        bounded AS (SELECT reject_id, sum(bytes) OVER (ORDER BY reject_id) - bytes AS before FROM page)
        SELECT r.* {extra}
        FROM bounded b JOIN rejected_record r USING (reject_id)
        WHERE b.before < {most_bytes} AND {reject_is_open} ORDER BY r.reject_id
        FOR UPDATE OF r""",
            wanted=_WANTED,
            rows=self.rows,
            extra=self.extra,
            most_bytes=self.most_bytes,
            reject_is_open=REJECT_IS_OPEN,
        )
        return await connection.fetch(query, self.source, self.request.reject_ids, self.dataset, after)


async def plan_replay(connection: Connection, task: ProcessingTask, source: str) -> list[UnitPlan]:
    """Return a unit for each dataset with open rejects, and one that fails for ids that name no open reject."""
    request = ReplayRequest.read(task)
    datasets = await connection.fetch(_SQL_DATASETS, source, request.reject_ids, request.dataset)
    wrong = await connection.fetch(_SQL_NOT_OPEN, source, request.reject_ids or [], request.dataset)
    plans = [UnitPlan(f"rejects of {row['dataset']}", row["dataset"], {"file": "rejects"}) for row in datasets]
    if wrong:
        message = " ".join(_describe_wrong_id(row, source) for row in wrong[:_MOST_NAMED])
        more = f" And {len(wrong) - _MOST_NAMED} more." if len(wrong) > _MOST_NAMED else ""
        plans.append(UnitPlan("not open", "", {"file": "rejects"}, UnitStatus.FAILED, message + more))
    return plans


def _describe_wrong_id(row: asyncpg.Record, source: str) -> str:
    name = f"Reject {row['reject_id']}"
    if row["source"] is None:
        return f"{name} does not exist."
    if row["source"] != source:
        return f"{name} is from {row['source']}, whose rejects another service replays."
    if row["resolved_at"] is not None:
        return f"{name} was resolved before ({row['resolution']})."
    if row["dismissed_at"] is not None:
        return f"{name} was dismissed ({row['dismissal']}): reopen it first."
    return f"{name} belongs to {row['dataset']}."


async def resolve_reject(connection: Connection, reject_id: int, run_id: UUID, resolution: str) -> None:
    """Mark a reject as resolved, in the transaction that stores its record."""
    await connection.execute(_SQL_RESOLVE, reject_id, run_id, resolution)


async def leave_open(connection: Connection, row: asyncpg.Record, reason: str, detail: str) -> Counts:
    """Record why a record is still rejected, and return its counts."""
    await connection.execute(_SQL_STILL, row["reject_id"], reason, detail.replace("\0", ""))
    return Counts(read=1, rejected=1, rejected_by={reason: 1})


async def conclude_replay(connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
    """Return the outcome of a replay.

    Its datasets are those with resolved rejects. A replay that resolved nothing is at best partial.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT dataset FROM rejected_record WHERE resolved_by = $1 ORDER BY 1", task.task_id
    )
    datasets = [row["dataset"] for row in rows]
    total = sum((unit.counts for unit in units), Counts())
    planned = await connection.fetchval("SELECT planned_at FROM task_execution_log WHERE task_id = $1", task.task_id)
    status = decide_run_status(task, [unit.status for unit in units], plan_failed=planned is None)
    if status is not RunStatus.COMPLETED or datasets:
        return RunEnd(datasets=datasets)
    if not total.read:
        message = "Nothing was resolved: there was no open reject to replay."
    else:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(total.rejected_by.items()))
        message = f"Nothing was resolved: all {total.read} replayed records are still rejected ({reasons})."
    return RunEnd(status=RunStatus.PARTIAL, error=message, datasets=[])
