"""One refresh can be followed through the logs of all four services by the ids of its runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from sra_testing.gateway_lab import SERVICE
from sra_testing.real_services import run_real_services, wait_until_ready
from sra_testing.waiting import wait_for


async def run_refresh(url: str) -> tuple[dict[str, Any], str]:
    """Run one; return it and the gateway's figures."""
    async with httpx.AsyncClient(base_url=url, headers=SERVICE, trust_env=False) as client:
        refresh_id = (await client.post("/refresh", json={})).json()["refresh_id"]

        async def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = (await client.get(f"/refresh/{refresh_id}")).json()
            return found if found["completed_at"] else None

        found = await wait_for(ended, what="the end of the refresh", seconds=60)
        assert found is not None
        return found, (await client.get("/metrics")).text


async def test_a_refresh_is_followed_by_its_ids(database: str, tmp_path: Path) -> None:
    with run_real_services(database, tmp_path) as urls:
        await wait_until_ready(urls)
        refresh, metrics = await run_refresh(urls["gateway"])
    assert refresh["status"] == "completed", refresh
    logs = {name: [json.loads(line) for line in (tmp_path / f"{name}.log").read_text().splitlines()] for name in urls}
    assert all(line["service"] == name for name, lines in logs.items() for line in lines)
    refresh_id = refresh["refresh_id"]
    assert {"refresh_step_ended", "run_ended"} <= {
        line["event"] for line in logs["gateway"] if line.get("run_id") == refresh_id
    }
    requests = {
        (line["method"], line["path"], line["status"])
        for line in logs["gateway"]
        if line["event"] == "request" and line.get("run_id") == refresh_id
    }
    assert {("POST", "/refresh", 202), ("GET", f"/refresh/{refresh_id}", 200)} <= requests
    service_of = {"fmp": "fmp_ingest", "views": "view_builder"}
    for step in refresh["steps"]:
        lines = logs[service_of.get(step["step"], "fundata_ingest")]
        for run in step["runs"]:
            own = {line["event"]: line for line in lines if line.get("run_id") == run["task_id"]}
            # the request that started or polled it, and its end
            assert {"request", "run_ended"} <= set(own), (step["step"], sorted(own))
            # which names the refresh; a build may have been active already and belong to no refresh
            assert step["step"] == "views" or own["run_ended"]["parent_id"] == refresh_id
    documented = (Path(__file__).parents[2] / "docs/service_contract.md").read_text()
    names = {line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE sra_")}
    assert names
    assert [name for name in names if not name.endswith("_created") and f"| {name}" not in documented] == []
