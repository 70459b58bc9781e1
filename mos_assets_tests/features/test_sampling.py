"""Sparse comparison: which pictures it looks at, and that its figures are those of all of them."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.features import measure_clip, picture_figures
from mos_assets.features.stride import FEWEST_COMPARED, PERIOD, SPARSE_SHARES, Stride, stride
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.records import Measurement
from mos_assets.settings import ReferencePolicy, Sampling
from mos_assets_tests.features.conftest import Render, task_of

SHARES = st.sampled_from((*SPARSE_SHARES, PERIOD))


def places(share: int, pictures: int) -> list[int]:
    """The rule itself."""
    first = 0 if share == PERIOD else PERIOD // 2
    return [n for n in range(pictures) if (n * share + first) % PERIOD < share]


@given(SHARES, st.integers(1, 2000))
def test_as_many_are_chosen_as_the_rule_says(share: int, pictures: int) -> None:
    assert Stride(share).chosen(pictures) == len(places(share, pictures))


@given(st.sampled_from(SPARSE_SHARES), st.integers(2, 8))
def test_no_rhythm_of_the_encoder_hides_from_them(share: int, rhythm: int) -> None:
    """Over some periods, every place of a rhythm of so many pictures is met about equally often."""
    met = [n % rhythm for n in places(share, 4 * PERIOD)]
    even = len(met) / rhythm
    assert all(abs(met.count(place) - even) <= max(2, even / 5) for place in range(rhythm))


@given(st.integers(1, 5000))
def test_short_clips_are_compared_whole(pictures: int) -> None:
    sparse = stride(Sampling.SPARSE, pictures)
    assert sparse.chosen(pictures) >= min(pictures, FEWEST_COMPARED)
    assert sparse.is_every == (pictures < 53)
    assert stride(Sampling.EVERY, pictures).is_every


@pytest.fixture(scope="module")
def coarse(render: Render, hard_cut: Path) -> Path:
    """`hard_cut` again, worse and smaller: 60 pictures in a wider range of colours."""
    coded = ("-c:v", "mpeg4", "-q:v", "12", "-threads", "1", "-pix_fmt", "yuv420p")
    return render("coarse.mkv", "-i", str(hard_cut), "-vf", "scale=96:54", encoder=coded)


@pytest.mark.parametrize("rate", [25, 50])
def test_they_are_the_figures_of_those_pictures(
    render: Render, hard_cut: Path, coarse: Path, ffmpeg: Ffmpeg, rate: int
) -> None:
    """Against a pristine file picture by picture, and by time where it has twice the rate; motion
    is that of every picture, to the last digit."""
    reference = render(f"cut_{rate}.mkv", "-i", str(hard_cut), "-vf", f"fps={rate}")
    task = task_of(
        coarse,
        "libvmaf",
        policy=ReferencePolicy.SOURCE,
        sampling=Sampling.SPARSE,
        reference=reference,
    )
    (found,) = measure_clip(task, ffmpeg)
    pictures = picture_figures(task, ffmpeg)
    pairs = len(pictures["adm2"])
    assert Fraction(pairs, 60) == Fraction(rate, 25)
    chosen = places(stride(Sampling.SPARSE, pairs).share, pairs)
    assert FEWEST_COMPARED <= len(chosen) < pairs / 2
    for name, every in pictures.items():
        due = every if name == "motion2" else [every[n] for n in chosen]
        assert found.figures[name] == math.fsum(due) / len(due), name


@pytest.mark.parametrize("name", ["hard_cut.mp4", "grey_hard_cut.mkv"])
def test_a_transcode_is_told_by_some_of_its_pictures(
    render: Render, hard_cut: Path, ffmpeg: Ffmpeg, name: str
) -> None:
    """Beside it `nr-v1`, which shares them. Grey pictures are given another range as they meet."""
    grey = ("-c:v", "ffv1", "-pix_fmt", "gray")
    clip = render(name, "-i", str(hard_cut), "-vf", "scale=98:65", encoder=grey)
    sparse, every = (
        {
            each.part: each.figures
            for each in measure_clip(task_of(clip, "libvmaf", "nr", sampling=sampling), ffmpeg)
            if isinstance(each, Measurement)
        }
        for sampling in (Sampling.SPARSE, Sampling.EVERY)
    )
    for name, value in every["libvmaf"].items():
        assert sparse["libvmaf"][name] == pytest.approx(value, abs=0.03), name
        assert sparse["nr"][f"nr_mean_{name}"] == sparse["libvmaf"][name]
    assert sparse["libvmaf"]["motion2"] == every["libvmaf"]["motion2"]
    assert sparse["libvmaf"] != every["libvmaf"]
