"""Panels with known truths, the votes of real laboratories, and the reference model."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from mos_assets.records import FloatArray, Votes

AVT = Path(__file__).parents[3] / "shared/data/corpora/avt-vqdb-uhd-1"
"""The real corpus, where this machine has it."""


@dataclass(frozen=True)
class Made:
    """A panel and what it was made from."""

    quality: FloatArray
    bias: FloatArray
    matrix: FloatArray
    """(clips, raters) votes, NaN where there is none."""


def made(
    seed: int,
    clips: int = 60,
    raters: int = 24,
    *,
    good: bool = False,
    missing: float = 0.0,
    odd: str = "",
) -> Made:
    """Votes on a five-point scale; good: clips are more often good than bad; odd: of rater 0."""
    rng = np.random.default_rng(seed)
    quality = np.clip(rng.normal(3.9, 0.6, clips), 1, 5) if good else rng.uniform(1.2, 4.8, clips)
    bias, deviation = rng.normal(0, 0.3, raters), rng.uniform(0.35, 1.0, raters)
    noise = deviation * rng.normal(size=(clips, raters))
    matrix = np.clip(np.round(quality[:, None] + bias + noise), 1, 5)
    if odd == "upside down":
        matrix[:, 0] = 6 - matrix[:, 0]
    if odd == "always 3":
        matrix[:, 0] = 3
    matrix[rng.random(matrix.shape) < missing] = np.nan
    some = ~np.all(np.isnan(matrix), axis=1)
    return Made(quality[some], bias, matrix[some])


def votes_of(matrix: FloatArray, session: str = "") -> Votes:
    """One session of a (clips, raters) matrix."""
    clip, rater = np.nonzero(~np.isnan(matrix))
    return Votes(
        clips=tuple(f"clip{i:05d}" for i in range(matrix.shape[0])),
        raters=tuple(f"rater{i:05d}" for i in range(matrix.shape[1])),
        sessions=(session,),
        clip=clip.astype(np.int64),
        rater=rater.astype(np.int64),
        session=np.zeros(len(clip), dtype=np.int64),
        vote=matrix[clip, rater],
    )


def listed(rows: list[tuple[str, str, str, float]]) -> Votes:
    """Of (session, clip, rater, vote); a rater '' is nobody."""
    sessions = sorted({s for s, _, _, _ in rows})
    clips = sorted({c for _, c, _, _ in rows})
    raters = sorted({r for _, _, r, _ in rows if r})
    return Votes(
        clips=tuple(clips),
        raters=tuple(raters),
        sessions=tuple(sessions),
        clip=np.array([clips.index(c) for _, c, _, _ in rows], dtype=np.int64),
        rater=np.array([raters.index(r) if r else -1 for _, _, r, _ in rows], dtype=np.int64),
        session=np.array([sessions.index(s) for s, _, _, _ in rows], dtype=np.int64),
        vote=np.array([v for _, _, _, v in rows], dtype=np.float64),
    )


def avt() -> Votes:
    """The four tests of AVT-VQDB-UHD-1, a session each."""
    rows = []
    for test in range(1, 5):
        with (AVT / f"votes/test_{test}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                clip = row.pop("clip_name")
                rows += [
                    (f"test_{test}", clip, f"test_{test}/{user}", float(vote))
                    for user, vote in row.items()
                ]
    names = {name: i for i, name in enumerate(sorted({c for _, c, _, _ in rows}))}
    raters = {name: i for i, name in enumerate(sorted({r for _, _, r, _ in rows}))}
    return Votes(
        clips=tuple(names),
        raters=tuple(raters),
        sessions=tuple(f"test_{i}" for i in range(1, 5)),
        clip=np.array([names[c] for _, c, _, _ in rows], dtype=np.int64),
        rater=np.array([raters[r] for _, _, r, _ in rows], dtype=np.int64),
        session=np.array([int(s[-1]) - 1 for s, _, _, _ in rows], dtype=np.int64),
        vote=np.array([v for _, _, _, v in rows]),
    )


def sureal(matrix: FloatArray, model: str) -> dict[str, Any]:
    """What sureal's model of that name makes of a matrix; each clip is a content of its own."""
    from sureal import subjective_model
    from sureal.dataset_reader import RawDatasetReader

    dataset = SimpleNamespace(
        dataset_name="made",
        yuv_fmt="yuv420p",
        width=16,
        height=16,
        ref_videos=[
            {"content_id": i, "content_name": str(i), "path": ""} for i in range(len(matrix))
        ],
        # Raters are sorted as text there.
        dis_videos=[
            {
                "content_id": i,
                "asset_id": i,
                "path": str(i),
                "os": {f"{k:04d}": float(v) for k, v in enumerate(row) if not np.isnan(v)},
            }
            for i, row in enumerate(matrix)
        ],
    )
    with contextlib.redirect_stdout(io.StringIO()):
        found: dict[str, Any] = getattr(subjective_model, model)(
            RawDatasetReader(dataset)
        ).run_modeling()
    return found
