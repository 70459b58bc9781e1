from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mos_assets.corpora import CorpusRequest, load_corpus, load_feature_tables
from mos_assets.corpora.features import join_table
from mos_assets.corpora.layouts.synthetic import generate
from mos_assets.records import LabelOrigin
from mos_assets_tests.corpora.making import load, quiet

MEANS = [0.7121, 0.5845, 0.6207, 0.6855, 0.7400, 15.2229, 0.3127, 0.0254, 0.4732, 0.4924, 0.0500]
STDS = [0.1678, 0.2164, 0.1900, 0.1619, 0.1418, 8.5668, 0.1714, 0.0139, 0.2930, 0.2875, 0.0299]


def test_columns_have_the_published_means_and_deviations() -> None:
    features, mos = generate()
    assert features.mean(axis=0) == pytest.approx(MEANS, abs=1e-4)
    assert features.std(axis=0) == pytest.approx(STDS, abs=1e-4)
    assert features.shape == (600, 11)
    assert mos.min() >= 1
    assert mos.max() <= 5
    assert (features == features.astype(np.float32)).all()
    assert (mos == mos.astype(np.float32)).all()


def test_labels_follow_the_features_up_to_the_noise() -> None:
    features, mos = generate(20_000, 3)
    expected = 2.5 + features[:, [0, 5, 6, 10]] @ [1.6, -0.04, 0.6, 0] + 0.3 * features[:, 4]
    inside = (expected > 1.5) & (expected < 4.5)
    noise = mos[inside] - expected[inside]
    assert abs(noise.std() - 0.10) < 0.003
    assert abs(noise.mean()) < 0.003


def test_the_corpus_is_simulated_and_joins_its_table(tmp_path: Path) -> None:
    corpus = load(tmp_path, "synthetic")
    assert corpus.label_origin is LabelOrigin.SIMULATED
    assert (len(corpus.clips), corpus.clips_opened) == (600, 0)
    (table,) = load_feature_tables("synthetic", tmp_path)
    joined = join_table(corpus.clips, table)
    assert (joined.name, joined.unmatched) == ("synthetic", ())
    assert (joined.values == generate()[0]).all()


def test_seed_and_size_are_settings(tmp_path: Path) -> None:
    request = CorpusRequest("synthetic", tmp_path, seed=1, synthetic_rows=7)
    corpus = load_corpus(request, workers=1, progress=quiet)
    (table,) = load_feature_tables("synthetic", tmp_path, seed=1, synthetic_rows=7)
    assert len(corpus.clips) == len(table.clip_names) == 7
