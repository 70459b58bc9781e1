"""The figures of single pictures, on pictures whose answer is known."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mos_assets.errors import ClipError
from mos_assets.features.picture_figures import (
    blockiness,
    blur,
    colourfulness,
    entropy,
    grey_figures,
    noise,
    spatial_information,
    temporal_information,
)

Picture = npt.NDArray[np.uint8]


def flat(level: int) -> Picture:
    return np.full((64, 96), level, dtype=np.uint8)


def random_picture(deviation: float, seed: int = 3) -> Picture:
    levels = np.random.default_rng(seed).normal(128, deviation, (200, 300))
    return levels.round().clip(0, 255).astype(np.uint8)


def blocks() -> Picture:
    """Squares of eight pixels, each of one level."""
    levels = np.random.default_rng(5).integers(0, 256, (12, 16), dtype=np.uint8)
    return levels.repeat(8, axis=0).repeat(8, axis=1)


def test_a_flat_picture_has_nothing_in_it() -> None:
    figures = grey_figures(flat(90))
    assert figures.blur is None
    assert (figures.spatial_information, figures.blockiness, figures.noise) == (0, 0, 0)
    assert (figures.contrast, figures.entropy) == (0, 0)


@pytest.mark.parametrize("deviation", [2.0, 5.0, 20.0])
def test_noise_is_the_deviation_of_white_noise(deviation: float) -> None:
    assert noise(random_picture(deviation)) == pytest.approx(deviation, rel=0.05)


def test_noise_does_not_see_a_ramp() -> None:
    ramp = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    assert noise(ramp) == 0


def test_blurring_raises_blur() -> None:
    sharp = random_picture(30)
    values = [blur(sharp)]
    for sigma in (1.0, 2.0, 4.0):
        soft = cv2.GaussianBlur(sharp.astype(np.float32), (0, 0), sigma)
        spread = cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
        values.append(blur(spread.astype(np.uint8)))
    known = [value for value in values if value is not None]
    assert len(known) == 4
    assert known == sorted(known)
    assert 0 <= known[0] < 0.2
    assert 0.5 < known[-1] < 1


def test_blockiness_sees_the_grid_and_only_the_grid() -> None:
    assert blockiness(blocks()) == 1
    assert blockiness(random_picture(20)) == pytest.approx(0, abs=0.01)
    assert blockiness(np.roll(blocks(), 4, axis=(0, 1))) < -0.9


def test_jpeg_at_low_quality_is_blockier() -> None:
    picture = cv2.GaussianBlur(random_picture(60), (0, 0), 2.0)
    values = []
    for quality in (95, 30, 5):
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        values.append(blockiness(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)))
    assert values == sorted(values)


def test_entropy_counts_bits() -> None:
    assert entropy(np.arange(256, dtype=np.uint8).reshape(16, 16)) == 8
    halves = flat(0)
    halves[:32] = 255
    assert entropy(halves) == 1
    assert grey_figures(halves).contrast == 127.5


def test_spatial_information_of_an_edge() -> None:
    """Sobel answers 4 x 255 in two columns of the 94 inside the border, 0 elsewhere."""
    edge = flat(0)
    edge[:, 48:] = 255
    share = 2 / 94
    assert spatial_information(edge) == pytest.approx(1020 * math.sqrt(share * (1 - share)))


def test_temporal_information() -> None:
    """An even change of brightness is no change of structure; a negative change counts too."""
    still = random_picture(20).clip(20, 235).astype(np.uint8)
    assert temporal_information(still, still) == 0
    assert temporal_information(still, (still + 20).astype(np.uint8)) == 0
    half = flat(100)
    half[:32] = 0
    assert temporal_information(flat(100), half) == 50
    assert temporal_information(half, flat(100)) == 50


def test_colourfulness_of_known_colours() -> None:
    """Pure red alone: rg = 255, yb = 127.5, no spread."""
    red = np.zeros((10, 10, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert colourfulness(red) == pytest.approx(0.3 * math.hypot(255, 127.5))
    assert colourfulness(np.full((10, 10, 3), 77, dtype=np.uint8)) == 0
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    rgb = picture.astype(np.float64)
    rg = rgb[..., 0] - rgb[..., 1]
    yb = (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    expected = math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())
    assert colourfulness(picture) == pytest.approx(expected, rel=1e-6)


def test_a_picture_too_small_is_a_reason() -> None:
    with pytest.raises(ClipError, match="9 by 40"):
        grey_figures(np.zeros((40, 9), dtype=np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    arrays(
        np.uint8, st.tuples(st.integers(10, 40), st.integers(10, 40)), elements=st.integers(0, 255)
    )
)
def test_any_picture_stays_in_range(picture: Picture) -> None:
    figures = grey_figures(picture)
    assert figures.blur is None or 0 <= figures.blur <= 1
    assert (figures.blur is None) == bool((picture == picture[0, 0]).all())
    assert -1 <= figures.blockiness <= 1
    assert 0 <= figures.contrast <= 127.5
    assert 0 <= figures.entropy <= 8
    assert figures.noise >= 0
    assert figures.spatial_information >= 0
