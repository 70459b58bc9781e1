"""Which head scores where none is named."""

from pathlib import Path

import pytest

from mos_assets.errors import FeatureError, ReleaseError
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.naming import ReleaseFiles
from mos_assets.scoring.choice import choose_head, named_head
from mos_assets_tests.conftest import HEAD_ID, Release

SOURCE = "MOS_REFERENCE=source"
KINDS = {
    "accepted_pairs": (Status.ACCEPTED, LabelOrigin.HUMAN, SOURCE),
    "proposed_pairs": (Status.PROPOSED, LabelOrigin.HUMAN, SOURCE),
    "accepted_alone": (Status.ACCEPTED, LabelOrigin.HUMAN, "MOS_CORPUS=made"),
    "proposed_alone": (Status.PROPOSED, LabelOrigin.HUMAN, "MOS_CORPUS=made"),
    "simulated_alone": (Status.PROPOSED, LabelOrigin.SIMULATED, "MOS_CORPUS=made"),
    "simulated_pairs": (Status.PROPOSED, LabelOrigin.SIMULATED, SOURCE),
}


def put(release: Release, folder: Path, *kinds: str) -> None:
    for kind in kinds:
        status, origin, setting = KINDS[kind]
        release.standing(status, origin).called(kind, setting).put(folder)


@pytest.mark.parametrize("with_reference", [False, True])
@pytest.mark.parametrize(
    ("kinds", "alone", "with_one"),
    [
        (tuple(KINDS), "accepted_alone", "accepted_pairs"),
        (("proposed_alone", "simulated_alone"), "proposed_alone", "proposed_alone"),
        (("proposed_pairs", "proposed_alone"), "proposed_alone", "proposed_alone"),
        (("accepted_pairs", "simulated_alone"), None, "accepted_pairs"),
        (("proposed_pairs", "simulated_pairs", "simulated_alone"), None, None),
        ((), None, None),
    ],
)
def test_the_best_head_for_what_was_given(
    release: Release,
    tmp_path: Path,
    kinds: tuple[str, ...],
    alone: str | None,
    with_one: str | None,
    with_reference: bool,
) -> None:
    put(release, tmp_path, *kinds)
    expected = with_one if with_reference else alone
    if expected is None:
        with pytest.raises(ReleaseError, match=r"--head|--reference|--model"):
            choose_head(tmp_path, with_reference=with_reference)
    else:
        chosen = choose_head(tmp_path, with_reference=with_reference)
        assert chosen.predictor.head_id == expected
        assert bool(chosen.notes) == (with_reference and "alone" in expected)


def test_a_damaged_head_is_passed_over_and_named(release: Release, tmp_path: Path) -> None:
    put(release, tmp_path, "accepted_alone", "proposed_alone")
    ReleaseFiles(tmp_path, "accepted_alone").onnx.write_bytes(b"damaged")
    chosen = choose_head(tmp_path, with_reference=False)
    assert chosen.predictor.head_id == "proposed_alone"
    assert "accepted_alone cannot be used" in chosen.notes[0]


def test_a_named_head_is_that_head_or_an_error(release: Release, tmp_path: Path) -> None:
    put(release, tmp_path, "simulated_alone", "proposed_pairs")
    assert named_head(tmp_path, "simulated_alone", with_reference=False).notes == ()
    assert named_head(tmp_path, "simulated_alone", with_reference=True).notes
    assert not named_head(tmp_path, "proposed_pairs", with_reference=True).notes
    with pytest.raises(FeatureError, match="--reference"):
        named_head(tmp_path, "proposed_pairs", with_reference=False)
    with pytest.raises(ReleaseError, match="There: proposed_pairs, simulated_alone"):
        named_head(tmp_path, HEAD_ID, with_reference=False)
