"""`mos adapt` on a real head: what it writes, refuses, and what becomes of predictions."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mos_assets import Predictor
from mos_assets.cli import main
from mos_assets.errors import ReleaseError
from mos_assets.records import LabelOrigin, Status, TrainingTable
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.made import Encodes

SHIFT = 0.7


def mos(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def table_of(rated: TrainingTable, folder: Path, clips: int, contents: int) -> Path:
    """Ratings that lie SHIFT below those of the head's corpus, with the head's columns."""
    rows = [["clip_name", "mos", "content", *rated.feature_order]]
    for at in range(clips):
        lower = float(np.clip(rated.mos[at] - SHIFT, 1.0, 5.0))
        rows.append(
            [
                f"{at}.mp4",
                repr(lower),
                f"c{at % contents}",
                *map(repr, map(float, rated.features[at])),
            ]
        )
    path = folder / "rated.csv"
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return path


def test_a_head_is_adapted_and_its_predictions_say_so(
    rated: TrainingTable, release: Release, tmp_path: Path, encodes: Encodes
) -> None:
    release.standing(Status.ACCEPTED, LabelOrigin.HUMAN).put(tmp_path / "model")
    before = {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    table, model = table_of(rated, tmp_path, 40, 10), ("--model", tmp_path / "model")
    found = mos("adapt", table, "--head", HEAD_ID, *model, "--to", tmp_path / "own")
    assert found.exit_code == 0, found.output
    figures = {
        row["figure"]: row for row in csv.DictReader(io.StringIO(found.stdout), delimiter="\t")
    }
    assert float(figures["rmse"]["after"]) < float(figures["rmse"]["before"]) - 0.3
    assert ": better" in found.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == before

    file = tmp_path / "own" / f"{HEAD_ID}.adapted.json"
    text = file.read_text()
    assert json.loads(text)["status"] == "Adapted"
    assert ".mp4" not in text, "no clip is named"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert mos("adapt", table, "--head", HEAD_ID, *model, "--to", tmp_path / "own").exit_code == 0
    assert file.read_text() == text, "the order of rows changes nothing"

    plain = Predictor(tmp_path / "model", HEAD_ID)
    adapted = Predictor(tmp_path / "model", HEAD_ID, adaptation=file)
    features = dict(zip(rated.feature_order, map(float, rated.features[100]), strict=True))
    one, other = (each.predict_mos(features, "libx264") for each in (plain, adapted))
    assert other.mos == pytest.approx(one.mos - SHIFT, abs=0.3)
    assert (other.status, other.interval, one.status) == ("Adapted", None, "Accepted")
    assert other.reason.startswith("adapted: RMSE")

    scored = mos("predict", encodes.clips / "park_low.mp4", *model, "--adapted", file, "--no-cache")
    assert scored.exit_code == 0, scored.output
    (row,) = csv.DictReader(io.StringIO(scored.stdout), delimiter="\t")
    assert (row["head"], row["status"], row["source"]) == (HEAD_ID, "Adapted", "head")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace('"n_clips": 12', '"n_clips": 99'), "was altered"),
        (lambda text: text.replace("Adapted", "Accepted"), "is no adaptation"),
        (lambda text: text[:100], "is no adaptation"),
        (lambda text: "[]", "is no adaptation"),
        (lambda text: "\x00", "is no adaptation"),
    ],
)
def test_what_was_altered_or_belongs_elsewhere_adapts_nothing(
    rated: TrainingTable, release: Release, tmp_path: Path, spoil: object, message: str
) -> None:
    folder = tmp_path / "model"
    release.put(folder)
    table = table_of(rated, tmp_path, 12, 6)
    assert (
        mos("adapt", table, "--head", HEAD_ID, "--model", folder, "--to", tmp_path).exit_code == 0
    )
    file = tmp_path / f"{HEAD_ID}.adapted.json"
    release.called("other_mos_head_v1").put(folder)
    with pytest.raises(ReleaseError, match="does not belong to other_mos_head_v1"):
        Predictor(folder, "other_mos_head_v1", file)
    with pytest.raises(ReleaseError):
        Predictor(tmp_path / "nowhere", HEAD_ID, file)
    assert callable(spoil)
    file.write_text(spoil(file.read_text()))
    with pytest.raises(ReleaseError, match=message):
        Predictor(folder, HEAD_ID, file)
    with pytest.raises(ReleaseError, match="cannot be read"):
        Predictor(folder, HEAD_ID, tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("clip,mos,content\na.mp4,3,x\nb.mp4,4,x\n", "2 contents are needed"),
        ("clip,mos\na.mp4,7\n", "row 2: it needs a clip and a rating in 1..5"),
        ("clip,mos\n,3\n", "row 2: it needs a clip and a rating in 1..5"),
        ("clip,mos\na.mp4,good\n", "row 2, mos: 'good' is no finite number"),
        ("clip,content\na.mp4,x\n", "no column for the rating"),
    ],
)
def test_ratings_that_cannot_be_used_are_one_message(
    release: Release, tmp_path: Path, rows: str, message: str
) -> None:
    release.put(tmp_path / "model")
    (tmp_path / "rated.csv").write_text(rows)
    found = mos(
        *("adapt", tmp_path / "rated.csv", "--head", HEAD_ID),
        *("--model", tmp_path / "model", "--to", tmp_path / "own"),
    )
    assert found.exit_code == 1
    assert message in found.output
    assert not (tmp_path / "own").exists()


def test_a_corpus_folder_is_measured_and_few_contents_move_the_offset_alone(
    release: Release, tmp_path: Path, encodes: Encodes
) -> None:
    release.put(tmp_path / "model")
    (encodes.root / "rated.csv").write_text(
        "clip,mos,content\nclips/park_low.mp4,2.1,park\nclips/park_high.mkv,4.2,park\n"
        "clips/sub/lake.mp4,3.4,lake\nclips/gone.mp4,3.0,lake\n"
    )
    found = mos(
        *("adapt", encodes.root / "rated.csv", "--head", HEAD_ID),
        *("--model", tmp_path / "model", "--to", tmp_path),
    )
    (encodes.root / "rated.csv").unlink()
    assert found.exit_code == 0, found.output
    assert "left out" in found.stderr
    assert "the offset alone is fitted" in found.stderr
