"""The formulas that turn figures into columns: none is clipped, none is invented."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.features.extractors.container import Container
from mos_assets.features.extractors.shots import shot_columns, shot_figures, shot_spans
from mos_assets.records import Probe, ShotFigures


def test_999_shots_give_one() -> None:
    figures = shot_columns(ShotFigures(999, 60.0, 1.0, 100)).figures
    assert figures["shot_count_norm"] == pytest.approx(1.0, abs=1e-15)
    assert figures["shot_mean_len_norm"] == 2.0
    assert figures["shot_cut_density"] == 9.98


def test_six_shots_in_240_frames() -> None:
    columns = shot_columns(ShotFigures(6, 240 / 30 / 6, None, 240))
    assert columns.figures["shot_cut_density"] == 5 / 240
    assert columns.reason is None


def test_no_shots_means_unavailable() -> None:
    columns = shot_columns(ShotFigures(0, 0.0, None, 240))
    assert not columns.figures
    assert columns.reason is not None


def test_an_unknown_frame_count_costs_the_density_alone() -> None:
    columns = shot_columns(ShotFigures(2, 1.0, None, None))
    assert set(columns.figures) == {"shot_count_norm", "shot_mean_len_norm"}
    assert columns.reason is not None
    assert "shot_cut_density" in columns.reason


def probabilities(text: str) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.array([{".": 0.1, "=": 0.5, "#": 0.9}[c] for c in text], dtype=np.float32)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (".....", [(0, 4)]),
        ("..#..", [(0, 2), (3, 4)]),
        ("..=..", [(0, 2), (3, 4)]),
        ("..###..", [(0, 2), (5, 6)]),
        ("#....", [(1, 4)]),
        ("....#", [(0, 4)]),
        ("..##", [(0, 2)]),
        ("####", [(0, 3)]),
        ("#", [(0, 0)]),
        (".", [(0, 0)]),
        (".#.#.", [(0, 1), (2, 3), (4, 4)]),
    ],
)
def test_shots_are_the_runs_between_transitions(text: str, spans: list[tuple[int, int]]) -> None:
    """The first frame of a transition is the last of the shot before it; 0.5 is a transition."""
    assert list(shot_spans(probabilities(text))) == spans


@given(st.text(alphabet=".#", min_size=1, max_size=60))
def test_shots_never_overlap_and_hold_every_quiet_frame(text: str) -> None:
    spans = shot_spans(probabilities(text))
    covered = [frame for first, last in spans for frame in range(first, last + 1)]
    assert covered == sorted(set(covered))
    assert {frame for frame, c in enumerate(text) if c == "."} <= set(covered)
    figures = shot_figures(probabilities(text), 25.0)
    assert figures.frames == len(text)
    assert 1 <= figures.shot_count <= len(text)
    assert figures.mean_length_s * figures.shot_count <= len(text) / 25 + 1e-9


def clip(coded_bytes: int | None) -> Probe:
    return Probe(960, 540, 30.0, 8.0, 240, "yuv420p", "h264", 9_999_999, 0, coded_bytes, 0, 30.0)


def test_container_columns() -> None:
    columns = Container().read(clip(1_555_200))
    assert columns.reason is None
    assert columns.figures == {
        "log10_bits_per_pixel": pytest.approx(math.log10(0.1)),
        "height": 540.0,
        "fps": 30.0,
    }


@pytest.mark.parametrize(("coded_bytes", "named"), [(None, "not counted"), (0, "no bytes")])
def test_packets_that_were_not_counted_are_a_reason_and_not_a_number(
    coded_bytes: int | None, named: str
) -> None:
    columns = Container().read(clip(coded_bytes))
    assert set(columns.figures) == {"height", "fps"}
    assert columns.reason is not None
    assert named in columns.reason
