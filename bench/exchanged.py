"""What the block `exchanged-v1` adds, on rated clips whose pristine sources are here.

Each clip is measured under the source policy. Prints the correlation of every column with the
rating, and figures of two regressors that never saw the content of what they predict, on the six,
the exchanged six, the noises, and together. Columns that stills lack are left out.

    python bench/exchanged.py --root CORPORA --corpus avt-image-pairs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.correlation import pearson, spearman
from mos_assets.evaluation import rmse
from mos_assets.features import BLOCKS, ClipTask, measure_clips
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.records import Clip, FloatArray
from mos_assets.settings import Comparison, ReferencePolicy

PARTS = frozenset({"libvmaf", "exchanged"})


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--corpus", default="avt-image-pairs")
    options = parser.parse_args()
    request = CorpusRequest(options.corpus, options.root)
    loaded = load_corpus(request, workers=2, progress=lambda _: None)
    clips = [clip for clip in loaded.clips if clip.path and clip.probe and clip.reference_path]
    found = measure_clips([task_of(clip) for clip in clips], find_ffmpeg(), workers=2)
    rows = [{name: v for m in each for name, v in m.figures.items()} for each in found]  # type: ignore[union-attr]
    names = [
        name for block in ("canonical-6", "exchanged-v1") for name in BLOCKS[block].column_names
    ]
    names = [name for name in names if all(name in row for row in rows)]
    mos, groups = np.array([clip.mos for clip in clips]), [clip.content_group for clip in clips]
    values = {name: np.array([row[name] for row in rows]) for name in names}
    print(f"{len(clips)} clips of {len(set(groups))} contents")
    print("\n| column | PLCC | SROCC |\n|---|---:|---:|")
    for name, column in values.items():
        print(
            f"| `{name}` | {pearson(column, mos).or_nan:.3f} | {spearman(column, mos).or_nan:.3f} |"
        )
    six = [name for name in names if name in BLOCKS["canonical-6"].column_names]
    noises = [name for name in names if name.startswith("noise_")]
    exchanged = [name for name in names if name.startswith("exchanged_")]
    print("\n| columns | SVR: PLCC, RMSE | extra trees: PLCC, RMSE |\n|---|---:|---:|")
    for told, chosen in (
        ("the six", six),
        ("exchanged", exchanged),
        ("both", six + exchanged),
        ("the six and noises", six + noises),
        ("all", names),
    ):
        features = np.column_stack([values[name] for name in chosen])
        cells = [judged(regressor, features, mos, groups) for regressor in regressors()]
        print(f"| {told} | {' | '.join(cells)} |")


def task_of(clip: Clip) -> ClipTask:
    """Both blocks of one clip."""
    assert clip.path and clip.sha256 and clip.probe
    return ClipTask(
        clip_id=clip.clip_id,
        path=clip.path,
        sha256=clip.sha256,
        probe=clip.probe,
        parts=PARTS,
        reference_path=clip.reference_path,
        reference_sha256=clip.reference_sha256,
        comparison=Comparison(ReferencePolicy.SOURCE),
    )


def regressors() -> tuple[object, ...]:
    """At their usual settings: so few rows tell nothing of better ones."""
    trees = ExtraTreesRegressor(300, min_samples_leaf=2, random_state=0, n_jobs=1)
    return make_pipeline(StandardScaler(), SVR(C=1.0, epsilon=0.1)), trees


def judged(regressor: object, features: FloatArray, mos: FloatArray, groups: list[str]) -> str:
    """PLCC and RMSE of contents left out."""
    predicted = cross_val_predict(regressor, features, mos, groups=groups, cv=LeaveOneGroupOut())
    return f"{pearson(predicted, mos).or_nan:.3f}, {rmse(predicted, mos):.3f}"


if __name__ == "__main__":
    main()
