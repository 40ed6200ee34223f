"""All intervals of durable work, in one value that each composition root passes to its parts."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sra_shared.kit.retry import Backoff


@dataclass(frozen=True)
class LeaseTiming:
    """Seconds, all above zero. Raises ValueError if a value contradicts another.

    Leases: a worker renews its leases every `beat` and holds each for `lease`. A worker whose database connection has
    disappeared counts as dead after `dead` without a heartbeat, which is long enough for a server restart. `reconnect` is
    the pause before the heartbeat connects again, `backend_wait` how long a claim waits for that connection.

    Units: the pause before a retry starts at `pause` and doubles up to `longest_pause`; meanwhile the worker checks every
    `stop_check` whether it must stop.

    Jobs: every worker looks for due jobs each `poll`; a job without a heartbeat for `takeover` is offered again. A run
    whose units other workers hold is offered again after `busy_retry`, to a helper that already works on it after at most
    `helper_retry`. Lost jobs are restored every `restore`. The job loop restarts after `restart`, other background tasks
    after `task_restart`. Work that is not handed over `grace` after a stop is interrupted. The health report's view of the
    database is at most `database_look` old.

    Commands: they poll a run each `command_poll` and give up after `longest_outage` without the database.

    Completions: due ones are looked for each `send_poll` and sent with a time-out of `send_timeout`; a failed delivery is
    repeated after `send_pause`, doubling up to `longest_send_pause`.
    """

    beat: float = 5.0
    dead: float = 10.0
    lease: float = 30.0
    reconnect: float = 1.0
    backend_wait: float = 15.0
    pause: float = 1.0
    longest_pause: float = 60.0
    stop_check: float = 0.5
    poll: float = 5.0
    takeover: float = 15.0
    busy_retry: float = 5.0
    helper_retry: float = 60.0
    restore: float = 15.0
    restart: float = 2.0
    task_restart: float = 5.0
    grace: float = 20.0
    database_look: float = 5.0
    command_poll: float = 1.0
    longest_outage: float = 120.0
    send_poll: float = 1.5
    send_timeout: float = 10.0
    send_pause: float = 1.0
    longest_send_pause: float = 60.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} must be above zero seconds")
        for shorter, longer in _ORDER:
            if not getattr(self, shorter) < getattr(self, longer):
                raise ValueError(f"{shorter} must be shorter than {longer}")

    @property
    def send_claim(self) -> float:
        """How long a completion belongs to the replica that claimed it; afterwards another may send it."""
        return 3 * self.send_timeout

    @property
    def unit_backoff(self) -> Backoff:
        """The pauses before a unit is tried again."""
        return Backoff(self.pause, self.longest_pause)

    @property
    def helper_backoff(self) -> Backoff:
        """The pauses after which a job is offered again whose run this worker already executes."""
        return Backoff(0.5, self.helper_retry, jitter=(1.0, 1.0))

    @property
    def send_backoff(self) -> Backoff:
        """The pauses before a completion is sent again."""
        return Backoff(self.send_pause, self.longest_send_pause, jitter=(0.5, 1.0))


_ORDER = (
    ("beat", "dead"),
    ("reconnect", "dead"),
    ("dead", "lease"),
    ("poll", "takeover"),
    ("pause", "longest_pause"),
    ("send_pause", "longest_send_pause"),
)

DEFAULT_TIMING = LeaseTiming()
"""The values for production."""
