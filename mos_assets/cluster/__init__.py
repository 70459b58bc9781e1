"""Spreading work over workers: threads of this process, or the workers of a Dask cluster.

The work is a function of plain items, cut into pieces by whoever knows what they cost. What is here
knows neither clips nor Dagster: `spread` hands pieces to an engine, takes back what comes, tries
elsewhere what was lost, and names the item that ends workers. Dask's distributed is the engine of
many machines (`on_dask`), a pool of threads that of one (`InProcess`). This is the room's door.
"""

from mos_assets.cluster.in_process import InProcess
from mos_assets.cluster.opening import on_dask
from mos_assets.cluster.spread import Spread, spread
from mos_assets.cluster.work import Engine, Fact, Work

__all__ = ["Engine", "Fact", "InProcess", "Spread", "Work", "on_dask", "spread"]
