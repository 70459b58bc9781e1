"""The graph over labels and tables without clips: what stops it, and what it warns of."""

from __future__ import annotations

import dagster as dg

from mos_assets.release.loading import read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.store import fold_rows
from mos_assets_tests.assets.conftest import MEASURED, Ran, World, ran


def test_a_feature_without_variance_is_called_out_by_name(tabled: World) -> None:
    own = tabled.folder("tabled") / "features" / "own.csv"
    head, *rows = own.read_text().splitlines()
    own.write_text("\n".join([f"{head},flat", *(f"{row},7" for row in rows)]) + "\n")
    check = ran(tabled, *MEASURED).checks["features_not_constant"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["constant"].value == ["flat"]


def test_a_table_that_knows_the_answer_is_called_out(tabled: World) -> None:
    """By the name of a column that is not even used, and by how closely one follows the label."""
    folder = tabled.folder("tabled")
    labels = [f"new{n}.mp4,{1 + (n * 7 % 30) / 10},new{n}" for n in range(30)]
    with (folder / "labels.csv").open("a") as file:
        file.write("\n".join(labels) + "\n")
    head, *rows = (folder / "features" / "own.csv").read_text().splitlines()
    rows += [f"new{n},{n},{n / 2}" for n in range(30)]
    score = {line.split(",")[0].removesuffix(".mp4"): line.split(",")[1] for line in labels}
    told = [f"{row},{score.get(row.split(',')[0], '')}" for row in rows]
    (folder / "features" / "own.csv").write_text("\n".join([f"{head},quality", *told]) + "\n")
    (folder / "features" / "unused.csv").write_text("clip_name,MOS\nnew1,3\n")
    check = ran(tabled, *MEASURED).checks["no_leak"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert check.metadata["label_columns"].value == ["table tabled/unused has a column 'MOS'"]
    (leak,) = check.metadata["features"].value
    assert leak.startswith("quality is the label in other units: it correlates 1.000")
    # A run that leaves the check out stops all the same.
    assert not tabled.run("folds").success


def test_a_column_called_as_the_labels_are_is_refused(tabled: World) -> None:
    """Under the very name that the label has; a column of texts is named too. One that is only
    called like ratings trains, and stands in report and card."""
    own = tabled.folder("tabled") / "features" / "own.csv"
    head, *rows = own.read_text().splitlines()
    told = [f"{row},{1 + n % 4},{n % 7},x" for n, row in enumerate(rows)]
    own.write_text("\n".join([f"{head},mos,mosz,kind", *told]) + "\n")
    result = tabled.run()
    assert result.success
    report, card = (
        Ran(tabled, result).metadata(asset)[name].value
        for asset, name in (("gate_report", "report"), ("model_card", "card"))
    )
    assert "'mosz' is called as ratings are" in report
    assert "'mosz' is called as ratings are" in card
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    assert not checks["no_leak"].passed
    assert checks["no_leak"].metadata["label_columns"].value == [
        "table tabled/own has a column 'mos', which is what the corpus calls its own labels, and "
        "it is refused as a feature",
        "table tabled/own has a column 'mosz'",
    ]
    left_out = Ran(tabled, result).metadata("extracted_features")["table_columns_left_out"]
    assert left_out.value == {"tabled/own": ["mos", "kind"]}
    # A table without clips trains: nothing was measured, and a head came of it.
    measured = Ran(tabled, result).metadata("clip_measurements")
    assert measured["dagster/row_count"].value == 0
    assert read_release(ReleaseFiles(tabled.settings.paths.model_folder, "tabled_mos_head_v1_own"))


def test_a_clip_keeps_its_fold_when_others_arrive(tabled: World) -> None:
    assert tabled.run_until("folds").success
    before = {r["clip_id"]: r["fold"] for r in fold_rows.fold_table(tabled.database).to_pylist()}
    folder = tabled.folder("tabled")
    with (
        (folder / "labels.csv").open("a") as labels,
        (folder / "features" / "own.csv").open("a") as own,
    ):
        for index in range(7):
            labels.write(f"new{index}.mp4,{1.5 + index / 3},new{index}\n")
            own.write(f"new{index},{index},{index / 2}\n")
    assert tabled.run_until("folds").success
    after = {r["clip_id"]: r["fold"] for r in fold_rows.fold_table(tabled.database).to_pylist()}
    assert len(after) == 22
    assert before.items() <= after.items()


def test_a_head_never_trains_on_the_features_of_another_run(tabled: World) -> None:
    """Only the later assets, under other settings: refused, not trained on what lies there."""
    assert tabled.run_until("folds").success
    (tabled.folder("tabled") / "features" / "other.csv").write_text(
        (tabled.folder("tabled") / "features" / "own.csv").read_text()
    )
    other = tabled.using(features="other")
    assert not other.run("trained_onnx", "gate_report", "model_card").success
    assert not other.run("folds").success
    files = ReleaseFiles(other.settings.paths.model_folder, "tabled_mos_head_v1_other")
    assert not files.onnx.exists()


def test_two_heads_of_one_id_do_not_overwrite_each_other(tabled: World) -> None:
    """Blocks `a+b` and a table `a_b` come out with one id."""
    folder = tabled.folder("tabled") / "features"
    own = (folder / "own.csv").read_text()
    (folder / "a.csv").write_text(own)
    (folder / "a_b.csv").write_text(own)
    (folder / "b.csv").write_text(own.replace("sharpness", "first").replace("noise", "second"))
    assert tabled.using(features="a_b").run().success
    files = ReleaseFiles(tabled.settings.paths.model_folder, "tabled_mos_head_v1_a_b")
    before = files.onnx.read_bytes()
    assert not tabled.using(features="a+b").run().success
    assert files.onnx.read_bytes() == before


def test_labels_that_contradict_their_declaration_stop_a_run_or_stand_in_its_report(
    tabled: World,
) -> None:
    """What cannot be right trains nothing, with the check or without; what may be right is said."""
    toml = tabled.folder("tabled") / "corpus.toml"
    sound = toml.read_text()
    toml.write_text(sound.replace("[1.0, 5.0]", "[0, 100]"))
    found = ran(tabled)
    check = found.checks["labels_as_declared"]
    assert not found.result.success
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "fit 1..5" in (check.description or "")
    assert not tabled.run("extracted_features", "folds", "trained_onnx").success
    assert not (tabled.settings.paths.store_folder / "candidates").exists()
    toml.write_text(sound.replace("[1.0, 5.0]", "[0, 10]"))
    warned = ran(tabled)
    check = warned.checks["labels_as_declared"]
    assert warned.result.success
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    (card,) = tabled.settings.paths.model_folder.glob("*_card.md")
    (page,) = tabled.settings.paths.store_folder.glob("reports/*/*/gate_report.md")
    for text in (card.read_text(), page.read_text()):
        assert "of the declared scale 0..10, and fit 1..5" in text


def test_a_blocking_check_stops_what_is_downstream(tabled: World) -> None:
    """No clip has its features: nothing trains, and nothing is released."""
    own = tabled.folder("tabled") / "features" / "own.csv"
    own.write_text("clip_name,sharpness,noise\nstranger,1,2\n")
    result = tabled.run()
    assert not result.success
    assert not tabled.settings.paths.model_folder.exists()


def test_what_a_run_writes_of_itself_does_not_grow_with_its_clips(tabled: World) -> None:
    """Events are rows in Dagster's storage, and their metadata bytes in it."""

    def events() -> list[int]:
        """How many, and how many bytes."""
        found = tabled.run_until("folds").all_events
        return [len(found), sum(len(dg.serialize_value(event)) for event in found)]

    few = events()
    folder = tabled.folder("tabled")
    with (folder / "labels.csv").open("a") as labels:
        labels.writelines(f"more{n}.mp4,{1 + n % 40 / 10},more{n // 2}\n" for n in range(600))
        labels.writelines(f"bad{n}.mp4,none,bad\n" for n in range(300))
    with (folder / "features" / "own.csv").open("a") as table:
        table.writelines(f"more{n},{n % 7},{n % 5}\n" for n in range(300))
        table.writelines(f"stray{n},1,2\n" for n in range(300))
    many = events()
    assert many[0] <= few[0] + 20
    assert many[1] <= few[1] + 20_000
