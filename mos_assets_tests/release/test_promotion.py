"""Which candidate may replace which head, and that three files change as one or not at all."""

import itertools
import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import ReleaseError
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.candidate import candidate_id
from mos_assets.release.manifest import NOT_ASKED
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.status import released_heads
from mos_assets.scoring.choice import choose_head
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


def test_what_nobody_held_against_shortcuts_gives_way(release: Release, tmp_path: Path) -> None:
    """An Accepted head of before loads, says so, and ranks below a Proposed one of today."""
    old = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN).unasked()
    today = release.standing(Status.PROPOSED, LabelOrigin.HUMAN)
    simulated = release.standing(Status.PROPOSED, LabelOrigin.SIMULATED)
    assert old.put(tmp_path, "old", 5).released
    (found,) = released_heads(tmp_path)
    assert (found.state, NOT_ASKED in found.why[-1]) == ("Accepted", True)
    chosen = choose_head(tmp_path, with_reference=False)
    assert any(NOT_ASKED in note for note in chosen.notes)
    assert not simulated.put(tmp_path, "simulated", 6).released
    assert today.put(tmp_path, "today", 4).released
    refused = old.put(tmp_path, "old", 7)
    assert not refused.released and "stays: it is Proposed on human labels" in refused.reason
    assert NOT_ASKED in refused.reason
    accepted = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    old.called("older").put(tmp_path)
    accepted.put(tmp_path, minute=9)
    assert choose_head(tmp_path, with_reference=False).predictor.head_id == HEAD_ID


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
