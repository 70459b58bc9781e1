"""The DuckDB file, and the files beside it, that assets leave their results in.

`schema` names every table and column once; `database` opens the file late and closes it
soon; the other modules read and write the rows of one topic each.
"""

from mos_assets.store.database import Database

__all__ = ["Database"]
