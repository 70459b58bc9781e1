"""What reaches training: gaps, encoder slots, and rows in any order."""

from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from mos_assets import Predictor
from mos_assets.errors import FeatureError
from mos_assets.release.manifest import Manifest
from mos_assets_tests.assets.conftest import UNTIL_TRAINED, Ran, World, make_world, ran

HEAD = "tabled_mos_head_v1_own"


def table_of(world: World) -> Path:
    return world.settings.paths.corpus_folder / "tabled" / "features" / "own.csv"


def manifest_of(world: World) -> Manifest:
    return Manifest.read(world.settings.paths.model_folder / f"{HEAD}.json")


def candidate_of(found: Ran) -> Manifest:
    onnx = Path(str(found.metadata("trained_onnx")["onnx"].value))
    return Manifest.read(onnx.with_suffix(".json"))


def digest_of(result: dg.ExecuteInProcessResult) -> str:
    assert result.success
    (trained,) = (
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey("trained_onnx")
    )
    return str(trained["sha256"].value)


def test_rows_in_another_order_give_the_same_bytes(tabled: World, tmp_path: Path) -> None:
    first = digest_of(tabled.run_until("trained_onnx"))
    for path in (table_of(tabled), table_of(tabled).parents[1] / "labels.csv"):
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *reversed(rows)]) + "\n")
    other = make_world(tmp_path, "tabled", features="own", store=str(tmp_path / "other"))
    assert digest_of(other.run_until("trained_onnx")) == first


def test_clips_with_gaps_train_only_where_asked(tabled: World) -> None:
    """The head says so in its manifest, and takes None for what is missing, not NaN."""
    path = table_of(tabled)
    header, first, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, first.rsplit(",", 1)[0] + ",", *rows]) + "\n")
    excluding = ran(tabled, *UNTIL_TRAINED)
    excluded = excluding.metadata("trained_onnx")
    assert (excluded["n_rows"].value, excluded["rows_excluded"].value) == (14, 1)
    assert candidate_of(excluding).missing_value is None

    imputing = tabled.using(missing="impute")
    kept = ran(imputing).metadata("trained_onnx")
    assert (kept["n_rows"].value, kept["rows_excluded"].value) == (15, 0)
    assert kept["rows_with_gaps"].value == 1
    manifest = manifest_of(imputing)
    assert manifest.missing_value is not None
    assert manifest.training_recipe["impute"] is True
    predictor = Predictor(imputing.settings.paths.model_folder, HEAD)
    answer = predictor.predict_mos({"sharpness": 6.0, "noise": None}, "libx264")
    assert 1 <= answer.mos <= 5
    with pytest.raises(FeatureError, match="noise"):
        predictor.predict_mos({"sharpness": 6.0, "noise": np.nan}, "libx264")
    with pytest.raises(FeatureError, match="noise"):
        predictor.predict_mos({"sharpness": 6.0}, "libx264")


def test_a_corpus_may_add_a_slot(tabled: World) -> None:
    """Its heads take a longer one-hot; a caller with that one-hot may still use the old head."""
    ran(tabled)
    one_slot = Predictor(tabled.settings.paths.model_folder, HEAD)
    toml = table_of(tabled).parents[1] / "corpus.toml"
    text = toml.read_text()
    toml.write_text(text.replace("[columns]", 'encoder = "studio"\n\n[columns]', 1))
    slotted = tabled.using(model_dir=str(tabled.root / "slotted"))
    ran(slotted)
    manifest = manifest_of(slotted)
    assert manifest.encoder_vocab == ("ugc-mixed", "studio")
    assert manifest.encoder_vocab_version == 5
    two_slots = Predictor(slotted.settings.paths.model_folder, HEAD)
    features = {"sharpness": 6.0, "noise": 3.0}
    by_name = two_slots.predict_mos(features, "studio").mos
    assert by_name == two_slots.predict_mos(features, "libx264", encoder_onehot=[0.0, 1.0]).mos
    # Another corpus later gets the slot after it, whatever its name, and studio keeps its own.
    toml.write_text(toml.read_text().replace("studio", "archive"))
    later = candidate_of(ran(tabled, *UNTIL_TRAINED))
    assert later.encoder_vocab == ("ugc-mixed", "studio", "archive")
    assert later.encoder_vocab_version == 6
    old = one_slot.predict_mos(features, "libx264").mos
    assert one_slot.predict_mos(features, "libx264", encoder_onehot=[1.0, 0.0]).mos == old
    with pytest.raises(FeatureError, match="slot 1"):
        one_slot.predict_mos(features, "libx264", encoder_onehot=[0.0, 1.0])


def test_a_candidate_is_judged_on_what_it_was_trained_on(tabled: World) -> None:
    """Other ratings or features of the same clips in the same folds are no test of it."""
    assert tabled.run(*UNTIL_TRAINED).success
    labels = table_of(tabled).parents[1] / "labels.csv"
    for path, old, new in ((table_of(tabled), "6.2,", "6.3,"), (labels, ",3.1,", ",3.2,")):
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))
        assert tabled.run(*UNTIL_TRAINED[:-1]).success
        judged = tabled.run("gate_report", "model_card")
        assert not judged.success
        (failure,) = judged.get_step_failure_events()
        assert "trained on other features or ratings" in str(failure.event_specific_data)
        assert not tabled.settings.paths.model_folder.exists()
        path.write_text(before)
