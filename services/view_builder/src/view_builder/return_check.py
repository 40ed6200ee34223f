"""The last known result of the reconciliation of funds' monthly returns, as an entry of the health report."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sra_shared.kit.db import Connection
from sra_shared.service import CheckResult, HealthStatus

SQL_FIND_BUILD = "SELECT build_id FROM published_view WHERE relation = 'fund_return_reconciliation'"
SQL_COUNT = """
SELECT count(r.is_within) AS compared, count(*) FILTER (WHERE NOT r.is_within) AS differing
FROM published.fund_return_reconciliation r
"""


class ReturnCheck:
    """Counts the months of funds whose return differs from the vendor's, once for each build of the view."""

    def __init__(self) -> None:
        """Nothing is known before the first check."""
        self._build: UUID | None = None
        self._compared = 0
        self._differing = 0
        self._checked_at: datetime | None = None

    async def poll(self, connection: Connection) -> None:
        """Count again if the view was built since the last check."""
        build = await connection.fetchval(SQL_FIND_BUILD)
        if build != self._build:
            row = await connection.fetchrow(SQL_COUNT)
            self._compared, self._differing = (row["compared"], row["differing"]) if row is not None else (0, 0)
            self._build = build
        self._checked_at = datetime.now(UTC)

    def report(self) -> CheckResult:
        """Return the counts. Differences concern the data and do not make the service unhealthy."""
        detail = (
            f"{self._differing} of {self._compared} compared months of funds differ from the vendor's return by more than"
            " 0.1 percentage points: sra.fund_return_reconciliation lists them."
            if self._compared
            else "No month of a fund has been compared yet."
        )
        return CheckResult(status=HealthStatus.HEALTHY, detail=detail, checked_at=self._checked_at)
