"""Pruning: what is old and referred to by nothing goes; a release and its report never do."""

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.cli import main
from mos_assets.errors import ReleaseError, StoreError
from mos_assets.pipeline.prune import Pruned, prune_store, to_prune
from mos_assets.records import FeatureLoss, OutOfFold, TrainingTable
from mos_assets.release.candidate import candidate_files
from mos_assets.release.promotion import promote
from mos_assets.settings import Settings
from mos_assets.store import Database, verdict_rows
from mos_assets.store.pruning_rows import StoredCandidate, forget_candidates
from mos_assets.store.run_lock import run_lock
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.settings.making import values

START = datetime(2026, 1, 1, tzinfo=UTC)
AT_WORK = START + timedelta(days=25)

candidates = st.lists(
    st.builds(
        StoredCandidate,
        candidate_id=st.text("abcdef", min_size=1, max_size=2),
        head_id=st.sampled_from(["one", "two"]),
        created_at=st.integers(0, 50).map(lambda days: START + timedelta(days=days)),
        sha256=st.sampled_from(["x", "y", "z"]),
        folder=st.just("c"),
        report_folder=st.sampled_from([None, "r"]),
        accepted=st.booleans(),
        referred_to=st.booleans(),
        last_released=st.booleans(),
        compared_with=st.lists(st.text("abcdef", min_size=1, max_size=1), max_size=2).map(tuple),
    ),
    max_size=20,
    unique_by=lambda candidate: candidate.candidate_id,
)


@given(candidates, st.sets(st.sampled_from(["x", "y"])), st.integers(1, 5))
def test_what_must_stay_stays_and_what_is_old_goes(
    found: list[StoredCandidate], released: set[str], keep: int
) -> None:
    going = to_prune(found, released, keep, AT_WORK)
    must = {}
    for place, one in enumerate(found):
        # Written later stands before; what the clocks said is nobody's business.
        newer = [other for other in found[:place] if other.head_id == one.head_id]
        must[one.candidate_id] = (
            len(newer) < keep
            or (one.accepted and sum(other.accepted for other in newer) < keep)
            or one.referred_to
            or one.sha256 in released
            or one.last_released
            or (one.report_folder is None and one.created_at >= AT_WORK)
        )
    named = {name for one in found if must[one.candidate_id] for name in one.compared_with}
    for one in found:
        assert (one in going) == (not must[one.candidate_id] and one.candidate_id not in named)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of(
        store=str(tmp_path / "store"), model_dir=str(tmp_path / "model"), keep_candidates=2
    )


def prune(settings: Settings, *, pretend: bool = False) -> Pruned:
    keep = settings.service.keep_candidates
    return prune_store(settings.paths, keep, holder="test", pretend=pretend)


def trained(settings: Settings, release: Release, rated: TrainingTable, day: int, mark: str) -> str:
    """A judged candidate of that day in the store."""
    identity, store = f"{day:012x}", settings.paths.store_folder
    files = candidate_files(store, HEAD_ID, identity)
    files.folder.mkdir(parents=True)
    files.onnx.write_bytes(release.onnx)
    report = store / "reports" / HEAD_ID / identity
    report.mkdir(parents=True)
    (report / "gate_report.json").write_text("{}")
    database = Database(store)
    made = START + timedelta(days=day)
    verdict_rows.write_candidate(
        database,
        verdict_rows.Candidate(identity, HEAD_ID, made, files.folder, mark),
        rated,
        OutOfFold((1,), rated.mos[None, :]),
        (FeatureLoss(1, 0, ("adm2",), 0.1),),
    )
    verdict_rows.write_verdict(
        database,
        verdict_rows.VerdictRow(
            *(identity, HEAD_ID, made, "made", "simulated", 200, "Proposed"),
            {"mean_plcc": 0.9, "mean_rmse": 0.1},
            report,
        ),
    )
    return identity


def test_the_released_head_keeps_its_candidate_report_and_predictions(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    """The oldest of five is the released one; two further back nothing refers to."""
    sha256 = release.manifest.sha256
    names = [
        trained(settings, release, rated, day, sha256 if day == 0 else f"other{day}")
        for day in range(5)
    ]
    promote(release.manifest, release.onnx, release.card, settings.paths.model_folder, START)
    database, store = Database(settings.paths.store_folder), settings.paths.store_folder
    (store / "candidates" / ".killed.onnx").write_bytes(b"fresh: its run may still be there")
    # A release that was interrupted, and one that was not even committed, stop nothing.
    commit = settings.paths.model_folder / f".{HEAD_ID}.commit"
    shutil.copytree(settings.paths.model_folder, commit)
    staging = settings.paths.model_folder / f".{HEAD_ID}.staging"
    staging.mkdir()
    (staging / f"{HEAD_ID}.json").write_text("{")
    would = prune_store(
        settings.paths, settings.service.keep_candidates, holder="test", pretend=True
    )
    assert [one.candidate_id for one in would.candidates] == [names[2], names[1]]
    assert (store / "candidates" / HEAD_ID / names[1]).is_dir()
    pruned = prune(settings)
    assert pruned == would
    left = {names[0], names[3], names[4]}
    assert {path.name for path in (store / "candidates" / HEAD_ID).iterdir()} == left
    assert {path.name for path in (store / "reports" / HEAD_ID).iterdir()} == left
    for table, expected in (
        ("candidates", left),
        ("predictions", left),
        ("feature_losses", left),
        ("gate_reports", set(names)),
        ("gate_figures", set(names)),
    ):
        rows = database.fetch(f"SELECT DISTINCT candidate_id FROM {table}")
        assert set(rows["candidate_id"].to_pylist()) == expected, table
    assert (store / "candidates" / ".killed.onnx").is_file()
    assert prune(settings).candidates == ()


def test_a_candidate_that_any_other_table_names_stays(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    """Whatever other tables there will be."""
    names = [trained(settings, release, rated, day, f"{day}") for day in range(4)]
    with Database(settings.paths.store_folder).connect() as connection:
        connection.execute("CREATE TABLE shown_to_a_customer (candidate_id VARCHAR)")
        connection.execute("INSERT INTO shown_to_a_customer VALUES (?)", [names[0]])
    pruned = prune(settings)
    assert [one.candidate_id for one in pruned.candidates] == [names[1]]


def decided(
    settings: Settings, identity: str, day: int, released: bool, before: str | None
) -> None:
    verdict_rows.write_release(
        Database(settings.paths.store_folder),
        verdict_rows.ReleaseRow(
            *(identity, HEAD_ID, START + timedelta(days=day), "Proposed", "simulated"),
            *(released, f"of day {day}", before, None),
        ),
    )


def test_a_release_elsewhere_stays_and_so_does_what_a_kept_report_compares_with(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    """Seven candidates, of which two are kept for being new. The model folder is empty: the
    second was released into another one. The newest was compared with the fourth."""
    names = [trained(settings, release, rated, day, f"{day}") for day in range(7)]
    decided(settings, names[0], 0, released=True, before=None)
    decided(settings, names[1], 1, released=True, before=names[0])
    decided(settings, names[3], 3, released=False, before=names[2])
    decided(settings, names[6], 6, released=False, before=names[3])
    pruned = prune(settings)
    assert [one.candidate_id for one in pruned.candidates] == [names[4], names[2]]
    left = {path.name for path in (settings.paths.store_folder / "reports" / HEAD_ID).iterdir()}
    assert left == {names[0], names[1], names[3], names[5], names[6]}


def test_a_killed_prune_is_finished_by_the_next(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    """Rows go first. Folders that are fresh, released, or of a database that was moved away
    stay."""
    names = [trained(settings, release, rated, day, f"{day}") for day in range(5)]
    store = settings.paths.store_folder
    kinds = ("candidates", "reports")
    old = time.time() - 2 * 86_400
    unknown, unjudged = "f" * 12, "e" * 12
    for kind in kinds:
        (store / kind / HEAD_ID / unknown).mkdir()
    (store / "candidates" / HEAD_ID / unjudged).mkdir()
    forget_candidates(Database(store), names[:3])
    promote(release.manifest, release.onnx, release.card, settings.paths.model_folder, START)
    released = candidate_files(store, HEAD_ID, names[2])
    for identity in names[:2]:
        candidate_files(store, HEAD_ID, identity).onnx.write_bytes(b"not the released one")
    for kind in kinds:
        for path in (store / kind / HEAD_ID).iterdir():
            os.utime(path, (old, old))
        os.utime(store / kind / HEAD_ID / names[1])
    pruned = prune(settings)
    assert pruned.candidates == ()
    assert {path.name for path in pruned.leftovers} == {names[0], unjudged}
    for kind in kinds:
        left = {path.name for path in (store / kind / HEAD_ID).iterdir()}
        assert left == {*names[1:], unknown}
    assert released.onnx.is_file()


def test_nothing_is_pruned_beside_a_run_or_a_damaged_release(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    for day in range(4):
        trained(settings, release, rated, day, f"{day}")
    with (
        run_lock(settings.paths.store_folder, "run 1234"),
        pytest.raises(StoreError, match="in use by run 1234"),
    ):
        prune(settings)
    settings.paths.model_folder.mkdir()
    (settings.paths.model_folder / f"{HEAD_ID}.json").write_text("{")
    with pytest.raises(ReleaseError, match="Nothing is pruned"):
        prune(settings)
    assert len(list((settings.paths.store_folder / "reports" / HEAD_ID).iterdir())) == 4


def test_the_command_says_what_goes(
    settings: Settings, release: Release, rated: TrainingTable
) -> None:
    names = [trained(settings, release, rated, day, f"{day}") for day in range(3)]
    environment = {
        f"MOS_{name.upper()}": str(values(settings)[name])
        for name in ("store", "model_dir", "keep_candidates")
    }
    for arguments, said in ((["--dry-run"], "would remove"), ([], "removed"), ([], "removed")):
        found = CliRunner().invoke(main, ["prune", *arguments], env=environment)
        assert found.exit_code == 0, found.output
        assert found.output.splitlines()[-1].startswith(said)
    assert not (settings.paths.store_folder / "reports" / HEAD_ID / names[0]).exists()
    assert "0 candidates" in found.output
