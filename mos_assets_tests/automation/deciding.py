"""What the tests of decisions decide from: a sensor that has seen a change, and looks at it."""

from mos_assets.automation.decisions import (
    QUIET_TICKS,
    Rules,
    night_of,
)
from mos_assets.automation.facts import Outcome, Retrain, SensorState, Snapshot

RULES = Rules(removal_share=0.1, quiet_s=90)


NOW = 1_800_000_000.0


STATE = SensorState(
    covered="a",
    amounts={"clips of x": 100},
    seen="b",
    stirred="",
    since=NOW - 1000,
    seen_since=NOW - 1000,
    arriving="",
    moved=NOW - 1000,
    lies=0,
    beside="",
    beside_since=NOW - 1000,
    quiet=QUIET_TICKS,
    counted=NOW - 5000,
    night=night_of(NOW),
    turn=3,
    born=1,
    generation=7,
    tries=0,
    tried=0.0,
    doubted=False,
)


def snapshot(signature: str, clips: int = 100, touched: float = NOW - 2000) -> Snapshot:
    return Snapshot(signature, {"clips of x": clips}, touched)


def done_at(started: float) -> Retrain:
    """A quick one."""
    return Retrain(started, Outcome.DONE, started)


def failed_at(started: float, own: bool = False) -> Retrain:
    return Retrain(started, Outcome.FAILED, started, own)
