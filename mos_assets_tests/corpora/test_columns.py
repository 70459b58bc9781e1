"""Columns that are no features: row numbers under any name, and ratings by their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mos_assets.corpora import label_columns, load_feature_tables
from mos_assets.corpora.columns import is_label_name
from mos_assets.records import FeatureTable

N = 40
DRAW = np.random.default_rng(3)
NAMES = [f"w{i:02d}.mp4" for i in range(N)]


def table(folder: Path, made: pd.DataFrame, kind: str = "csv", index: bool = False) -> FeatureTable:
    """A table as pandas writes it, and as it is read."""
    place = folder / "c" / "features"
    place.mkdir(parents=True, exist_ok=True)
    if kind == "csv":
        made.to_csv(place / "t.csv", index=index)
    elif kind == "jsonl":
        made.to_json(place / "t.jsonl", orient="records", lines=True)
    else:
        made.to_parquet(place / "t.parquet")
    (found,) = load_feature_tables("c", folder)
    return found


def frame(**more: object) -> pd.DataFrame:
    return pd.DataFrame({"name": NAMES, "f1": DRAW.normal(size=N), **more})


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("index", DRAW.permutation(N) * 3),
        ("Unnamed: 0", DRAW.permutation(N)),
        ("__index_level_0__", DRAW.normal(size=N)),
        ("level_0", np.arange(N) + 7),
        ("...1", np.arange(N) + 1),
        ("X", np.arange(N) + 1),
        ("rowname", np.arange(N) + 100),
        ("row_number", np.arange(N)),
        ("anything", DRAW.permutation(N)),
        ("counted", DRAW.permutation(N) + 1.0),
    ],
)
def test_an_index_is_left_out_and_named(
    tmp_path: Path, name: str, numbers: np.ndarray, kind: str
) -> None:
    found = table(tmp_path, frame(**{name: numbers}), kind)
    assert (found.columns, found.left_out) == (("f1",), (name,))


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("x", DRAW.normal(size=N)),
        ("index", DRAW.normal(size=N)),
        ("height", np.tile([360, 720, 1080, 2160], N // 4)),
        ("counted", np.arange(N) + 2),
        ("twice", np.repeat(np.arange(N // 2), 2)),
        ("row_energy", np.arange(N) * 2),
    ],
)
def test_what_only_looks_like_an_index_stays(
    tmp_path: Path, name: str, numbers: np.ndarray
) -> None:
    assert table(tmp_path, frame(**{name: numbers})).columns == ("f1", name)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("called", [None, "frame", "clip number"])
def test_an_index_that_pandas_wrote_is_none_whatever_it_holds(
    tmp_path: Path, called: str | None, shuffled: bool
) -> None:
    made = frame()
    made.index = pd.Index(DRAW.normal(size=N), name=called)
    made = made.iloc[DRAW.permutation(N)] if shuffled else made
    found = table(tmp_path, made, "parquet")
    assert found.columns == ("f1",)
    assert found.left_out == (called or "__index_level_0__",)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "mos",
            "MOS",
            "MOS_zscore",
            "mos_p1",
            "mos.p2",
            "dmos",
            "DMOS_std",
            "zMOS",
            "mosZ",
            "MOS1",
        ),
        *("scaledMOS", "normMOS", "mosRank", "mos_rounded", "mean_mos", "SD_MOS", "mos_ci95"),
        *("score", "video_score", "raw score", "quality_score", "score_std", "Score.mean"),
        *("rating", "n_ratings", "num_ratings", "avg_rating", "votes", "n_votes", "vote_3"),
        *("sd", "SD", "std", "ci95", "CI_95", "mean_opinion", "opinion score", "zscore"),
        *("subjective_quality", "MeanOpinionScore", "subject_03", "Viewer7", "observer.12"),
    ],
)
def test_names_of_ratings(name: str) -> None:
    assert is_label_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("motion2", "mosaic", "mosquito_noise", "mos_like_texture", "predicted_mos", "mos_pred"),
        *("temporal_score", "brisque_score", "std_luma", "sdr", "vmaf", "vmaf_std", "adm2"),
        *("operating_point", "narration", "bit_rate_kbps", "ratio", "thermos", "cosmos", "score7x"),
        *("saliency_mean", "ti_std", "votex", "rated_speed", "vif_scale3", "nr_short_side"),
    ],
)
def test_names_of_measures(name: str) -> None:
    assert not is_label_name(name)


def test_votes_of_single_viewers_are_named_and_other_numbered_columns_are_not(
    tmp_path: Path,
) -> None:
    votes = {f"r{i}": DRAW.integers(1, 6, N) for i in range(1, 25)}
    stages = {f"s{i}": DRAW.normal(size=N) for i in range(5)}
    assert label_columns(table(tmp_path, frame(**votes, **stages))) == tuple(votes)
    assert label_columns(table(tmp_path, frame(r1=votes["r1"], r2=votes["r2"]))) == ()
