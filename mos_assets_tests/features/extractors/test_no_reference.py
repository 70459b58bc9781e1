"""The block `nr-v1` through the public door, on rendered clips."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from mos_assets.features import BLOCKS, expand_columns, measure_clip
from mos_assets.features import parse_blocks as parse
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.records import Measurement
from mos_assets.reporting.feature_notes import feature_notes
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render, task_of

COLUMNS = BLOCKS["nr-v1"].column_names


def only(measurements: tuple[Measurement, ...]) -> Measurement:
    (measurement,) = measurements
    return measurement


def look(path: Path, ffmpeg: Ffmpeg) -> dict[str, float]:
    found = only(measure_clip(task_of(path, "nr", policy=ReferencePolicy.SELF), ffmpeg))
    assert found.reason is None
    return dict(found.figures)


def test_it_joins_the_other_blocks_and_is_explained() -> None:
    columns = expand_columns(parse("konvid-v1+container-v1+nr-v1"), {})
    assert columns[14:] == COLUMNS
    assert not any(name.endswith("_mean") for name in COLUMNS), "tables read that as an alias"
    assert all(note.source != "external table" for note in feature_notes(COLUMNS, "nr-v1=nr-1"))


def test_alone_or_in_company_the_figures_are_the_same(plain: Path, ffmpeg: Ffmpeg) -> None:
    together = {m.part: m for m in measure_clip(task_of(plain, "nr", "libvmaf"), ffmpeg)}
    assert only(measure_clip(task_of(plain, "nr"), ffmpeg)) == together["nr"]
    assert only(measure_clip(task_of(plain, "libvmaf"), ffmpeg)) == together["libvmaf"]
    figures = together["nr"].figures
    assert tuple(figures) == COLUMNS
    for name, mean in together["libvmaf"].figures.items():
        assert figures[f"nr_mean_{name}"] == mean
        assert figures[f"nr_p10_{name}"] <= mean <= figures[f"nr_p90_{name}"] + 1e-9
        assert figures[f"nr_std_{name}"] >= 0


def test_a_still_picture_does_not_move(render: Render, ffmpeg: Ffmpeg) -> None:
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    source = "testsrc2=s=160x90:r=10,trim=end_frame=1,loop=29:1"
    still = look(render("still.mkv", "-f", "lavfi", "-i", source, encoder=lossless), ffmpeg)
    assert still["nr_mean_ti"] == still["nr_max_ti"] == still["nr_std_motion2"] == 0
    assert still["nr_mean_si"] == pytest.approx(still["nr_max_si"])
    assert still["nr_mean_si"] > 10


def test_each_degradation_moves_its_figure(render: Render, ffmpeg: Ffmpeg) -> None:
    source = "mandelbrot=s=320x240:r=10,trim=end_frame=20"
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    coarse = ("-c:v", "mpeg2video", "-q:v", "31", "-pix_fmt", "yuv420p", "-threads", "1")

    def made(name: str, change: str, encoder: tuple[str, ...] = lossless) -> dict[str, float]:
        path = render(f"{name}.mkv", "-f", "lavfi", "-i", source + change, encoder=encoder)
        return look(path, ffmpeg)

    clean = made("clean", "")
    noisy = made("noisy", ",noise=alls=20:allf=t:all_seed=1")
    assert noisy["nr_noise"] > clean["nr_noise"] + 2
    assert noisy["nr_mean_ti"] > clean["nr_mean_ti"]
    assert made("soft", ",gblur=sigma=3")["nr_blur"] > clean["nr_blur"] + 0.1
    assert made("grey", ",hue=s=0")["nr_colourfulness"] < clean["nr_colourfulness"] / 4
    assert made("dim", ",eq=contrast=0.4")["nr_contrast"] < clean["nr_contrast"] * 0.6
    coded = made("coded", "", coarse)
    assert coded["nr_blockiness"] > clean["nr_blockiness"] + 0.02
    assert coded["nr_log10_bits_per_pixel"] < clean["nr_log10_bits_per_pixel"]


def test_coarse_steps_are_banding(render: Render, ffmpeg: Ffmpeg) -> None:
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    ramp = "nullsrc=s=640x360:r=5,trim=end_frame=5,geq=lum='{}':cb=128:cr=128"
    smooth = render(
        "rough.mkv",
        *("-f", "lavfi", "-i", ramp.format("60+X/8+8*random(1)")),
        encoder=lossless,
    )
    bands = render(
        "bands.mkv", *("-f", "lavfi", "-i", ramp.format("60+floor(X/40)")), encoder=lossless
    )
    assert look(bands, ffmpeg)["nr_banding"] > look(smooth, ffmpeg)["nr_banding"] + 1


def test_bits_are_counted_where_the_container_states_none(
    plain: Path, render: Render, ffmpeg: Ffmpeg
) -> None:
    """Matroska has no bit rate a stream: the same packets give the same bits a pixel."""
    copied = render("copied.mkv", "-i", str(plain), encoder=("-c", "copy"))
    one, other = look(plain, ffmpeg), look(copied, ffmpeg)
    assert one["nr_log10_bits_per_pixel"] == other["nr_log10_bits_per_pixel"]
    bits = 8 * plain.stat().st_size
    assert one["nr_log10_bits_per_pixel"] == pytest.approx(
        math.log10(bits / (160 * 90 * 25)), abs=0.1
    )
    assert (one["nr_long_side"], one["nr_short_side"], one["nr_fps"]) == (160, 90, 25)


def test_what_cannot_be_had_is_a_reason_of_this_block_alone(render: Render, ffmpeg: Ffmpeg) -> None:
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    source = "color=gray:s=160x90:r=25:d=1"
    clip = render("colour_only.mkv", "-f", "lavfi", "-i", source, encoder=lossless)
    found = {m.part: m for m in measure_clip(task_of(clip, "nr", "libvmaf"), ffmpeg)}
    assert found["nr"].reason is not None
    assert "one colour" in found["nr"].reason
    assert found["libvmaf"].reason is None


@pytest.mark.parametrize("rate", ["1", "2", "30000/1001", "1/3"])
def test_any_frame_rate_samples_pairs(rate: str, render: Render, ffmpeg: Ffmpeg) -> None:
    source = f"testsrc2=s=160x90:r={rate},trim=end_frame=7"
    lossless = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    name = f"rate{rate.replace('/', '_')}.mkv"
    figures = look(render(name, "-f", "lavfi", "-i", source, encoder=lossless), ffmpeg)
    assert figures["nr_mean_ti"] > 0


def test_the_source_policy_needs_the_reference_for_it_too(plain: Path, ffmpeg: Ffmpeg) -> None:
    task = task_of(plain, "nr", "saliency", policy=ReferencePolicy.SOURCE)
    found = {m.part: m for m in measure_clip(task, ffmpeg)}
    assert found["nr"].reason is not None
    assert "no reference" in found["nr"].reason
    assert found["saliency"].reason is None
    given = dataclasses.replace(task, reference_path=plain, reference_sha256=task.sha256)
    assert all(m.reason is None for m in measure_clip(given, ffmpeg))


def test_a_large_portrait_clip_is_bounded(render: Render, ffmpeg: Ffmpeg) -> None:
    source = "testsrc2=s=1080x2400:r=2,trim=end_frame=2"
    clip = render("tall.mp4", "-f", "lavfi", "-i", source)
    figures = look(clip, ffmpeg)
    assert (figures["nr_long_side"], figures["nr_short_side"]) == (2400, 1080)


def test_real_clips(real_clip: Callable[[str], Path], ffmpeg: Ffmpeg) -> None:
    """The distorted clip of a pair is blockier, softer and has fewer bits than the pristine."""
    bad, good = (look(real_clip(f"carphone_{x}.mp4"), ffmpeg) for x in ("distorted", "pristine"))
    assert bad["nr_blockiness"] > good["nr_blockiness"]
    assert bad["nr_blur"] > good["nr_blur"]
    assert bad["nr_noise"] < good["nr_noise"]
    assert bad["nr_log10_bits_per_pixel"] < good["nr_log10_bits_per_pixel"] - 1
