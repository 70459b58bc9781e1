"""The Dask engine of a setting: a scheduler somewhere, or workers that are started here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mos_assets.cluster.work import Engine, Item, Result, Work
from mos_assets.errors import ClusterError

if TYPE_CHECKING:
    from distributed import LocalCluster

LOCAL = "local:"
"""How a setting begins that names no scheduler, but a number of workers to start here."""
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Dask looks at its own threads and event loops every 10 and 20 ms, which costs 3 % of a core a
worker, whatever that does."""


@contextmanager
def on_dask(work: Work[Item, Result], cluster: str) -> Iterator[Engine[Item, Result]]:
    """The engine of `tcp://host:8786`, or of `local:4`, as long as the block lasts.

    Raises ClusterError where Dask is not installed, or nobody answers there.
    """
    try:
        from mos_assets.cluster.dask_engine import DaskEngine
    except ImportError as error:
        raise ClusterError(
            f"MOS_CLUSTER={cluster} needs Dask ({error}): pip install 'mos-assets[cluster]'."
        ) from None
    if not cluster.startswith(LOCAL):
        engine = DaskEngine(work, cluster)
        try:
            yield engine
        finally:
            engine.close()
        return
    with _started(int(cluster.removeprefix(LOCAL))) as here:
        engine = DaskEngine(work, here.scheduler_address)
        try:
            yield engine
        finally:
            engine.close()


@contextmanager
def _started(workers: int) -> Iterator[LocalCluster]:
    """So many processes of one thread each. They are spawned, never forked: a fork of a process
    that has DuckDB open loses what it writes."""
    import dask
    from distributed import LocalCluster

    try:
        # What is set goes to the workers with their start.
        with dask.config.set(QUIET):
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
    except RuntimeError as error:
        raise ClusterError(
            f"The workers of MOS_CLUSTER={LOCAL}{workers} do not start ({error}). What they print "
            "above says why; a program that was piped into Python cannot start any."
        ) from error
    with cluster:
        yield cluster
