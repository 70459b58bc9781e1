"""The verdict in the graph: compared, released or refused, on a test set, and guarded."""

from pathlib import Path

import dagster as dg
import pytest

from mos_assets.definitions import build_defs
from mos_assets.errors import ReleaseError
from mos_assets.evaluation import PLCC
from mos_assets.records import Status
from mos_assets.release.candidate import read_candidate
from mos_assets.release.loading import read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.reporting.report import GateReport
from mos_assets.store import fold_rows
from mos_assets_tests.assets.conftest import World, make_world, ran


def test_the_next_head_is_compared_and_what_became_of_each_can_be_asked(tabled: World) -> None:
    """The same clips in the same folds, another recipe; the query is that of docs/operations.md."""
    folder = tabled.folder("tabled")
    with (
        (folder / "labels.csv").open("a") as labels,
        (folder / "features" / "own.csv").open("a") as own,
    ):
        for n in range(30):
            labels.write(f"new{n}.mp4,{1 + (n * 7 % 30) / 10},new{n}\n")
            own.write(f"new{n},{n * 7 % 30},{n * 11 % 13}\n")
    first, second = ran(tabled), ran(tabled.using(epochs=6))
    reports = [
        GateReport.read(Path(str(run.metadata("gate_report")["folder"].value)) / "gate_report.json")
        for run in (first, second)
    ]
    assert reports[0].comparison is None
    compared = reports[1].comparison
    assert compared is not None
    assert compared.released == reports[0].candidate_id
    assert compared.n == reports[1].n_clips == 45
    assert compared.outcome in ("better", "worse", "undecided")
    assert compared.plcc_interval is not None
    assert {row.feature for row in reports[1].importance} == {"sharpness", "noise"}
    section = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    query = section.partition("```sql\n")[2].partition("```")[0]
    with tabled.database.connect() as connection:
        rows = connection.sql(query).to_arrow_table().to_pylist()
    assert [row["candidate_id"] for row in rows] == [r.candidate_id for r in reversed(reports)]
    assert [row["released"] for row in rows] == [True, True]
    assert rows[0]["head_in_place"] == reports[0].candidate_id
    assert rows[0]["comparison"] == compared.sentence
    # An Accepted head in place: the next candidate is refused, and that is history too.
    files = ReleaseFiles(tabled.settings.paths.model_folder, "tabled_mos_head_v1_own")
    manifest = read_release(files).manifest
    gate = manifest.gate.model_copy(update={"beats_shortcuts": True})
    accepted = manifest.model_copy(update={"status": Status.ACCEPTED, "gate": gate})
    files.manifest.write_text(accepted.with_checksums(files.card.read_text()).to_json())
    third = ran(tabled.using(epochs=5))
    assert third.metadata("model_card")["released"].value is False
    with tabled.database.connect() as connection:
        newest = connection.sql(query).to_arrow_table().to_pylist()[0]
    assert newest["released"] is False
    assert "stays" in newest["reason"]


def test_part_b_of_konvid_150k_never_trains_and_is_a_test_set_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "corpora" / "konvid-150k"
    (folder / "features").mkdir(parents=True)
    names = [f"orig_{n}_540_5s.mp4" for n in range(90)]
    mos = [1.2 + (n * 37 % 90) / 25 for n in range(90)]
    scores = [f"{name},{value:.3f}" for name, value in zip(names, mos, strict=True)]
    (folder / "k150ka_scores.csv").write_text("\n".join(["video_name,video_score", *scores[:60]]))
    # The mos column wins over video_score, which is nonsense here.
    rows = [f"{row},1.0" for row in scores[60:]]
    (folder / "k150kb_scores.csv").write_text("\n".join(["video_name,mos,video_score", *rows]))
    values = [
        f"{n},{m * 2 + i % 3},{i % 7}" for i, (n, m) in enumerate(zip(names, mos, strict=True))
    ]
    (folder / "features" / "own.csv").write_text("\n".join(["clip_name,a,b", *values]) + "\n")
    world = make_world(tmp_path, "konvid-150k", features="own", konvid_150k_floor=1, epochs=20)
    found = ran(world)
    assert found.result.success
    fold = {r["clip_id"]: r["fold"] for r in fold_rows.fold_table(world.database).to_pylist()}
    assert {clip for clip, f in fold.items() if f == -1} == {
        f"konvid-150k/{name.removesuffix('.mp4')}" for name in names[60:]
    }
    folder = Path(str(found.metadata("gate_report")["folder"].value))
    report = GateReport.read(folder / "gate_report.json")
    assert (report.n_clips, report.n_held_out) == (60, 30)
    (held,) = (part for part in report.slices if part.dimension == "held out")
    assert (held.name, held.n) == ("part b", 30)
    assert held.of(PLCC) is not None
    assert report.prediction_interval.n == 60
    files = ReleaseFiles(world.settings.paths.model_folder, "konvid_mos_head_v1_own")
    manifest = read_release(files).manifest
    assert {row.n_train for row in manifest.folds} == {40}
    card = files.card.read_text()
    assert "On 30 held-out clips (part b), which no head has trained on" in card


def test_an_altered_card_turns_a_check_red_and_stops_a_release(tabled: World) -> None:
    assert tabled.run().success
    card = ReleaseFiles(tabled.settings.paths.model_folder, "tabled_mos_head_v1_own").card
    card.write_text(card.read_text().replace("Proposed", "Accepted", 1))
    job = build_defs(tabled.settings).resolve_implicit_global_asset_job_def()
    key = dg.AssetCheckKey(dg.AssetKey("model_card"), "release_unaltered")
    with dg.DagsterInstance.ephemeral() as instance:
        found = job.get_subset(asset_check_selection={key}, asset_selection=()).execute_in_process(
            instance=instance
        )
    (check,) = found.get_asset_check_evaluations()
    assert not check.passed
    assert "sha256" in str(check.metadata["why"].value)
    assert not tabled.using(epochs=4).run().success
    assert "Accepted" in card.read_text()


def test_a_candidate_that_cannot_be_read_says_what_to_materialize(tabled: World) -> None:
    assert tabled.run().success
    (manifest,) = tabled.settings.paths.store_folder.glob("candidates/*/*/*.json")
    onnx = manifest.with_suffix(".onnx")
    whole = onnx.read_bytes()
    onnx.unlink()
    with pytest.raises(ReleaseError, match=r"onnx cannot be read .* Materialize trained_onnx"):
        read_candidate(ReleaseFiles(manifest.parent, manifest.stem))
    onnx.write_bytes(whole)
    manifest.write_bytes(manifest.read_bytes()[:4096])
    with pytest.raises(ReleaseError, match=r"not a manifest.* Materialize trained_onnx"):
        read_candidate(ReleaseFiles(manifest.parent, manifest.stem))
