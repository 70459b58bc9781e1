"""`python -m mos_assets.webserver.dev`: `dagster dev` that starts the guarded webserver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster._cli.dev as dagster_dev

UNGUARDED = "dagster_webserver"
GUARDED = "mos_assets.webserver"
STARTER = "open_ipc_subprocess"
"""By which name `dagster dev` starts its processes."""


def main() -> None:
    """`dagster dev` starts its webserver as a module; that name is replaced where it does.

    Raises RuntimeError where this Dagster has no such place.
    """
    start = getattr(dagster_dev, STARTER, None)
    if start is None:
        raise RuntimeError("dagster dev starts its webserver in another way: it is not guarded")

    def start_guarded(parts: Sequence[str], **options: Any) -> Any:
        return start([GUARDED if part == UNGUARDED else part for part in parts], **options)

    setattr(dagster_dev, STARTER, start_guarded)
    dagster_dev.dev_command()


if __name__ == "__main__":
    main()
