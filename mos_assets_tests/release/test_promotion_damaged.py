"""What a machine that died, or somebody who deleted a file, leaves of a release."""

import errno
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mos_assets.errors import ReleaseError
from mos_assets.predictor import Predictor
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.loading import current_files, read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.status import released_heads
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.disks import leave, tiny_disk


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_a_missing_file_is_named_and_never_papered_over(
    release: Release, model_folder: Path, name: str
) -> None:
    lost = getattr(ReleaseFiles(model_folder, HEAD_ID), name)
    lost.unlink()
    with pytest.raises(ReleaseError, match=f"{lost.name} is missing"):
        release.put(model_folder)


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
manifest = Manifest.read(source / "new.json").with_checksums("new")
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


def interrupted(release: Release, folder: Path, scratch: Path, card: str) -> Path:
    """A release that was committed in the folder and not moved into place."""
    release.put(scratch, card, minute=1)
    commit = folder / f".{HEAD_ID}.commit"
    commit.mkdir(parents=True)
    files = ReleaseFiles(scratch, HEAD_ID)
    for path in (*files.all, files.record):
        shutil.copy(path, commit)
    return commit


def test_a_disk_that_is_full_at_any_step_leaves_the_old_head_or_the_new_one(
    release: Release, tmp_path: Path
) -> None:
    """A few pages more of room each time; nothing of a release that did not happen stays."""
    with tiny_disk(tmp_path / "model", "4m") as folder:
        release.put(folder)
        files = ReleaseFiles(folder, HEAD_ID)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        happened = []
        for pages in range(0, 400, 3):
            leave(folder, pages)
            try:
                done = release.put(folder, card="new", minute=1)
            except OSError as error:
                assert error.errno == errno.ENOSPC
                happened.append(read_release(current_files(folder, HEAD_ID)).card == b"new")
                if not happened[-1]:
                    now = {path.name: path.read_bytes() for path in folder.iterdir()}
                    assert now == before
            else:
                break
        assert done.released
        assert happened[0] is False
        assert happened == sorted(happened)
        assert files.card.read_bytes() == b"new"
        assert {path.name for path in folder.iterdir()} == before.keys()


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
