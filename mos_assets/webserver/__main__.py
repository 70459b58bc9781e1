"""`python -m mos_assets.webserver`: Dagster's webserver with its own options, behind the guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster_webserver.cli as dagster_cli
from starlette.applications import Starlette

from mos_assets.settings import Settings
from mos_assets.webserver.guard import LOOPBACK_NAMES, guarded

BUILDER = "create_app_from_workspace_process_context"
"""By which name Dagster's webserver builds its application."""


def main() -> None:
    """Raises RuntimeError where Dagster builds its application by another name than the guarded."""
    hosts = [*LOOPBACK_NAMES, *Settings.all_from_env()[0].service.ui_hosts]
    build = getattr(dagster_cli, BUILDER, None)
    if build is None:
        raise RuntimeError("dagster_webserver builds its application elsewhere: not guarded")

    def build_guarded(*args: Any, **options: Any) -> Starlette:
        app: Starlette = build(*args, **options)
        app.add_middleware(guarded, hosts=hosts)
        return app

    setattr(dagster_cli, BUILDER, build_guarded)
    serve: Callable[[], None] = dagster_cli.main
    serve()


if __name__ == "__main__":
    main()
