"""The contract version in the health report: published, being built, or newer than this code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.service.health import CheckResult, HealthStatus
from view_builder.apply import read_state
from view_builder.compile import CompiledView
from view_builder.contract_versions import NewerContractError, find_target, read_contract
from view_builder.schemas import STAGED

_log = get_logger(__name__)


class ContractReport:
    """The last known state of the contract version."""

    def __init__(self) -> None:
        self._result = CheckResult(status=HealthStatus.HEALTHY)

    def check(self) -> CheckResult:
        """Return the state without looking."""
        return self._result

    async def poll(self, connection: Connection, views: Sequence[CompiledView]) -> None:
        """Read the state; raises NewerContractError if a newer version is published."""
        target = await find_target(connection, views)
        if target[0].schemas != STAGED:
            self._put(HealthStatus.HEALTHY, f"Contract version {views[0].contract_version} is published.")
            return
        states = {view.relation: await read_state(connection, view) for view in target}
        failed = [name for name, state in states.items() if state is not None and state["error"]]
        published = (await read_contract(connection)).version
        detail = f"Contract version {views[0].contract_version} is being built; readers see version {published}."
        if failed:
            self._put(HealthStatus.DEGRADED, f"{detail} Not built: {', '.join(failed)}; see the service's log.")
        else:
            self._put(HealthStatus.HEALTHY, detail)

    def refuse(self, error: NewerContractError) -> None:
        """Report that this code is older than the published views."""
        if self._result.detail != str(error):
            _log.error("newer_contract_is_published", message=error.message, next_step=error.next_step)
        self._put(HealthStatus.DEGRADED, str(error))

    def _put(self, status: HealthStatus, detail: str) -> None:
        self._result = CheckResult(status=status, detail=detail, checked_at=datetime.now(UTC))
