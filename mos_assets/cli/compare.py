"""The commands that hold encodes against one another, and a score against its corpus."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mos_assets.cli.scoring import (
    CALM_S,
    EXIT_CALLED_WRONGLY,
    EXIT_INTERRUPTED,
    EXIT_NOTHING,
    PLACE,
    Command,
    Heads,
    Stderr,
    caching,
    end,
    model_folder,
    model_option,
    workers_option,
)
from mos_assets.cli.terminal import printable
from mos_assets.errors import ComparisonError, MosAssetsError, SettingsError
from mos_assets.settings import Settings

if TYPE_CHECKING:
    from mos_assets.pipeline.score import ScoringOptions
    from mos_assets.predictor import ClipPrediction, Predictor
    from mos_assets.scoring.references import OneReference

_EXIT_CODES = """
    \b
    Exit codes:
      0    it is there
      2    the call or a MOS_* variable is wrong
      4    it cannot be had; one message says why
      130  interrupted
    """


@dataclass(frozen=True, slots=True)
class _Call:
    """Options that the three commands share."""

    reference: Path | None
    head: str | None
    model: str | None
    workers: int | None
    cache: Path | None
    no_cache: bool
    output: Path | None
    plot: Path | None = None

    def __post_init__(self) -> None:
        if self.no_cache and self.cache is not None:
            raise click.UsageError("--cache and --no-cache exclude each other.")
        for option, path, suffix in (
            ("--output", self.output, ".json"),
            ("--plot", self.plot, ".png"),
        ):
            if path is not None and path.suffix.lower() != suffix:
                raise click.UsageError(f"{option} {path}: end it in {suffix}.")


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a call is done with."""

    predictor: Predictor
    folder: Path
    """Of the heads."""
    reference: OneReference | None
    options: ScoringOptions


def _shared(command: Command) -> Command:
    """The options of `_Call`, without --plot."""
    for option in (
        click.option("--output", type=PLACE, metavar="FILE", help="Write .json as well."),
        caching,
        workers_option,
        model_option,
        click.option("--head", metavar="ID", help="The head; default: the best there is."),
        click.option(
            "--reference", type=PLACE, metavar="FILE", help="The pristine file that they show."
        ),
    ):
        command = option(command)
    return command


def _named(ctx: click.Context, argument: click.Parameter, given: str) -> Path:
    if not given:
        # As a path it would be the folder where the call is made.
        raise click.BadParameter("it is empty.", ctx, argument)
    return Path(given)


def _plotted(command: Command) -> Command:
    return click.option("--plot", type=PLACE, metavar="FILE", help="Draw it, as .png.")(command)


@click.command(epilog=_EXIT_CODES)
@click.argument("a", metavar="A", callback=_named)
@click.argument("b", metavar="B", callback=_named)
@_shared
def compare(a: Path, b: Path, **shared: Any) -> None:
    """Score two encodes of one source, and say whether the difference is larger than the error.

    The interval of the difference is that of pairs of one content, on which a head errs alike.
    """
    with _answering(_Call(**shared)) as (call, ready):
        from mos_assets.comparing.written import difference_json, difference_table
        from mos_assets.pipeline.compare import compare_encodes

        found = compare_encodes(a, b, ready.reference, ready.predictor, ready.options, Stderr())
        click.echo(difference_table(found, printable), nl=False)
        _tell(found.sentences("A", "B"), (found.first, found.second))
        _write(call, difference_json(found))


@click.command(epilog=_EXIT_CODES)
@click.argument("a", metavar="A_FOLDER", callback=_named)
@click.argument("b", metavar="B_FOLDER", callback=_named)
@_shared
@_plotted
def ladder(a: Path, b: Path, **shared: Any) -> None:
    """Say how much bit rate the encodes in B need over those in A for the same predicted MOS.

    Both folders hold encodes of one source at four rates or more. BD-rate by PCHIP, with the
    interval that the head's errors leave.
    """
    with _answering(_Call(**shared)) as (call, ready):
        from mos_assets.comparing.plots import ladder_plot
        from mos_assets.comparing.written import ladder_json, ladder_table
        from mos_assets.pipeline.compare import compare_ladders

        if a.is_dir() and b.is_dir() and a.samefile(b):
            raise ComparisonError(f"{a} and {b} are one folder; name two sets of encodes.")
        known = frozenset() if ready.reference is None else ready.reference.files
        sets = [(str(folder), _encodes(folder, known)) for folder in (a, b)]
        found = compare_ladders(
            sets[0], sets[1], ready.reference, ready.predictor, ready.options, Stderr()
        )
        names = str(a), str(b)
        click.echo(ladder_table(found, names, printable), nl=False)
        _tell(found.sentences(*names), (*found.first.clips, *found.second.clips))
        _write(call, ladder_json(found), partial(ladder_plot, found, *names))


@click.command(epilog=_EXIT_CODES)
@click.argument("clip", metavar="CLIP", callback=_named)
@_shared
@_plotted
@click.option(
    "--no-timeline", is_flag=True, help="None of a clip of 5 s or more, which saves a decode."
)
def explain(clip: Path, no_timeline: bool, **shared: Any) -> None:
    """Score a clip, and say which features pushed the score, against the mean of the head's corpus.

    Shapley values over the head's features; features that rank the corpus's clips nearly alike
    are taken together. They say what the head does with its inputs, not what people see. A clip
    of 5 s or more is scored second by second as well, which is indicative.
    """
    with _answering(_Call(**shared)) as (call, ready):
        from mos_assets.comparing.plots import explanation_plot
        from mos_assets.comparing.written import (
            explanation_json,
            explanation_table,
            timeline_table,
        )
        from mos_assets.pipeline.compare import explain_clip

        found = explain_clip(
            *(clip, ready.reference, ready.predictor, ready.folder, ready.options, Stderr()),
            seconds=not no_timeline,
        )
        click.echo(explanation_table(found, printable), nl=False)
        if found.timeline is not None:
            click.echo("\n" + timeline_table(found.timeline, printable), nl=False)
        _tell(found.sentences(), (found.clip,))
        _write(call, explanation_json(found), partial(explanation_plot, found))


@contextmanager
def _answering(call: _Call) -> Iterator[tuple[_Call, _Ready]]:
    """What the call needs; a mistake ends it with one message."""
    from mos_assets.scoring.output import require_place

    try:
        for option, path in (("--output", call.output), ("--plot", call.plot)):
            if path is not None:
                require_place(path, option)
        yield call, _ready(call)
    except SettingsError as error:
        end(error, EXIT_CALLED_WRONGLY)
    except MosAssetsError as error:
        end(error, EXIT_NOTHING)
    except KeyboardInterrupt:
        click.echo("interrupted; what was measured is kept, so call it again", err=True)
        sys.exit(EXIT_INTERRUPTED)


def _ready(call: _Call) -> _Ready:
    from mos_assets.pipeline.score import ScoringOptions, opened_cache
    from mos_assets.scoring.kept import default_cache_folder
    from mos_assets.scoring.references import OneReference

    settings = Settings.from_env()
    reference = None if call.reference is None else OneReference(call.reference)
    folder = model_folder(call.model, settings)
    predictor = Heads(folder, call.head).choose(reference is not None)
    log = Stderr()
    kept = (
        None
        if call.no_cache
        else opened_cache(call.cache, lambda: default_cache_folder(os.environ), log)
    )
    workers = call.workers or settings.run.workers
    options = ScoringOptions(workers, settings.paths.ffmpeg, kept, CALM_S)
    return _Ready(predictor, folder, reference, options)


def _encodes(folder: Path, references: frozenset[str]) -> tuple[Path, ...]:
    from mos_assets.scoring.finding import find_clips

    if not folder.is_dir():
        raise ComparisonError(f"{folder}: there is no such folder. Name one that holds encodes.")
    given = find_clips([folder], references)
    for sentence in given.passed_over:
        Stderr().warning(sentence)
    for _, why in given.unusable:
        raise ComparisonError(f"{why}. Name a folder that can be read.")
    return given.clips


def _tell(sentences: tuple[str, ...], clips: tuple[ClipPrediction, ...]) -> None:
    for sentence in sentences:
        click.echo(printable(sentence), err=True)
    for note in sorted({f"{clip.head_id} ({clip.status}): {clip.reason}" for clip in clips}):
        Stderr().warning(note)


def _write(call: _Call, text: str, draw: Callable[[str, Path], None] | None = None) -> None:
    """The files that were asked for, each whole or not at all."""
    from mos_assets.io.writing import write_whole

    try:
        if call.output is not None:
            write_whole(call.output, text.encode())
        if call.plot is not None and draw is not None:
            with tempfile.TemporaryDirectory() as folder:
                draw("plot", Path(folder))
                write_whole(call.plot, Path(folder, "plot.png").read_bytes())
    except OSError as error:
        raise ComparisonError(
            f"{error.filename or call.output or call.plot}: it cannot be written "
            f"({error.strerror}). Make room, or name another file."
        ) from error
