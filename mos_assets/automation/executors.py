"""Where the steps of a run are executed."""

from __future__ import annotations

import dagster as dg

from mos_assets.errors import SettingsError
from mos_assets.settings import Executor


def executor_for(executor: Executor) -> dg.ExecutorDefinition:
    """What MOS_EXECUTOR names.

    In-process steps cost about 0.1 s each and share the pool of workers inside a shard; a
    process a step costs seconds, and pays where steps run on several machines.
    Raises SettingsError where `dask` is chosen and dagster-dask is not installed.
    """
    match executor:
        case Executor.MULTIPROCESS:
            return dg.multiprocess_executor.configured({"start_method": {"forkserver": {}}})
        case Executor.DASK:
            try:
                from dagster_dask import dask_executor
            except ImportError as error:
                raise SettingsError(
                    "MOS_EXECUTOR=dask needs dagster-dask: pip install 'mos-assets[dask]'."
                ) from error
            chosen: dg.ExecutorDefinition = dask_executor
            return chosen
        case Executor.IN_PROCESS:
            return dg.in_process_executor
