"""The graph as its user meets it: real clips in, a judged and released head out."""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from mos_assets import Predictor
from mos_assets.assets.provenance import asset_tags
from mos_assets.automation.executors import executor_for
from mos_assets.definitions import build_defs
from mos_assets.features import read_shard
from mos_assets.predictor import Source
from mos_assets.release.loading import read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.report import GateReport
from mos_assets.settings import Executor, Settings
from mos_assets.store import corpus_rows, feature_rows, fold_rows
from mos_assets_tests.assets.conftest import (
    MEASURED,
    TOML,
    Ran,
    make_world,
    ran,
    write_labels,
)

ASSETS = [
    "raw_corpus",
    "clip_measurements",
    "shot_metadata",
    "extracted_features",
    "folds",
    "trained_onnx",
    "gate_report",
    "transfer_report",
    "model_card",
]
SCORING = ["incoming_clips", "clip_scores"]
MADE_ONCE = (("trained_onnx", "trained"), ("gate_report", "judged"), ("transfer_report", "judged"))
"""Assets that are not made again of the same, and what says so in their metadata."""
HEAD = "filmed_mos_head_v1"
SHARED = Path(__file__).parents[2] / "../shared/data"


def test_every_asset_materializes_in_its_order(filmed: Ran) -> None:
    assert filmed.result.success
    found = [
        event.asset_key.to_user_string()
        for event in filmed.result.get_asset_materialization_events()
        if event.asset_key
    ]
    assert [name for name in found if name not in SCORING] == ASSETS
    assert [name for name in found if name in SCORING] == SCORING


def test_a_run_that_succeeds_has_made_every_asset_that_it_selected() -> None:
    """Every step is known when a run starts, and has to hand out what it makes: no executor can
    pass one over, and Dagster fails the step that does not."""
    definitions = build_defs(Settings.of(corpus="synthetic"))
    jobs = [definitions.resolve_implicit_global_asset_job_def()]
    jobs += [definitions.resolve_job_def(name) for name in ("retrain", "score_incoming")]
    for job in jobs:
        for node in job.graph.nodes:
            assert isinstance(node.definition, dg.OpDefinition), f"{node.name} holds steps"
            for output in node.definition.output_defs:
                assert output.is_required, f"{node.name} may succeed without {output.name}"
                assert not output.is_dynamic, f"{node.name} makes steps while it runs"


def test_nothing_forks_that_may_have_the_store_open(filmed: Ran) -> None:
    """A forked child of a process with an open DuckDB 2.0 loses what it writes, without a word. A
    step of its own process comes from a server that has never opened one."""
    assert not filmed.forks, filmed.forks[0]
    steps = executor_for(Executor.MULTIPROCESS).config_schema.resolve_config({})
    assert steps.value["config"]["start_method"] == {"forkserver": {}}


def test_what_was_made_says_of_what(filmed: Ran) -> None:
    """Tags of a materialization, by which the UI finds it."""
    tags = {
        event.asset_key.to_user_string(): event.materialization.tags or {}
        for event in filmed.result.get_asset_materialization_events()
        if event.asset_key
    }
    (candidate,) = {tags[name]["mos_assets/candidate"] for name in ASSETS[-4:]}
    assert candidate == filmed.metadata("gate_report")["candidate"].value
    for name in ASSETS:
        assert tags[name]["mos_assets/corpus"] == "filmed"
        assert tags[name]["mos_assets/git"]


def test_several_corpora_and_long_names_fit_into_a_tag() -> None:
    long = f"konvid-1k,{'a' * 80}"
    for corpus, tag in (("mine,konvid-1k", "konvid-1k_and_mine"), (long, "a" * 63)):
        tags = asset_tags(Settings.of(corpus=corpus).run)
        assert tags["mos_assets/corpus"] == tag
        dg.AssetMaterialization("raw_corpus", tags=tags)


def test_every_clip_has_the_eleven_features(filmed: Ran) -> None:
    table = feature_rows.feature_table(filmed.world.database)
    assert table.num_rows == 15
    assert all(table["complete"].to_pylist())
    assert feature_rows.feature_columns(filmed.world.database) == (
        *("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"),
        *("saliency_mean", "saliency_var"),
        *("shot_count_norm", "shot_mean_len_norm", "shot_cut_density"),
    )


def test_integrity_checks_pass_and_a_missed_gate_does_not_stop_the_run(filmed: Ran) -> None:
    gate = {"mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread", "beats_shortcuts"}
    failed = {name for name, check in filmed.checks.items() if not check.passed}
    assert failed <= gate | {"features_not_constant"}
    assert failed & gate
    for name in gate:
        assert filmed.checks[name].severity is dg.AssetCheckSeverity.ERROR
        assert not filmed.checks[name].blocking


def test_folds_share_no_scene(filmed: Ran) -> None:
    rows = fold_rows.fold_table(filmed.world.database).to_pylist()
    assert len(rows) == 15
    folds_of: dict[str, set[int]] = {}
    for row in rows:
        scene = row["clip_id"].removeprefix("filmed/").split("_")[0]
        folds_of.setdefault(scene, set()).add(row["fold"])
    assert len(folds_of) == 5
    assert all(len(folds) == 1 for folds in folds_of.values())


def test_the_head_is_released_with_its_verdict_and_answers(filmed: Ran) -> None:
    folder = filmed.world.settings.paths.model_folder
    manifest = read_release(ReleaseFiles(folder, HEAD)).manifest
    assert manifest.status == "Proposed"
    assert manifest.gate is not None
    assert not manifest.gate.passed
    assert len(manifest.folds) == 2 * 3
    predictor = Predictor(folder, HEAD)
    row = feature_rows.feature_table(filmed.world.database).to_pylist()[0]
    features = {name: row[name] for name in manifest.feature_order}
    answer = predictor.predict_mos(features, "libx264")
    assert answer.source is Source.HEAD
    assert 1.0 <= answer.mos <= 5.0


def test_the_report_says_why_and_its_figures_are_there(filmed: Ran) -> None:
    folder = Path(str(filmed.metadata("gate_report")["folder"].value))
    report = GateReport.model_validate_json((folder / "gate_report.json").read_bytes())
    assert report.n_clips == 15
    assert any("folds" in reason for reason in report.verdict.reasons)
    page = (folder / "gate_report.md").read_text()
    for picture in folder.glob("*.png"):
        assert f"]({picture.name})" in page
    html = Path(str(filmed.metadata("gate_report")["html"].value))
    assert html.parent == folder and html.read_text().count('src="data:image/jpeg;base64,') == 10
    shown = str(filmed.metadata("gate_report")["report"].value)
    assert shown.count("data:image/png;base64,") == len(list(folder.glob("*.png"))) > 0


def test_assets_carry_what_the_ui_shows(filmed: Ran) -> None:
    for asset in ("raw_corpus", "clip_measurements", "extracted_features", "folds"):
        metadata = filmed.metadata(asset)
        assert "dagster/row_count" in metadata
        assert "dagster/column_schema" in metadata
        assert "preview" in metadata


def test_a_second_run_opens_no_clip_and_gives_the_same_bytes(filmed: Ran) -> None:
    folder = filmed.world.settings.paths.model_folder
    # The record of the release holds dates, and is no part of what is shipped.
    before = {path.name: path.read_bytes() for path in folder.glob("[!.]*")}
    shards = sorted((filmed.world.settings.paths.store_folder / "shards").iterdir())
    again = ran(filmed.world)
    assert again.result.success
    assert [again.metadata(asset)[name].value for asset, name in MADE_ONCE] == [False] * 3
    assert again.metadata("raw_corpus")["clips_opened"].value == 0
    assert sorted((filmed.world.settings.paths.store_folder / "shards").iterdir()) == shards
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*")} == before
    assert len(before) == 3


def test_a_lost_database_is_rebuilt_from_the_shards(filmed: Ran, tmp_path: Path) -> None:
    shutil.copytree(filmed.world.root, tmp_path / "copy")
    world = make_world(tmp_path / "copy", "filmed")
    world.database.path.unlink()
    shards = sorted((world.settings.paths.store_folder / "shards").iterdir())
    assert world.run(*MEASURED).success
    assert sorted((world.settings.paths.store_folder / "shards").iterdir()) == shards
    assert all(feature_rows.feature_table(world.database)["complete"].to_pylist())


def test_one_new_clip_and_one_broken_clip_cost_what_they_should(
    filmed: Ran, tmp_path: Path
) -> None:
    shutil.copytree(filmed.world.root, tmp_path / "copy")
    world = make_world(tmp_path / "copy", "filmed")
    corpus = world.folder("filmed")
    source = corpus / "clips" / "scene0_crf44.mp4"
    (corpus / "clips" / "torn.mp4").write_bytes(source.read_bytes()[:-700])
    (corpus / "clips" / "text.mp4").write_text("not a clip")
    with (corpus / "labels.csv").open("a") as labels:
        labels.write("torn.mp4,2.0,torn\ntext.mp4,2.0,text\n")
    assert world.run(*MEASURED).success
    rejected = corpus_rows.rejected_table(world.database, ["filmed"]).to_pylist()
    assert any(row["clip_name"] == "text.mp4" for row in rejected)
    rows = {r["clip_id"]: r for r in feature_rows.feature_table(world.database).to_pylist()}
    torn = rows.get("filmed/torn")
    assert torn is None or (not torn["complete"] and torn["reason"])
    assert sum(row["complete"] for row in rows.values()) == 15


def test_another_reference_policy_measures_libvmaf_again_and_nothing_else(
    filmed: Ran, tmp_path: Path
) -> None:
    shutil.copytree(filmed.world.root, tmp_path / "copy")
    world = make_world(tmp_path / "copy", "filmed", reference="self")
    shards = world.settings.paths.store_folder / "shards"
    before = set(shards.glob("*.parquet"))
    costly = ("raw_corpus", "clip_measurements")
    assert world.run(*costly).success
    new = [row for path in set(shards.glob("*.parquet")) - before for row in read_shard(path)]
    assert len(new) == 15
    assert {row.part for row in new} == {"libvmaf"}
    assert all(row.figures["adm2"] == pytest.approx(1.0, abs=1e-4) for row in new)
    # Back under the first policy everything is there already.
    after = set(shards.glob("*.parquet"))
    assert make_world(tmp_path / "copy", "filmed").run(*costly).success
    assert set(shards.glob("*.parquet")) == after


def test_a_pristine_source_is_the_reference_where_labels_name_one(
    tmp_path: Path, write_clips: Callable[[Path], None]
) -> None:
    """Full-reference figures: the less a transcode destroyed, the nearer adm2 is to 1. Another
    pristine file is another measurement; the distorted clip's other parts stay."""
    folder = tmp_path / "corpora" / "paired"
    write_clips(folder / "clips")
    rows = "".join(
        f"scene0_crf{crf}.mp4,{mos},scene0_crf18.mp4\n" for crf, mos in ((34, 3.0), (44, 2.0))
    )
    (folder / "labels.csv").write_text("clip,mos,source\n" + rows)
    toml = TOML.format(name="paired", clips='clips = "clips"').replace("group", "reference")
    (folder / "corpus.toml").write_text(toml.replace('"scene"', '"source"'))
    world = make_world(tmp_path, "paired", reference="source", features="canonical-6+saliency")
    assert world.run(*MEASURED).success
    rows_now = {r["clip_id"]: r for r in feature_rows.feature_table(world.database).to_pylist()}
    near, far = (rows_now[f"paired/scene0_crf{crf}"]["adm2"] for crf in (34, 44))
    assert 1.0 > near > far
    shards = world.settings.paths.store_folder / "shards"
    before = set(shards.glob("*.parquet"))
    pristine = folder / "clips" / "scene0_crf18.mp4"
    pristine.write_bytes((folder / "clips" / "scene1_crf18.mp4").read_bytes())
    assert world.run(*MEASURED).success
    new = [row for path in set(shards.glob("*.parquet")) - before for row in read_shard(path)]
    assert {row.part for row in new} == {"libvmaf"}
    assert len(new) == 2


def test_external_shots_replace_measured_ones_and_decode_nothing(
    filmed: Ran, tmp_path: Path
) -> None:
    shutil.copytree(filmed.world.root, tmp_path / "copy")
    world = make_world(tmp_path / "copy", "filmed")
    clips = sorted(path.stem for path in (world.folder("filmed") / "clips").iterdir())
    (world.folder("filmed") / "shots").mkdir()
    rows = "".join(f"{name},{2 + n % 3},0.2\n" for n, name in enumerate(clips[:-1]))
    (world.folder("filmed") / "shots" / "mine.csv").write_text(
        "clip_name,shot_count,shot_avg_duration_sec\n" + rows + "stranger,2,0.2\n"
    )
    shards = sorted((world.settings.paths.store_folder / "shards").iterdir())
    found = ran(world, *MEASURED)
    assert found.result.success
    assert sorted((world.settings.paths.store_folder / "shards").iterdir()) == shards
    assert found.metadata("shot_metadata")["clips_with_shots"].value == 14
    assert found.metadata("shot_metadata")["external_rows_without_a_clip"].value == {"filmed": 1}
    reasons = dict(feature_rows.incomplete_reasons(world.database))
    assert sum(reasons.values()) == 1


def test_unusable_clips_count_as_missing(filmed: Ran, tmp_path: Path) -> None:
    shutil.copytree(filmed.world.root, tmp_path / "copy")
    world = make_world(tmp_path / "copy", "filmed")
    for path in sorted((world.folder("filmed") / "clips").iterdir())[:3]:
        path.write_text("not a clip any more")
    check = ran(world, "raw_corpus").checks["clips_present"]
    assert not check.passed
    assert check.metadata["without_usable_clip"].value == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not there")
def test_real_clips_go_through_every_extractor(tmp_path: Path) -> None:
    """Four real clips; bikes.mp4 is cut several times."""
    folder = tmp_path / "corpora" / "real"
    write_labels(folder)
    shutil.copytree(SHARED / "clips", folder / "clips")
    names = sorted(path.name for path in (folder / "clips").iterdir())
    rows = "".join(f"{name},{2 + n / 2},{name}\n" for n, name in enumerate(names))
    (folder / "labels.csv").write_text("clip,mos,scene\n" + rows)
    world = make_world(tmp_path, "real")
    assert world.run(*MEASURED).success
    found = {r["clip_id"]: r for r in feature_rows.feature_table(world.database).to_pylist()}
    assert all(row["complete"] for row in found.values())
    assert found["real/bikes"]["shot_cut_density"] > 0
    assert found["real/carphone_pristine"]["shot_cut_density"] == 0
