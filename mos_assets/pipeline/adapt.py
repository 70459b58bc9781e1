"""Adapting a released head to rated clips of one's own: reading them, fitting, judging, writing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.adapting.fitting import NONE, fit
from mos_assets.adapting.judging import judge
from mos_assets.adapting.layer import SUFFIX, Adaptation
from mos_assets.adapting.rows import (
    LEAST_CLIPS,
    LEAST_CONTENTS,
    MOST_CLIPS,
    RatedRows,
    standardised,
)
from mos_assets.corpora import load_corpus
from mos_assets.corpora.names import stem
from mos_assets.corpora.request import CorpusRequest
from mos_assets.errors import ClipError, CorpusError, MosAssetsError, StoreError
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.score import ScoringOptions, score_clips
from mos_assets.predictor import ClipPrediction, Predictor
from mos_assets.records import ENCODER_VOCABULARY, MOS_MAX, MOS_MIN
from mos_assets.scoring.references import References
from mos_assets.tables.columns import MOS_ALIASES, TABLE_CLIP_ALIASES
from mos_assets.tables.external import ExternalTable, name_text, read_external

CONTENT_COLUMNS = ("content", "group", "content_group", "scene", "source")
CLIP_COLUMNS = ("clip", "path", *TABLE_CLIP_ALIASES)
LEAST_TO_JUDGE = 2
"""Contents; one cannot be left out of none."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated clip: where it lies, or its features."""

    name: str
    mos: float
    content: str
    path: Path | None = None
    features: tuple[float | None, ...] | None = None
    """In the head's order, from the table itself."""
    reference: Path | None = None


@dataclass(frozen=True, slots=True)
class Adapted:
    """What was made of the clips."""

    adaptation: Adaptation
    left_out: tuple[str, ...]
    """Clips that took no part, and why."""
    notes: tuple[str, ...]
    file: Path


class _Named:
    """References that the corpus names, or those of the call."""

    def __init__(self, clips: Sequence[Rated]) -> None:
        self._by_path = {one.path: one.reference for one in clips}

    @property
    def files(self) -> frozenset[str]:
        return frozenset()

    def of(self, clip: Path) -> Path:
        found = self._by_path.get(clip)
        if found is None:
            raise ClipError(f"{clip}: its corpus names no reference for it")
        return found

    def notes(self, clips: Sequence[Path]) -> tuple[str, ...]:
        return ()


def rated_clips(
    place: Path, predictor: Predictor, options: ScoringOptions, log: Log
) -> list[Rated]:
    """The rated clips of a corpus folder, or of a table with a clip, its MOS in 1..5 and, where
    known, its content a row; a table may hold the head's columns itself.

    Raises CorpusError where they cannot be read.
    """
    if place.is_dir():
        folder = place.absolute()
        request = CorpusRequest(folder.name, folder.parent, ffmpeg=options.ffmpeg or None)
        corpus = load_corpus(request, workers=options.workers, progress=log.info)
        return [
            Rated(c.clip_name, c.mos, c.content_group, c.path, reference=c.reference_path)
            for c in corpus.clips
            if c.path is not None
        ]
    if not place.exists():
        raise CorpusError(f"{place}: there is no such folder or table of rated clips.")
    return _of_table(read_external(place), predictor)


def _of_table(table: ExternalTable, predictor: Predictor) -> list[Rated]:
    if table.damaged:
        line, why = table.damaged[0]
        raise CorpusError(f"{table.path}, line {line}: {why}. Mend the row and call again.")
    clips = table.columns.require(CLIP_COLUMNS, "clip", table.path)[0]
    ratings = table.columns.require(MOS_ALIASES, "rating", table.path)[0]
    contents = table.columns.find(CONTENT_COLUMNS)
    order = predictor.require_manifest().feature_order
    columns = [table.columns.find((name,)) for name in order]
    measured = all(columns)
    found: list[Rated] = []
    for row, line in enumerate(table.lines):
        name = name_text(table.cells[clips][row])
        mos = _number(table, ratings, row)
        if not name or mos is None or not MOS_MIN <= mos <= MOS_MAX:
            raise CorpusError(
                f"{table.path}, row {line}: it needs a clip and a rating in 1..5, and has "
                f"{name!r} and {table.cells[ratings][row]!r}. Mend or remove the row."
            )
        content = name_text(table.cells[contents[0]][row]) if contents else ""
        features = tuple(_number(table, places[0], row) for places in columns) if measured else None
        path = None if measured else table.path.parent / name
        found.append(Rated(name, mos, content or stem(name), path, features))
    return found


def _number(table: ExternalTable, column: int, row: int) -> float | None:
    """None for an empty cell. Raises CorpusError for what is no number."""
    cell = table.cells[column][row]
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise CorpusError(
            f"{table.path}, row {table.lines[row]}, {table.columns.names[column]}: {cell!r} is no "
            "finite number. Mend or remove the row."
        )
    return value


def adapt(
    clips: Sequence[Rated],
    references: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    folder: Path,
    log: Log,
) -> Adapted:
    """Fit a layer for the predictor's head, judge it, and write it into the folder.

    Raises CorpusError where fewer than two contents, or more clips than a layer is for, can be
    scored, and StoreError where it cannot be written.
    """
    manifest = predictor.require_manifest()
    scored, left_out = _scores(clips, references, predictor, options, log)
    names = sorted({one.content for one, _, _ in scored})
    if len(names) < LEAST_TO_JUDGE or len(scored) > MOST_CLIPS:
        first = f" The first that could not be scored: {left_out[0]}" if left_out else ""
        raise CorpusError(
            f"{len(scored)} rated clips of {len(names)} contents can be scored by {manifest.id}: "
            f"{LEAST_TO_JUDGE} contents are needed to judge what is adapted (name them in a column "
            f"'content'), and from {MOST_CLIPS} clips on a head of one's own is trained.{first}"
        )
    # In an order of their own, so that the order of a table's rows changes no figure.
    scored.sort(key=lambda each: (each[0].content, each[0].name, each[0].mos, each[1]))
    mean, std = manifest.feature_mean, manifest.feature_std
    raw = np.array([[math.nan if x is None else x for x in row] for _, _, row in scored])
    rows = RatedRows(
        scores=np.array([score for _, score, _ in scored]),
        features=standardised(raw, mean, std),
        mos=np.array([one.mos for one, _, _ in scored]),
        contents=np.array([names.index(one.content) for one, _, _ in scored], dtype=np.int64),
    )
    correction = fit(rows)
    offset, slope, ridge = (None if each == NONE else each for each in correction.penalties)
    adaptation = Adaptation(
        head_id=manifest.id,
        head_sha256=manifest.sha256,
        feature_order=manifest.feature_order,
        feature_mean=tuple(mean),
        feature_std=tuple(std),
        offset=correction.offset,
        slope=correction.slope,
        weights=tuple(map(float, correction.weights)),
        penalties=(offset, slope, ridge),
        judgement=judge(rows),
    )
    notes = []
    if len(scored) < LEAST_CLIPS or len(names) < LEAST_CONTENTS:
        notes.append(
            f"with fewer than {LEAST_CLIPS} clips or {LEAST_CONTENTS} contents the offset alone is "
            "fitted"
        )
    file = folder / f"{manifest.id}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(file, adaptation.to_json().encode())
    except OSError as error:
        raise StoreError(
            f"{file}: it cannot be written ({error.strerror}). Name another folder with --to."
        ) from error
    return Adapted(adaptation, tuple(left_out), tuple(notes), file)


def _scores(
    clips: Sequence[Rated],
    references: References | None,
    predictor: Predictor,
    options: ScoringOptions,
    log: Log,
) -> tuple[list[tuple[Rated, float, tuple[float | None, ...]]], list[str]]:
    """Each clip with the head's score and columns; and why others have none."""
    order = predictor.require_manifest().feature_order
    found: list[tuple[Rated, float, tuple[float | None, ...]]] = []
    left_out = []
    for one in clips:
        if one.features is None:
            continue
        given: Mapping[str, float | None] = dict(zip(order, one.features, strict=True))
        try:
            said = predictor.predict_mos(given, ENCODER_VOCABULARY[0])
        except MosAssetsError as error:
            left_out.append(f"{one.name}: {error}")
            continue
        found.append((one, said.mos, one.features))
    filmed = [one for one in clips if one.features is None and one.path is not None]
    if not filmed:
        return found, left_out
    beside = references or (_Named(filmed) if any(one.reference for one in filmed) else None)
    paths = [one.path for one in filmed if one.path is not None]
    outcomes = score_clips(paths, beside, predictor, options, log)
    for one, outcome in zip(filmed, outcomes, strict=True):
        if not isinstance(outcome, ClipPrediction) or outcome.measured is None:
            left_out.append(outcome.reason)
            continue
        columns = tuple(outcome.measured.features.get(name) for name in order)
        found.append((one, outcome.mos, columns))
    return found, left_out
