"""Which candidate may replace which head, and that three files change as one or not at all."""

import hashlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import hypothesis
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import ReleaseError
from mos_assets.head import onnx_predict
from mos_assets.predictor import Predictor
from mos_assets.records import LabelOrigin, Status, TrainingTable
from mos_assets.release.candidate import candidate_id
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.reading import current_files, read_release
from mos_assets.release.status import released_heads
from mos_assets_tests.conftest import HEAD_ID, Release

RANKS = [
    (Status.PROPOSED, LabelOrigin.SIMULATED),
    (Status.PROPOSED, LabelOrigin.HUMAN),
    (Status.ACCEPTED, LabelOrigin.HUMAN),
]


@pytest.mark.parametrize(("there", "comes"), itertools.product(range(3), range(3)))
def test_a_head_gives_way_only_to_its_equals_and_betters(
    release: Release, tmp_path: Path, there: int, comes: int
) -> None:
    first = release.standing(*RANKS[there])
    second = release.standing(*RANKS[comes])
    assert first.put(tmp_path, "first").released
    promotion = second.put(tmp_path, "second")
    card = ReleaseFiles(tmp_path, HEAD_ID).card.read_text()
    assert promotion.released == (comes >= there)
    assert card == ("second" if comes >= there else "first")
    if comes < there:
        assert "stays" in promotion.reason


def test_nothing_but_the_three_files_the_record_and_the_lock_is_left(
    model_folder: Path,
) -> None:
    assert sorted(path.name for path in model_folder.iterdir()) == [
        f".{HEAD_ID}.lock",
        f".{HEAD_ID}.release.json",
        f"{HEAD_ID}.json",
        f"{HEAD_ID}.onnx",
        f"{HEAD_ID}_card.md",
    ]


def test_a_candidate_that_does_not_match_its_manifest_is_not_released(
    release: Release, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError, match="sha256"):
        replace(release, onnx=release.onnx + b"\0").put(tmp_path)
    assert not ReleaseFiles(tmp_path, HEAD_ID).onnx.exists()


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_a_missing_file_is_named_and_never_papered_over(
    release: Release, model_folder: Path, name: str
) -> None:
    lost = getattr(ReleaseFiles(model_folder, HEAD_ID), name)
    lost.unlink()
    with pytest.raises(ReleaseError, match=f"{lost.name} is missing"):
        release.put(model_folder)


def test_a_candidates_id_is_that_of_its_weights_and_data_judged_or_not(release: Release) -> None:
    assert candidate_id(release.manifest.unjudged()) == candidate_id(release.manifest)
    other = release.manifest.model_copy(update={"sha256": "0" * 64})
    assert candidate_id(other) != candidate_id(release.manifest)


OFFERS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4)),
    min_size=1,
    max_size=5,
    unique_by=lambda o: o[1],
)


@hypothesis.settings(max_examples=25)
@given(OFFERS, st.randoms(use_true_random=False))
def test_whatever_the_order_the_same_head_stands_at_the_end(
    release: Release, offers: list[tuple[int, int]], rng: random.Random
) -> None:
    """That of the highest rank, and of that rank the one trained last: an older candidate never
    takes the place of a newer one that ranks as high."""
    shuffled = offers.copy()
    rng.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for standing, minute in shuffled:
            found = release.standing(*RANKS[standing]).put(folder, f"{standing} {minute}", minute)
            assert found.released or "stays" in found.reason
        standing, minute = max(offers)
        assert ReleaseFiles(folder, HEAD_ID).card.read_text() == f"{standing} {minute}"


def test_an_older_candidate_is_refused_and_told_why(release: Release, tmp_path: Path) -> None:
    assert release.put(tmp_path, "newer", minute=5).released
    refused = release.put(tmp_path, "older", minute=4)
    assert not refused.released
    assert "trained at 2026-01-01 00:05:00 UTC, the candidate before that" in refused.reason
    assert refused.before == candidate_id(release.manifest)


def test_the_candidate_in_place_is_the_recorded_one(release: Release, model_folder: Path) -> None:
    """A later version of this package may compute another id from the same manifest."""
    record = ReleaseFiles(model_folder, HEAD_ID).record
    name = candidate_id(release.manifest)
    record.write_text(record.read_text().replace(name, "0123456789ab"))
    assert [head.candidate_id for head in released_heads(model_folder)] == ["0123456789ab"]
    assert release.put(model_folder, "next", minute=3).before == "0123456789ab"


def test_the_same_files_again_keep_their_date(release: Release, model_folder: Path) -> None:
    """And count as trained anew: what was trained in between is older than they are."""
    files = ReleaseFiles(model_folder, HEAD_ID)
    (before,) = released_heads(model_folder)
    kept = {path: path.read_bytes() for path in files.all}
    again = release.put(model_folder, minute=9)
    assert again.released
    assert "unchanged" in again.reason
    assert {path: path.read_bytes() for path in files.all} == kept
    (after,) = released_heads(model_folder)
    assert after.since == before.since is not None
    assert not release.put(model_folder, "between", minute=8).released


def test_files_from_elsewhere_have_no_date_and_give_way(
    release: Release, model_folder: Path, tmp_path: Path
) -> None:
    """A checkout brings the three files and no record, or leaves the record of another head."""
    copied = tmp_path / "copied"
    copied.mkdir()
    files = ReleaseFiles(model_folder, HEAD_ID)
    for path in files.all:
        shutil.copy(path, copied)
    (head,) = released_heads(copied)
    assert (head.exit_code, head.since) == (2, None)
    release.put(model_folder, "another", minute=30)
    shutil.copy(ReleaseFiles(model_folder, HEAD_ID).record, copied)
    (head,) = released_heads(copied)
    assert head.since is None
    assert release.put(copied, "mine", minute=1).released


OFFERING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mos_assets.release.manifest import Manifest
from mos_assets.release.promotion import promote

folder, source = Path(sys.argv[1]), Path(sys.argv[2])
minutes = [int(minute) for minute in sys.argv[3:]]
manifest, onnx = Manifest.read(source / "new.json"), (source / "new.onnx").read_bytes()
print("ready", flush=True)
sys.stdin.readline()
for minute in minutes:
    card = f"minute {minute}"
    when = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
    promote(manifest.sealed(card), onnx, card, folder, when)
"""


def test_two_processes_that_release_at_once_leave_the_newest_whole(
    release: Release, tmp_path: Path
) -> None:
    (tmp_path / "new.json").write_text(release.manifest.to_json())
    (tmp_path / "new.onnx").write_bytes(release.onnx)
    folder = tmp_path / "model"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", OFFERING, str(folder), str(tmp_path), *map(str, minutes)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for minutes in (range(0, 40, 2), range(39, 0, -2))
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        run.communicate()
        assert run.returncode == 0
    read_release(ReleaseFiles(folder, HEAD_ID))
    assert ReleaseFiles(folder, HEAD_ID).card.read_text() == "minute 39"


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mos_assets.release import promotion
from mos_assets.release.manifest import Manifest

folder, source, calls = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def dying(name):
    original = getattr(os, name)
    def step(*a, **k):
        global calls
        calls -= 1
        if calls < 0:
            os._exit(9)
        return original(*a, **k)
    return step

for name in ("fsync", "replace", "rename", "rmdir", "unlink", "mkdir"):
    setattr(os, name, dying(name))
manifest = Manifest.read(source / "new.json").sealed("new")
when = datetime(2026, 1, 1, tzinfo=UTC)
promotion.promote(manifest, (source / "new.onnx").read_bytes(), "new", folder, when)
"""


def test_a_machine_that_dies_at_any_step_leaves_the_old_head_or_the_new_one(
    release: Release, tmp_path: Path
) -> None:
    """The process is ended at every second of its file operations, until one run gets through."""
    old = release.standing(Status.PROPOSED, LabelOrigin.SIMULATED)
    new = release.standing(Status.PROPOSED, LabelOrigin.HUMAN)
    source = tmp_path / "source"
    source.mkdir()
    (source / "new.json").write_text(new.manifest.to_json())
    (source / "new.onnx").write_bytes(new.onnx)
    seen = set()
    for steps in itertools.count(0, 2):
        folder = tmp_path / f"model_{steps}"
        old.put(folder, "old")
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(source), str(steps)],
            cwd=Path(__file__).parents[2],
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        ).returncode
        files = current_files(folder, HEAD_ID)
        manifest = read_release(files).manifest
        card = files.card.read_text()
        assert (manifest.data.label_origin, card) in {
            (LabelOrigin.SIMULATED, "old"),
            (LabelOrigin.HUMAN, "new"),
        }
        seen.add(card)
        assert Predictor(folder).fallback_reason is None
        # The next run finishes or repeats what this one left.
        assert new.put(folder, "newer").released
        newer = read_release(ReleaseFiles(folder, HEAD_ID))
        assert newer.manifest.data.label_origin is LabelOrigin.HUMAN
        assert ReleaseFiles(folder, HEAD_ID).card.read_text() == "newer"
        if ended == 0:
            break
        assert ended == 9
    assert seen == {"old", "new"}


def test_status_tells_proposed_accepted_and_broken_apart(
    release: Release, model_folder: Path
) -> None:
    assert [head.exit_code for head in released_heads(model_folder)] == [2]
    accepted = release.standing(*RANKS[2])
    accepted.put(model_folder)
    assert [head.exit_code for head in released_heads(model_folder)] == [0]
    ReleaseFiles(model_folder, HEAD_ID).onnx.write_bytes(b"")
    assert [(head.exit_code, head.state) for head in released_heads(model_folder)] == [
        (1, "Broken")
    ]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "-dash"])
def test_a_head_id_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="is not a head id"):
        ReleaseFiles(tmp_path, name)


RELEASING = """
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from mos_assets.release.manifest import Manifest
from mos_assets.release.promotion import promote

folder, source = Path(sys.argv[1]), Path(sys.argv[2])
heads = [
    (Manifest.read(source / f"{name}.json"), (source / f"{name}.onnx").read_bytes())
    for name in ("one", "two")
]
for turn in count(1):
    manifest, onnx = heads[turn % 2]
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=turn)
    promote(manifest.sealed(f"turn {turn}"), onnx, f"turn {turn}", folder, when)
    if turn == 1:
        print("ready", flush=True)
"""


def test_whoever_reads_while_others_release_gets_one_head_whole(
    release: Release, rated: TrainingTable, tmp_path: Path
) -> None:
    """Two heads that answer differently take each other's place as fast as they can."""
    heads = [release.onnx, reweighted(release.onnx)]
    answers = {}
    row = rated.features[:1]
    for name, content in zip(("one", "two"), heads, strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        manifest = release.manifest.model_copy(update={"sha256": sha256})
        (tmp_path / f"{name}.json").write_text(manifest.to_json())
        (tmp_path / f"{name}.onnx").write_bytes(content)
        answers[sha256] = float(onnx_predict(content, row)[0])
    assert len(set(answers.values())) == 2
    named = dict(zip(rated.feature_order, map(float, row[0]), strict=True))
    folder = tmp_path / "model"
    with subprocess.Popen(
        [sys.executable, "-c", RELEASING, str(folder), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            seen = set()
            ends = time.monotonic() + 3
            while time.monotonic() < ends:
                assert [head.state for head in released_heads(folder)] == ["Proposed"]
                predictor = Predictor(folder)
                assert predictor.fallback_reason is None
                assert predictor.manifest is not None
                seen.add(predictor.manifest.sha256)
                mos = predictor.predict_mos(named, "libx264").mos
                assert mos == pytest.approx(answers[predictor.manifest.sha256], abs=1e-6)
        finally:
            run.kill()
    assert seen == set(answers)


def reweighted(content: bytes) -> bytes:
    """The head with every weight one percent larger."""
    model = onnx.load_from_string(content)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype.kind == "f":
            scaled = onnx.numpy_helper.from_array((values * 1.01).astype(values.dtype), tensor.name)
            tensor.CopyFrom(scaled)
    return model.SerializeToString()


def interrupted(release: Release, folder: Path, scratch: Path, card: str) -> Path:
    """A release that was committed in the folder and not moved into place."""
    release.put(scratch, card, minute=1)
    commit = folder / f".{HEAD_ID}.commit"
    commit.mkdir(parents=True)
    files = ReleaseFiles(scratch, HEAD_ID)
    for path in (*files.all, files.record):
        shutil.copy(path, commit)
    return commit


def test_a_damaged_interrupted_release_is_set_aside_and_the_good_head_stays(
    release: Release, model_folder: Path, tmp_path: Path
) -> None:
    commit = interrupted(release, model_folder, tmp_path / "scratch", "committed")
    onnx_file = commit / f"{HEAD_ID}.onnx"
    onnx_file.write_bytes(onnx_file.read_bytes()[:-1])
    (head,) = released_heads(model_folder)
    assert head.state == "Proposed"
    assert "newer release is damaged" in head.why[-1]
    refused = release.put(model_folder, "older", minute=-1)
    assert not refused.released
    assert "set aside" in refused.reason
    assert "sha256" in refused.reason
    read_release(ReleaseFiles(model_folder, HEAD_ID))
    assert ReleaseFiles(model_folder, HEAD_ID).card.read_text() == release.card
    (aside,) = model_folder.glob(f".{HEAD_ID}.damaged-*")
    assert (aside / f"{HEAD_ID}.onnx").is_file()
    assert not commit.exists()


def test_a_damaged_record_lets_no_older_candidate_in(release: Release, model_folder: Path) -> None:
    record = ReleaseFiles(model_folder, HEAD_ID).record
    record.write_bytes(b"")
    with pytest.raises(ReleaseError, match="delete it to let any candidate of this rank"):
        release.put(model_folder, "older", minute=-1)
    (head,) = released_heads(model_folder)
    assert (head.state, head.since) == ("Proposed", None)
    assert str(record) in head.why[-1]
    record.unlink()
    assert release.put(model_folder, "older", minute=-1).released


def test_status_overlooks_nothing_that_is_or_was_a_head(
    release: Release, model_folder: Path, tmp_path: Path
) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    shutil.copy(files.manifest, model_folder / f"{HEAD_ID} copy.json")
    files.onnx.unlink()
    files.manifest.unlink()
    found = {head.head_id: head for head in released_heads(model_folder)}
    assert {name: head.state for name, head in found.items()} == {
        HEAD_ID: "Broken",
        f"{HEAD_ID} copy": "Broken",
    }
    assert "is not a head id" in found[f"{HEAD_ID} copy"].detail
    fresh = tmp_path / "fresh"
    interrupted(release, fresh, tmp_path / "scratch", "committed")
    assert [(head.head_id, head.state) for head in released_heads(fresh)] == [(HEAD_ID, "Proposed")]
