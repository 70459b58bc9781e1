"""Which candidate may replace which head, and that three files change as one or not at all."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mos_assets.errors import ReleaseError
from mos_assets.predictor import Predictor
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.promotion import current_files, promote, read_release
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
    assert promote(first.manifest, first.onnx, "first", tmp_path).released
    promotion = promote(second.manifest, second.onnx, "second", tmp_path)
    card = ReleaseFiles(tmp_path, HEAD_ID).card.read_text()
    assert promotion.released == (comes >= there)
    assert card == ("second" if comes >= there else "first")
    if comes < there:
        assert "stays" in promotion.reason


def test_nothing_but_the_three_files_and_the_lock_is_left(
    model_folder: Path,
) -> None:
    assert sorted(path.name for path in model_folder.iterdir()) == [
        f".{HEAD_ID}.lock",
        f"{HEAD_ID}.json",
        f"{HEAD_ID}.onnx",
        f"{HEAD_ID}_card.md",
    ]


def test_a_candidate_that_does_not_match_its_manifest_is_not_released(
    release: Release, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError, match="sha256"):
        promote(release.manifest, release.onnx + b"\0", release.card, tmp_path)
    assert not ReleaseFiles(tmp_path, HEAD_ID).onnx.exists()


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_a_missing_file_is_named_and_never_papered_over(
    release: Release, model_folder: Path, name: str
) -> None:
    lost = getattr(ReleaseFiles(model_folder, HEAD_ID), name)
    lost.unlink()
    with pytest.raises(ReleaseError, match=f"{lost.name} is missing"):
        promote(release.manifest, release.onnx, release.card, model_folder)


def test_every_changed_byte_of_the_weights_is_found(model_folder: Path) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    whole = files.onnx.read_bytes()
    for position in range(0, len(whole), 37):
        changed = bytearray(whole)
        changed[position] ^= 1
        files.onnx.write_bytes(changed)
        with pytest.raises(ReleaseError, match="sha256"):
            read_release(files)
    files.onnx.write_bytes(whole[:-1])
    with pytest.raises(ReleaseError, match="sha256"):
        read_release(files)


KILLED = """
import os, sys
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
manifest = Manifest.read(source / "new.json")
promotion.promote(manifest, (source / "new.onnx").read_bytes(), "new", folder)
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
        promote(old.manifest, old.onnx, "old", folder)
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(source), str(steps)],
            cwd=Path(__file__).parents[2],
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        ).returncode
        files = current_files(folder, HEAD_ID)
        manifest = read_release(files)
        card = files.card.read_text()
        assert (manifest.data.label_origin, card) in {
            (LabelOrigin.SIMULATED, "old"),
            (LabelOrigin.HUMAN, "new"),
        }
        seen.add(card)
        assert Predictor(folder).fallback_reason is None
        # The next run finishes or repeats what this one left.
        assert promote(new.manifest, new.onnx, "newer", folder).released
        assert read_release(ReleaseFiles(folder, HEAD_ID)).data.label_origin is LabelOrigin.HUMAN
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
    promote(accepted.manifest, accepted.onnx, accepted.card, model_folder)
    assert [head.exit_code for head in released_heads(model_folder)] == [0]
    ReleaseFiles(model_folder, HEAD_ID).onnx.write_bytes(b"")
    assert [(head.exit_code, head.state) for head in released_heads(model_folder)] == [
        (1, "Broken")
    ]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "-dash"])
def test_a_head_id_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="is not a head id"):
        ReleaseFiles(tmp_path, name)
