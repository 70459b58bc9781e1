"""Where the steps of a run are executed."""

from __future__ import annotations

import dagster as dg

from mos_assets.settings import Executor


def executor_for(executor: Executor) -> dg.ExecutorDefinition:
    """What MOS_EXECUTOR names.

    In-process steps cost about 0.1 s each; a process a step costs seconds, and lets each step begin
    with little memory. Both know every step of a run when it starts, and a run in which one of
    them has not made its asset has failed.
    """
    match executor:
        case Executor.MULTIPROCESS:
            return dg.multiprocess_executor.configured({"start_method": {"forkserver": {}}})
        case Executor.IN_PROCESS:
            return dg.in_process_executor
