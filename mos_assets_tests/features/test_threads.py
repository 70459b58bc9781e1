"""A worker keeps to one core, and the program it starts as well."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from mos_assets.features.threads import one_core_each

linux = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux binds threads")


@linux
def test_workers_take_their_cores_in_turn() -> None:
    """As many workers as cores use every core; one more shares the first one's."""
    allowed = os.sched_getaffinity(0)
    together = Barrier(len(allowed) + 1)

    def cores(_: int) -> frozenset[int]:
        together.wait(30)
        return frozenset(os.sched_getaffinity(0))

    with ThreadPoolExecutor(len(allowed) + 1, initializer=one_core_each()) as pool:
        taken = list(pool.map(cores, range(len(allowed) + 1)))
    assert all(len(own) == 1 for own in taken)
    assert frozenset().union(*taken) == allowed
    assert os.sched_getaffinity(0) == allowed, "the thread that asked stays free"


@linux
def test_a_program_started_by_a_worker_shares_its_core() -> None:
    ask = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    with ThreadPoolExecutor(1, initializer=one_core_each()) as pool:
        said = pool.submit(subprocess.run, ask, capture_output=True, check=True).result()
    assert said.stdout.strip() == b"1"
