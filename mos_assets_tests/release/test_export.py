"""`mos export`: what hubs and model servers make of the folder."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
from click.testing import CliRunner
from huggingface_hub import ModelCard

from mos_assets.cli import main
from mos_assets.predictor import Predictor
from mos_assets.records import ENCODER_INPUT, FEATURES_INPUT, MOS_OUTPUT
from mos_assets.release.manifest import Manifest

MODEL = Path(__file__).parents[2] / "model"
HEADS = sorted(path.stem for path in MODEL.glob("*.json"))


@pytest.mark.parametrize("head", HEADS)
def test_hub_and_mlflow_read_what_was_released(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_MODEL_DIR", str(MODEL))
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        done = CliRunner().invoke(main, ["export", head, "--to", str(folder)])
        assert done.exit_code == 0, done.output
    first, second = ({path.name: path.read_bytes() for path in f.iterdir()} for f in folders)
    assert first == second

    card = ModelCard.load(folders[0] / "README.md")
    manifest = Manifest.read(folders[0] / f"{head}.json")
    assert card.data.license == "other"
    assert str(manifest.status).lower() in card.data.tags
    results = card.data.eval_results
    assert results
    told = {(one.dataset_type, one.metric_name): one.metric_value for one in results}
    corpus = "_and_".join(one.name for one in manifest.data.corpora)
    assert manifest.gate is not None
    assert told[corpus, "PLCC"] == pytest.approx(manifest.gate.figures["mean_plcc"], abs=1e-4)
    for one in manifest.data.corpora:
        assert one.licence in (folders[0] / "LICENSE").read_text()

    rows = np.tile(np.float32(manifest.feature_mean), (3, 1))
    slots = np.zeros((3, len(manifest.encoder_vocab)), np.float32)
    slots[:, 0] = 1
    served = mlflow.pyfunc.load_model(str(folders[0]))
    answer = served.predict({FEATURES_INPUT: rows, ENCODER_INPUT: slots})[MOS_OUTPUT]
    own = Predictor(folders[0], head).predict_many(rows)
    np.testing.assert_allclose(answer, own.mos, atol=1e-5)


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_MODEL_DIR", str(MODEL))
    (tmp_path / "mine").write_text("keep")
    done = CliRunner().invoke(main, ["export", HEADS[0], "--to", str(tmp_path)])
    assert done.exit_code == 1
    assert "holds something already" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_where_links_and_dots_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOS_MODEL_DIR", str(MODEL))
    here, there, link = (tmp_path / name for name in ("here", "there", "link"))
    here.mkdir()
    there.mkdir()
    link.symlink_to(there)
    monkeypatch.chdir(here)
    done = CliRunner().invoke(main, ["export", HEADS[0], "--to", "."])
    assert done.exit_code == 1 and "Name a new folder" in done.output
    assert CliRunner().invoke(main, ["export", HEADS[0], "--to", str(link)]).exit_code == 0
    assert (there / "MLmodel").is_file() and not any(here.iterdir())


def test_a_place_that_cannot_be_written_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_MODEL_DIR", str(MODEL))
    (tmp_path / "file").write_text("keep")
    done = CliRunner().invoke(main, ["export", HEADS[0], "--to", str(tmp_path / "file" / "new")])
    assert done.exit_code == 1
    assert "cannot be written (Not a directory)" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
