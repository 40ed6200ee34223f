"""The intervals of durable work: production's values keep the limits, and contradictory ones are refused."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_testing.timings import BRIEF_LEASES, QUICK, read_timing, write_timing


def test_production_values_leave_room_for_the_promises() -> None:
    timing = DEFAULT_TIMING
    # noticed within 30 s: the job is stale and somebody looks
    assert timing.takeover + timing.poll <= 30
    # taken over within 60 s, also from a paused worker, whose connections stay
    assert timing.lease + timing.poll + timing.busy_retry <= 60
    # two lost heartbeats end no lease
    assert timing.lease > 3 * timing.beat


@pytest.mark.parametrize(
    ("shorter", "longer"), [("beat", "dead"), ("reconnect", "dead"), ("dead", "lease"), ("poll", "takeover")]
)
@pytest.mark.parametrize("surplus", [0.0, 1.0])
def test_values_in_the_wrong_order_are_refused_by_name(shorter: str, longer: str, surplus: float) -> None:
    wrong = {shorter: getattr(DEFAULT_TIMING, longer) + surplus}
    with pytest.raises(ValueError, match=f"{shorter} must be shorter than {longer}"):
        replace(DEFAULT_TIMING, **wrong)


@given(
    name=st.sampled_from([field.name for field in fields(LeaseTiming)]),
    value=st.floats(max_value=0) | st.just(float("nan")),
)
def test_no_wait_is_zero_negative_or_undefined(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above zero"):
        replace(DEFAULT_TIMING, **{name: value})


@pytest.mark.parametrize("timing", [DEFAULT_TIMING, QUICK, BRIEF_LEASES])
def test_a_process_reads_the_timing_that_it_was_given(timing: LeaseTiming) -> None:
    assert read_timing(write_timing(timing)) == timing
