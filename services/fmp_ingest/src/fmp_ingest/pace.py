"""The arithmetic of the limiter: how slots are spaced and which call may use which slot. No clock, no database.

A slot is a moment at which one call may start. Slots of all processes are spaced evenly, `slots_per_minute` in any 60
seconds. A call holds a permit from its slot's moment (or before) until its answer is complete, and there are `permits`
of them in all. So the calls that arrive in some 60 seconds are of two kinds: those whose slot lies in them, at most
`slots_per_minute`, and those whose slot came before and that were still on their way, at most `permits`. Together never
more than the setting, however late a call is sent or however long it is on its way.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_SECONDS = 60.0
_MOST_PERMITS = 50
_FEWEST_PERMITS = 4
_PERMIT_SHARE = 0.016
_SERIAL_BELOW = 60


@dataclass(frozen=True)
class Pace:
    """How many slots a minute has, and how many calls may be in flight, over all processes.

    A small budget has one permit, and its next slot follows the end of the call before.
    """

    calls_per_minute: int
    slots_per_minute: int
    permits: int
    is_serial: bool

    @property
    def interval(self) -> float:
        """Seconds between two slots."""
        return WINDOW_SECONDS / self.slots_per_minute


def make_pace(calls_per_minute: int) -> Pace:
    """Return the pace that uses a setting as far as it never exceeds it."""
    if calls_per_minute < _SERIAL_BELOW:
        # calls that start a minute's share after the former one ended never crowd, wherever a window begins
        return Pace(calls_per_minute, calls_per_minute, 1, True)
    permits = max(_FEWEST_PERMITS, min(_MOST_PERMITS, int(calls_per_minute * _PERMIT_SHARE)))
    # one less: a window that begins on a slot would hold the slot at its end too
    return Pace(calls_per_minute, calls_per_minute - permits - 1, permits, False)


class SlotBook:
    """One process's reserved slots and free permits, in seconds of one clock.

    A slot that found no permit free at its moment is lost; used later it would not be counted where it should be.
    """

    def __init__(self) -> None:
        self._slots: deque[float] = deque()
        self._free_since: deque[float] = deque()
        self.permits = 0
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        """Slots that are left."""
        return len(self._slots)

    @property
    def last_slot(self) -> float | None:
        """The last reserved moment."""
        return self._slots[-1] if self._slots else None

    def add_slots(self, slots: list[float]) -> None:
        """Take slots, later than those there are."""
        self._slots.extend(slots)

    def set_permits(self, permits: int, now: float) -> None:
        """Have as many permits; those in use are given back as they end."""
        self.permits = permits
        while len(self._free_since) + self.in_flight > permits and self._free_since:
            self._free_since.pop()
        while len(self._free_since) + self.in_flight < permits:
            self._free_since.append(now)

    def drop_all(self) -> None:
        """Forget slots and free permits, as after a pause that may have outlived them."""
        self._slots.clear()
        self._free_since.clear()
        self.permits = self.in_flight

    def next_start(self) -> float | None:
        """The moment of the next slot that a permit is free for, or None where something must end or be reserved."""
        if not self._free_since:
            return None
        while self._slots and self._slots[0] < self._free_since[0]:
            self._slots.popleft()
        return self._slots[0] if self._slots else None

    def start(self) -> float:
        """Use the next slot with the permit that has been free for longest."""
        slot = self._slots.popleft()
        self._free_since.popleft()
        self.in_flight += 1
        return slot

    def end(self, now: float) -> None:
        """A call has its answer."""
        self.in_flight -= 1
        if self.in_flight + len(self._free_since) < self.permits:
            self._free_since.append(now)
