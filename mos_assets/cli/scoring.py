"""What the commands that score clips share: options, exit codes, the choice of the head."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from mos_assets.cli.terminal import printable
from mos_assets.errors import MosAssetsError, SettingsError
from mos_assets.settings import Settings, local_folder

if TYPE_CHECKING:
    from mos_assets.predictor import Predictor

EXIT_CALLED_WRONGLY = 2
EXIT_NOTHING = 4
EXIT_INTERRUPTED = 130
CALM_S = 10.0
PLACE = click.Path(path_type=Path)
Command = TypeVar("Command", bound=Callable[..., object])


def model_option(command: Command) -> Command:
    """The option `--model`."""
    return click.option(
        "--model",
        metavar="FOLDER",
        help="Folder of the heads; default MOS_MODEL_DIR, else those that came with the package.",
    )(command)


def workers_option(command: Command) -> Command:
    """The option `--workers`."""
    return click.option(
        "--workers", type=click.IntRange(1, 1024), help="Clips at once; default MOS_WORKERS."
    )(command)


def caching(command: Command) -> Command:
    """The options `--cache` and `--no-cache`."""
    none = click.option("--no-cache", is_flag=True, help="Keep no measurements, and use none.")
    folder = click.option(
        "--cache",
        type=PLACE,
        metavar="FOLDER",
        help="Where measurements are kept; default ~/.cache/mos_assets.",
    )
    return folder(none(command))


@dataclass(frozen=True, slots=True)
class Stderr:
    """Says on stderr what the work says."""

    def info(self, msg: str, /) -> None:
        click.echo(printable(msg), err=True)

    def warning(self, msg: str, /) -> None:
        click.echo(f"note: {printable(msg)}", err=True)


@dataclass(frozen=True, slots=True)
class Heads:
    """Which head is asked for."""

    folder: Path
    named: str | None
    fallback: bool = False
    """Whether the codec rule may answer where no head may."""
    adapted: Path | None = None
    """What `mos adapt` has written; it names the head too."""

    def choose(self, with_reference: bool) -> Predictor:
        """Raises ReleaseError or FeatureError where none may score, unless the codec rule may."""
        from mos_assets.errors import FeatureError, ReleaseError
        from mos_assets.predictor import Predictor
        from mos_assets.scoring.choice import choose_head, named_head, require_released

        if self.adapted is not None:
            return self._adapted(self.adapted, with_reference)
        if self.named is not None:
            # A slip of the pen is no reason for the rule to answer.
            require_released(self.folder, self.named)
        try:
            if self.named is not None:
                chosen = named_head(self.folder, self.named, with_reference=with_reference)
            else:
                chosen = choose_head(self.folder, with_reference=with_reference)
        except (ReleaseError, FeatureError) as error:
            if not self.fallback:
                raise
            return Predictor.by_rule(str(error))
        for note in chosen.notes:
            Stderr().warning(note)
        return chosen.predictor

    def _adapted(self, path: Path, with_reference: bool) -> Predictor:
        """The head that the adaptation was made for, and no other."""
        from mos_assets.adapting import read_adaptation
        from mos_assets.predictor import Predictor
        from mos_assets.scoring.choice import named_head

        head_id = self.named or read_adaptation(path).head_id
        for note in named_head(self.folder, head_id, with_reference=with_reference).notes:
            Stderr().warning(note)
        return Predictor(self.folder, head_id, path)


def model_folder(option: str | None, settings: Settings) -> Path:
    """Where the heads are; raises SettingsError or MosAssetsError where that is no folder here."""
    try:
        folder = settings.paths.heads_folder if option is None else local_folder(option)
    except ValueError as error:
        raise SettingsError(f"--model {option}: {error}.") from error
    if not folder.is_dir():
        raise MosAssetsError(
            f"There is no folder {folder}. Name the folder of the heads with --model or "
            "MOS_MODEL_DIR."
        )
    return folder


def end(error: MosAssetsError, code: int) -> NoReturn:
    """Say the one message, and exit."""
    click.echo(f"Error: {printable(error)}", err=True)
    sys.exit(code)
