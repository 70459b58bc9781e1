"""Corpora that only test, in the graph and by `mos judge`: judged, shown, and never trained on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mos_assets import Predictor
from mos_assets.cli import main
from mos_assets.release.loading import read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.transfer_report import TransferReport
from mos_assets.store import Database, fold_rows, transfer_rows
from mos_assets_tests.assets.conftest import TOML, UNTIL_TRAINED, Ran, World, make_world, ran

HEAD = "train_mos_head_v1_own"
SCENES = 12


def write(folder: Path, names: range, shift: float = 0.0, toml: str = "") -> None:
    """Clips of some scenes at five qualities, rated, with a table of features and a VMAF."""
    (folder / "features").mkdir(parents=True)
    labels, rows = ["clip,mos,scene"], ["clip_name,sharpness,noise"]
    others = ["clip_name,vmaf,height"]
    for scene in names:
        for step in range(5):
            clip, noise = f"{folder.name}{scene}_{step}", (scene * 7 + step * 3) % 10
            labels.append(f"{clip},{1.2 + 0.7 * step + noise / 25 + shift:.3f},scene{scene}")
            rows.append(f"{clip},{step + scene / 20},{noise}")
            others.append(f"{clip},{20 * step + scene},{540 * (1 + step % 2)}")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    (folder / "features" / "own.csv").write_text("\n".join(rows) + "\n")
    (folder / "features" / "others.csv").write_text("\n".join(others) + "\n")
    text = TOML.format(name=folder.name, clips="").replace("version", f"{toml}version", 1)
    (folder / "corpus.toml").write_text(text)


def report_of(run: Ran) -> TransferReport:
    folder = Path(str(run.metadata("transfer_report")["folder"].value))
    return TransferReport.read(folder / "transfer_report.json")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Trained without a test corpus, three of which lie there."""
    root = tmp_path_factory.mktemp("transfer")
    write(root / "corpora" / "train", range(SCENES))
    write(root / "corpora" / "test", range(8, 16), shift=0.2)
    write(root / "corpora" / "apart", range(4), toml='namespace = "other"\nencoder = "new"\n')
    return ran(make_world(root, "train", features="own"))


@pytest.fixture(scope="module")
def tested(alone: Ran) -> Ran:
    """The same with two of them."""
    return ran(alone.world.using(test_corpus="test,apart"))


def files(world: World) -> ReleaseFiles:
    return ReleaseFiles(world.settings.paths.model_folder, HEAD)


def test_without_a_test_corpus_the_report_is_empty(alone: Ran) -> None:
    assert alone.result.success
    assert report_of(alone).corpora == ()
    assert alone.metadata("transfer_report")["corpora"].value == "no test corpus"
    assert all(found.passed for name, found in alone.checks.items() if "test_corpora" in name)


def test_a_test_corpus_shapes_nothing(alone: Ran, tested: Ran) -> None:
    """The same folds, the same bytes, one slot of the encoder; yet it was read and measured."""
    assert tested.result.success
    for name in ("sha256", "candidate", "n_rows"):
        assert (
            alone.metadata("trained_onnx")[name].value
            == tested.metadata("trained_onnx")[name].value
        )
    assert (
        alone.metadata("folds")["assignment_sha256"]
        == (tested.metadata("folds")["assignment_sha256"])
    )
    database = tested.world.database
    assert {row["corpus"] for row in fold_rows.fold_table(database).to_pylist()} == {"train"}
    assert read_release(files(tested.world)).manifest.encoder_vocab == ("ugc-mixed",)
    raw = database.fetch("SELECT DISTINCT corpus FROM raw_corpus ORDER BY corpus")
    assert raw["corpus"].to_pylist() == ["apart", "test", "train"]


def test_each_clip_is_scored_by_heads_that_had_not_seen_its_content(tested: Ran) -> None:
    """Four of its eight scenes are known by name; another namespace means other contents."""
    apart, test = report_of(tested).corpora
    assert (apart.corpus, apart.clips, apart.known_clips) == ("apart", 20, 0)
    assert (test.corpus, test.clips, test.contents) == ("test", 40, 8)
    assert (test.known_clips, test.known_contents, test.left_out) == (20, 4, 0)
    assert [any("may flatter" in note for note in of.notes) for of in (apart, test)] == [
        False,
        True,
    ]
    assert test.plcc is not None and test.plcc > 0.9
    assert test.shipped_plcc is not None
    database = tested.world.database
    candidate = str(tested.metadata("trained_onnx")["candidate"].value)
    shown = transfer_rows.read_shown(database, candidate, "test")
    assert shown is not None
    assert shown.judged.shape == (2, 3, 40)
    folds = {
        row["content_group"]: row["fold"] for row in fold_rows.fold_table(database).to_pylist()
    }
    scores = np.empty((2, 40))
    for at, clip_id in enumerate(shown.clip_ids):
        fold = folds.get(f"train/scene{clip_id.split('test')[-1].split('_')[0]}")
        heads = shown.judged[:, :, at]
        scores[:, at] = heads.mean(axis=1) if fold is None else heads[:, fold]
    table = transfer_rows.read_test_rows(database, "test", ("ugc-mixed",), gaps=False).table
    assert test.bias == pytest.approx(float(np.mean(scores - table.mos)), abs=1e-6)


def test_metrics_of_others_and_shortcuts_are_beside_it(tested: Ran) -> None:
    """In the table of the card, too; and where the head loses to them, the check is red."""
    rows = {row.name: row for row in report_of(tested).corpora[1].shortcuts.rows}
    assert rows["vmaf"].raw_plcc_all is not None and not rows["vmaf"].counts
    assert rows["size alone"].columns == ("height",)
    card = read_release(files(tested.world)).card.decode()
    assert "## On other corpora" in card
    assert "| – vmaf, as it stands | 40 |" in card
    assert "MOS_TEST_CORPUS=apart,test" in card
    assert "beats_shortcuts" in tested.checks


def test_what_was_not_shown_to_the_heads_is_not_judged(tested: Ran) -> None:
    """Somebody names another test corpus and trains nothing."""
    other = tested.world.using(test_corpus="test")
    assert not other.run("transfer_report").success
    assert not other.run("raw_corpus", "extracted_features", "model_card").success


def judged(world: World, folder: Path, **changes: str) -> tuple[int, str, dict[str, object]]:
    paths = world.settings.paths
    variables = {"MOS_STORE": paths.store, "MOS_MODEL_DIR": paths.model_dir, **changes}
    out = folder.with_suffix(".json")
    arguments = ["judge", "--head", HEAD, "--corpus", str(folder), "--output", str(out)]
    found = CliRunner().invoke(main, arguments, env=variables)
    figures = json.loads(out.read_text())["corpora"][0] if found.exit_code == 0 else {}
    return found.exit_code, found.output, figures


def test_a_released_head_is_judged_as_in_the_graph(tested: Ran, tmp_path: Path) -> None:
    """Known contents by what the store holds of heads that had not seen them, the others by the
    head that ships; in another store nobody knows which are known."""
    world = tested.world
    code, text, figures = judged(world, world.folder("test"))
    assert code == 0, text
    in_graph = report_of(tested).corpora[1]
    assert (figures["clips"], figures["known_clips"]) == (40, 20)
    assert figures["plcc"] == pytest.approx(in_graph.plcc, abs=0.02)
    assert figures["shipped_plcc"] == pytest.approx(in_graph.shipped_plcc, abs=1e-4)
    code, text, figures = judged(world, world.folder("train"))
    assert (code, figures["known_clips"], figures["left_out"]) == (0, 60, 0)
    assert figures["unknown_clips"] == 0
    code, text, figures = judged(world, world.folder("test"), MOS_STORE=str(tmp_path / "store"))
    assert (code, figures["known_clips"], figures["unknown_clips"]) == (0, 0, 40)
    assert "Nobody knows which of its contents the head has seen" in text
    assert not Database(tmp_path / "store").exists
    code, text, _ = judged(world, tmp_path)
    assert code == 1 and "Error: " in text and "Traceback" not in text


@pytest.mark.parametrize(("corpus", "known"), [("train", 60), ("test", 20)])
def test_what_is_only_called_as_a_clip_of_the_store_is_scored_anew(
    tested: Ran, tmp_path: Path, corpus: str, known: int
) -> None:
    """Its features under the names of other clips: the store has no prediction of that."""
    world = tested.world
    folder = tmp_path / corpus
    shutil.copytree(world.folder(corpus), folder)
    table = folder / "features" / "own.csv"
    head, *rows = table.read_text().split()
    names, values = zip(*(row.split(",", 1) for row in rows), strict=True)
    kept = 10
    mixed = [*values[:kept], *values[:kept:-1], values[kept]]
    lines = [f"{name},{value}" for name, value in zip(names, mixed, strict=True)]
    table.write_text("\n".join([head, *lines]) + "\n")
    before = judged(world, world.folder(corpus))[2]
    code, text, figures = judged(world, folder)
    assert code == 0, text
    assert isinstance(figures["unknown_clips"], int)
    changed = sum(
        one != other and (corpus == "train" or int(name.split("_")[0][4:]) < SCENES)
        for name, one, other in zip(names, values, mixed, strict=True)
    )
    assert figures["unknown_clips"] == changed
    assert figures["known_clips"] == known - changed
    assert f"Of {changed} clips it is not known whether" in " ".join(text.split())
    assert figures["plcc"] < before["plcc"] - 0.3


def test_the_predictor_says_where_a_clip_lies(tested: Ran) -> None:
    """Outside no interval is promised, and the reason names the column."""
    world = tested.world
    predictor = Predictor(world.settings.paths.model_folder, HEAD)
    inside = predictor.predict_mos({"sharpness": 2.0, "noise": 4.0}, "libx264")
    outside = predictor.predict_mos({"sharpness": 40.0, "noise": 4.0}, "libx264")
    assert inside.applicability is not None and inside.applicability.inside
    assert inside.interval is not None
    assert outside.applicability is not None and not outside.applicability.inside
    assert outside.applicability.columns[0].name == "sharpness"
    assert outside.interval is None
    assert "no interval is promised: outside the training rows: sharpness is 40" in outside.reason


def test_corpora_that_train_together_are_judged_by_one_another(alone: Ran) -> None:
    """In the report, as a figure beside it, and in the UI; the one of another namespace shares no
    content."""
    root = alone.world.root
    world = alone.world.using(
        corpus="train,apart",
        test_corpus="test",
        store=str(root / "mixed"),
        model_dir=str(root / "mixed-model"),
    )
    result = world.run(*UNTIL_TRAINED, "transfer_report")
    assert result.success
    run = Ran(world, result)
    report = report_of(run)
    assert [(one.trained, one.tested, one.known_clips) for one in report.matrix] == [
        (("apart",), "apart", 20),
        (("apart",), "train", 0),
        (("apart",), "test", 0),
        (("train",), "apart", 0),
        (("train",), "train", 60),
        (("train",), "test", 20),
        (("apart", "train"), "apart", 20),
        (("apart", "train"), "train", 60),
        (("apart", "train"), "test", 20),
    ]
    assert all(one.plcc is not None and one.plcc > 0.8 for one in report.matrix)
    assert [one.tested for one in report.left_out_corpora] == ["apart", "train"]
    metadata = run.metadata("transfer_report")
    assert metadata["train_left_out_plcc"].value == report.left_out_corpora[1].plcc
    assert "data:image/png;base64," in str(metadata["report"].value)
    folder = Path(str(metadata["folder"].value))
    assert (folder / "train_test_matrix.png").is_file()
    assert "](train_test_matrix.png)" in (folder / "transfer_report.md").read_text()
