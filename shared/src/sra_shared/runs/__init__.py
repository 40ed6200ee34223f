"""Runs: the ledger of requested work, its units, their leases, and the driver that executes a run.

A run is a row of `task_execution_log`; its units are rows of `run_unit`. A worker claims a unit by incrementing its fencing
token (the column `fencing_token`), and every chunk's commit updates that row under the token that it holds: the fence is the
resume point itself.
"""

from sra_shared.runs.command import CommandRun as CommandRun
from sra_shared.runs.command import execute_in_process as execute_in_process
from sra_shared.runs.command import execute_to_end as execute_to_end
from sra_shared.runs.ending import RunEnd as RunEnd
from sra_shared.runs.execute import Execution as Execution
from sra_shared.runs.execute import UnitContext as UnitContext
from sra_shared.runs.execute import Work as Work
from sra_shared.runs.execute import execute_run as execute_run
from sra_shared.runs.leases import Lease as Lease
from sra_shared.runs.leases import Worker as Worker
from sra_shared.runs.ledger import RequestedRun as RequestedRun
from sra_shared.runs.ledger import list_runs as list_runs
from sra_shared.runs.ledger import read_run as read_run
from sra_shared.runs.ledger import read_units as read_units
from sra_shared.runs.ledger import request_cancel as request_cancel
from sra_shared.runs.ledger import request_run as request_run
from sra_shared.runs.model import ProcessingTask as ProcessingTask
from sra_shared.runs.model import RunRequest as RunRequest
from sra_shared.runs.model import RunStatus as RunStatus
from sra_shared.runs.model import TaskType as TaskType
from sra_shared.runs.model import Unit as Unit
from sra_shared.runs.model import UnitPlan as UnitPlan
from sra_shared.runs.model import UnitStatus as UnitStatus
from sra_shared.runs.progress import RunProgress as RunProgress
from sra_shared.runs.progress import summarise_progress as summarise_progress
from sra_shared.runs.release import make_release_request as make_release_request
