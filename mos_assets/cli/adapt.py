"""The command that adapts a head to rated clips of one's own."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mos_assets.cli.predict import references_from
from mos_assets.cli.scoring import Stderr, model_folder
from mos_assets.cli.terminal import printable
from mos_assets.settings import Settings

_PLACE = click.Path(path_type=Path)
_SHOWN = 3


@click.command()
@click.argument("rated", type=_PLACE, metavar="CORPUS")
@click.option("--head", required=True, metavar="ID", help="The head.")
@click.option("--model", metavar="FOLDER", help="Folder of the heads; default as mos predict.")
@click.option("--to", type=_PLACE, default=Path(), metavar="FOLDER", help="Default: this folder.")
@click.option("--reference", type=_PLACE, metavar="FILE", help="As of mos predict.")
@click.option("--references", type=_PLACE, metavar="FOLDER", help="As of mos predict.")
@click.option("--reference-table", type=_PLACE, metavar="TABLE", help="As of mos predict.")
def adapt(
    rated: Path,
    head: str,
    model: str | None,
    to: Path,
    reference: Path | None,
    references: Path | None,
    reference_table: Path | None,
) -> None:
    """Adapt a head to 20 to 100 rated clips: CORPUS is a corpus folder, or a table with the columns
    clip, mos (1 to 5) and content.

    Writes ID.adapted.json, a layer of a few numbers beside the head, which stays as it is; mos
    predict --adapted and Predictor(adaptation=) apply it. It is written with its judgement, each
    content left out in turn, also where it is not better: read that before using it. A table may
    hold the head's columns itself; else clips are measured, as mos predict does.
    """
    from mos_assets.pipeline.adapt import adapt as adapt_head
    from mos_assets.pipeline.adapt import rated_clips
    from mos_assets.pipeline.score import ScoringOptions, opened_cache
    from mos_assets.predictor import Predictor
    from mos_assets.scoring.choice import require_released
    from mos_assets.scoring.kept import default_cache_folder

    settings, log = Settings.from_env(), Stderr()
    folder = model_folder(model, settings)
    require_released(folder, head)
    predictor = Predictor(folder, head)
    predictor.require_manifest()
    given = references_from(reference, references, reference_table, [])
    kept = opened_cache(None, lambda: default_cache_folder(os.environ), log)
    options = ScoringOptions(settings.run.workers, settings.paths.ffmpeg, kept)
    clips = rated_clips(rated, predictor, options, log)
    done = adapt_head(clips, given, predictor, options, to, log)
    for why in done.left_out[:_SHOWN]:
        log.warning(f"left out: {why}")
    if len(done.left_out) > _SHOWN:
        log.warning(f"left out: {len(done.left_out) - _SHOWN} more")
    for note in done.notes:
        log.warning(note)
    judged, layer = done.adaptation.judgement, done.adaptation
    click.echo("\t".join(("figure", "before", "after", "difference_low", "difference_high")))
    for each in judged.figures:
        cells = (each.before, each.after, *(each.gain_interval or (None, None)))
        numbers = ("" if cell is None else f"{cell:.4f}" for cell in cells)
        click.echo("\t".join((each.name, *numbers)))
    click.echo(f"offset {layer.offset:+.3f}, slope {layer.slope:+.3f}", err=True)
    click.echo(printable(judged.sentence), err=True)
    click.echo(printable(f"written: {done.file}"), err=True)
