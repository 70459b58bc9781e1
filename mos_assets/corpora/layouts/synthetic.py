"""The synthetic corpus: feature rows and simulated labels without any video."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.request import SYNTHETIC_ROWS, ClipDir, CorpusRequest, LabelSet
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    SEED,
    FeatureTable,
    FloatArray,
    Label,
    LabelOrigin,
)
from mos_assets.records.label_columns import Labels

_RANGES: tuple[tuple[str, float, float], ...] = (
    ("adm2", 0.4, 1.0),
    ("vif_scale0", 0.2, 0.95),
    ("vif_scale1", 0.3, 0.95),
    ("vif_scale2", 0.4, 0.97),
    ("vif_scale3", 0.5, 0.98),
    ("motion2", 0.0, 30.0),
    ("saliency_mean", 0.0, 0.6),
    ("saliency_var", 0.0, 0.05),
    ("shot_count_norm", 0.0, 1.0),
    ("shot_mean_len_norm", 0.0, 1.0),
    ("shot_cut_density", 0.0, 0.1),
)
SYNTHETIC_COLUMNS = tuple(name for name, _, _ in _RANGES)
_NOISE_STD = 0.10


def generate(rows: int = SYNTHETIC_ROWS, seed: int = SEED) -> tuple[FloatArray, FloatArray]:
    """Features [rows, 11] and MOS [rows], both computed in float32 and widened."""
    rng = np.random.default_rng(seed)
    drawn = [rng.uniform(low, high, rows) for _, low, high in _RANGES]
    features = np.stack(drawn, axis=1).astype(np.float32)
    column = dict(zip(SYNTHETIC_COLUMNS, features.T, strict=True))
    noise = rng.normal(0.0, _NOISE_STD, rows).astype(np.float32)
    mos = (
        np.float32(2.5)
        + np.float32(1.6) * column["adm2"]
        - np.float32(0.04) * column["motion2"]
        + np.float32(0.6) * column["saliency_mean"]
        + np.float32(0.3) * column["vif_scale3"]
        + noise
    )
    mos = np.clip(mos, np.float32(MOS_MIN), np.float32(MOS_MAX))
    return features.astype(np.float64), mos.astype(np.float64)


class Synthetic(Layout):
    """Simulated labels and their features; no file is read."""

    name = "synthetic"
    head_family = "konvid"
    made_here = True
    has_files = False

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        return ()

    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        return ()

    def load(self, request: CorpusRequest) -> LabelSet:
        _, mos = generate(request.synthetic_rows, request.seed)
        names = clip_names(request.synthetic_rows)
        labels = Labels.of(
            Label(name, float(score), None, None, None, None, None, self.name, line)
            for line, (name, score) in enumerate(zip(names, mos, strict=True), start=1)
        )
        return LabelSet(
            name=self.name,
            version=f"seed-{request.seed}-rows-{request.synthetic_rows}",
            licence="generated; free of rights",
            origin=LabelOrigin.SIMULATED,
            labels=labels,
            rejected=(),
            label_files=(),
            rows_read={self.name: len(labels)},
        )

    def generated_tables(self, request: CorpusRequest) -> tuple[FeatureTable, ...]:
        """One table, called as the corpus is."""
        features, _ = generate(request.synthetic_rows, request.seed)
        names = clip_names(request.synthetic_rows)
        return (FeatureTable(self.name, SYNTHETIC_COLUMNS, names, features),)


def clip_names(rows: int) -> tuple[str, ...]:
    """Names of clips that do not exist; six digits, so that they sort as they count."""
    return tuple(f"row-{index:06d}.mp4" for index in range(rows))
