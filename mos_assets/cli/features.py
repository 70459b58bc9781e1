"""`mos compare-features`: which feature blocks are worth what they cost."""

from __future__ import annotations

from pathlib import Path

import click

from mos_assets.cli.terminal import log_on_stderr
from mos_assets.settings import Settings


@click.command("compare-features")
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON too.")
def compare_features(output: Path | None) -> None:
    """What every feature block that is here reaches, alone and with others, on the run's folds.

    Takes what was measured under these settings and the tables of MOS_CORPUS; nothing is measured,
    released or changed. Run the graph up to `folds` first.
    """
    from mos_assets.io.writing import write_whole
    from mos_assets.pipeline.feature_sets import compare_features as compare
    from mos_assets.reporting.feature_sets import feature_sets_page
    from mos_assets.scoring.output import require_place
    from mos_assets.store import Database

    if output is not None:
        require_place(output, "--output")
    settings = Settings.from_env()
    compared = compare(
        settings.run,
        settings.paths,
        Database(settings.paths.store_folder),
        log_on_stderr("compare_features"),
    )
    click.echo(feature_sets_page(compared), nl=False)
    if output is not None:
        write_whole(output, f"{compared.model_dump_json(indent=2)}\n".encode())
