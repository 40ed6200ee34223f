"""Short waits for durable work in tests; separate processes read them from their arguments."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from sra_shared.kit.timing import LeaseTiming

QUICK = LeaseTiming(
    beat=0.3,
    dead=2.0,
    lease=30.0,
    reconnect=0.2,
    pause=0.1,
    longest_pause=1.0,
    stop_check=0.1,
    poll=0.2,
    takeover=3.0,
    busy_retry=0.3,
    helper_retry=1.0,
    restore=2.0,
    restart=0.2,
    task_restart=0.5,
    grace=3.0,
    database_look=0.5,
    command_poll=0.2,
    send_poll=0.2,
    send_pause=0.1,
    longest_send_pause=1.0,
)
"""A killed worker is replaced within seconds; leases last longer than any stall of a busy machine."""

BRIEF_LEASES = replace(QUICK, lease=4.0)
"""For tests that pause a worker until its leases end."""


def write_timing(timing: LeaseTiming) -> str:
    """Return the timing as one argument of a process."""
    return json.dumps(asdict(timing))


def read_timing(text: str) -> LeaseTiming:
    """Return the timing that `write_timing` wrote."""
    return LeaseTiming(**json.loads(text))
