"""The command that scores clips."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mos_assets.cli.scoring import (
    CALM_S,
    EXIT_CALLED_WRONGLY,
    EXIT_INTERRUPTED,
    EXIT_NOTHING,
    PLACE,
    Heads,
    Stderr,
    caching,
    end,
    model_folder,
    model_option,
    workers_option,
)
from mos_assets.cli.terminal import EXIT_FAILED, printable
from mos_assets.errors import MosAssetsError, SettingsError
from mos_assets.settings import Settings

if TYPE_CHECKING:
    from mos_assets.scoring.output import Outcome, Unscored
    from mos_assets.scoring.references import References

EXIT_FALLBACK = 3


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option("--reference", type=PLACE, metavar="FILE", help="The pristine file of every clip.")
@click.option(
    "--references",
    type=PLACE,
    metavar="FOLDER",
    help="Pristine files, each for the clips that bear its name or begin with it.",
)
@click.option(
    "--reference-table",
    type=PLACE,
    metavar="TABLE",
    help="CSV, Parquet or JSON lines with the columns clip and reference; references are paths "
    "from the table's folder, or names in --references.",
)
@click.option("--head", default=None, metavar="ID", help="The head; default: the best there is.")
@model_option
@click.option(
    "--adapted", type=PLACE, metavar="FILE", help="What mos adapt has written; names the head too."
)
@click.option(
    "--output", type=PLACE, metavar="FILE", help="Write .tsv, .csv, .json or .parquet instead."
)
@workers_option
@caching
@click.option(
    "--fallback", is_flag=True, help="Let a rule on codec and bit rate answer where no head may."
)
def predict(
    paths: Sequence[str],
    reference: Path | None,
    references: Path | None,
    reference_table: Path | None,
    head: str | None,
    adapted: Path | None,
    model: str | None,
    output: Path | None,
    workers: int | None,
    cache: Path | None,
    no_cache: bool,
    fallback: bool,
) -> None:
    """Score the clips at each PATH, a file or a folder of any depth.

    Writes a table, tab-separated, with a row a clip: clip, mos (1 to 5), low and high (hold the
    rating of the share `level` of such clips; empty where that cannot be promised), head, its
    status, source, reference, comparable (measured as the head's own clips were;
    `declared` where that is said of them and not proved), applicability (inside or outside the rows
    that the head was trained on; empty where it does not say), reason.

    Without --head the best one scores: with references an Accepted head that compares with them;
    else one trained on human ratings that needs none. A head of simulated ratings scores only
    where --head names it.

    What was measured is kept: a call that was stopped goes on where it was, and no clip is
    measured twice.

    \b
    Exit codes:
      0    every clip was scored by a head
      1    some were; for the others `reason` says what to do
      2    the call or a MOS_* variable is wrong
      3    no head was used: --fallback answered
      4    nothing could be scored
      130  interrupted
    """
    if reference is not None and (references is not None or reference_table is not None):
        raise click.UsageError("--reference is one file for all; leave it out, or the others.")
    if no_cache and cache is not None:
        raise click.UsageError("--cache and --no-cache exclude each other.")
    if "" in paths:
        # As a path it would be the folder where the call is made.
        raise click.UsageError("a PATH is empty; '.' is this folder.")
    try:
        settings = Settings.from_env()
        found = _score(
            [Path(path) for path in paths],
            references_from(reference, references, reference_table, paths),
            Heads(model_folder(model, settings), head, fallback, adapted),
            output,
            workers=workers or settings.run.workers,
            ffmpeg=settings.paths.ffmpeg,
            cache=cache,
            keeps=not no_cache,
        )
    except SettingsError as error:
        end(error, EXIT_CALLED_WRONGLY)
    except MosAssetsError as error:
        end(error, EXIT_NOTHING)
    except KeyboardInterrupt:
        click.echo("interrupted; what was measured is kept, so call it again", err=True)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(_exit_code(found))


def _score(
    paths: Sequence[Path],
    references: References | None,
    heads: Heads,
    output: Path | None,
    *,
    workers: int,
    ffmpeg: str,
    cache: Path | None,
    keeps: bool,
) -> tuple[Outcome, ...]:
    import os

    from mos_assets.pipeline.score import ScoringOptions, opened_cache, score_clips
    from mos_assets.scoring.finding import find_clips
    from mos_assets.scoring.kept import default_cache_folder
    from mos_assets.scoring.output import Unscored, require_writable, table_text, write_scores

    log = Stderr()
    if output is not None:
        require_writable(output)
    given = find_clips(paths, frozenset() if references is None else references.files)
    for sentence in given.passed_over:
        log.warning(sentence)
    lost = tuple(Unscored(str(path), why) for path, why in given.unusable)
    if not given.clips:
        _tell_unscored(lost)
        raise MosAssetsError(
            "There is nothing to score: no video file lies there, references apart. Name files, or "
            "folders that hold some."
        )
    predictor = heads.choose(references is not None)
    for note in () if references is None else references.notes(given.clips):
        log.warning(note)
    kept = opened_cache(cache, lambda: default_cache_folder(os.environ), log) if keeps else None
    options = ScoringOptions(workers, ffmpeg, kept, CALM_S)
    found = (*score_clips(given.clips, references, predictor, options, log), *lost)
    _tell_unscored([outcome for outcome in found if isinstance(outcome, Unscored)])
    if output is None:
        click.echo(table_text(found, shown=printable), nl=False)
    else:
        write_scores(output, found)
    _tell(found)
    return found


def _tell_unscored(unscored: Sequence[Unscored]) -> None:
    """Why clips have no score: what is true of many is said once."""
    clips: dict[str, list[str]] = {}
    for one in unscored:
        clips.setdefault(one.reason.removeprefix(f"{one.clip}: "), []).append(one.clip)
    for why, names in clips.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        Stderr().info(f"{names[0]}{more}: {why}")


def _tell(found: Sequence[Outcome]) -> None:
    """What stands behind the scores, once each."""
    from mos_assets.scoring.output import Unscored

    scored = [one for one in found if not isinstance(one, Unscored)]
    for note in sorted({f"{one.head_id or 'codec rule'}: {one.reason}" for one in scored}):
        Stderr().warning(note)
    placed = [one.applicability for one in scored if one.applicability is not None]
    far = sum(not standing.inside for standing in placed)
    if placed:
        click.echo(
            f"{far} of {len(placed)} scored clips ({far / len(placed):.0%}) lie outside the rows "
            "that the head was trained on" + (", and have no interval" if far else ""),
            err=True,
        )
    declared = sum(one.declared for one in scored)
    if declared:
        click.echo(
            f"{declared} of {len(scored)} scored clips are comparable only by a declaration that "
            "nobody has proved",
            err=True,
        )
    if len(scored) < len(found):
        click.echo(f"{len(found) - len(scored)} of {len(found)} could not be scored", err=True)


def references_from(
    reference: Path | None, folder: Path | None, table: Path | None, paths: Sequence[str]
) -> References | None:
    from mos_assets.scoring.references import FolderReferences, OneReference, TableReferences

    if table is not None:
        return TableReferences(table, folder)
    if folder is not None:
        return FolderReferences(folder, [Path(path) for path in paths])
    return None if reference is None else OneReference(reference)


def _exit_code(found: Sequence[Outcome]) -> int:
    from mos_assets.predictor import Source
    from mos_assets.scoring.output import Unscored

    scored = [one for one in found if not isinstance(one, Unscored)]
    if not scored:
        return EXIT_NOTHING
    if any(one.source is Source.FALLBACK for one in scored):
        return EXIT_FALLBACK
    return EXIT_FAILED if len(scored) < len(found) else 0
