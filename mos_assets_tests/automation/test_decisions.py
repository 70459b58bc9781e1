"""The decision of a sensor, over every input that there is."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mos_assets.automation.decisions import Action, decide

signatures = st.sampled_from(["a", "b", "c"])


def test_the_first_look_only_remembers() -> None:
    assert decide(None, "a", 0).action is Action.REMEMBER


@given(st.one_of(st.none(), signatures), signatures, st.integers(0, 3))
def test_a_launch_needs_a_change_and_nothing_in_flight(
    previous: str | None, current: str, in_flight: int
) -> None:
    launched = decide(previous, current, in_flight).action is Action.LAUNCH
    assert launched == (previous is not None and previous != current and in_flight == 0)


@given(st.lists(st.tuples(signatures, st.integers(0, 1)), min_size=1, max_size=30))
def test_no_change_is_lost_and_none_launches_twice(ticks: list[tuple[str, int]]) -> None:
    """Replays a day of ticks: after a quiet tick the last launch was of what lies there now."""
    cursor: str | None = None
    launches = []
    for current, in_flight in ticks:
        decision = decide(cursor, current, in_flight)
        if decision.action is Action.LAUNCH:
            launches.append(current)
        if decision.action is not Action.WAIT:
            cursor = current
        if in_flight == 0:
            assert cursor == current
    assert all(one != two for one, two in pairwise(launches))


def test_back_to_an_earlier_state_is_a_change_too() -> None:
    assert decide("b", "a", 0).action is Action.LAUNCH
