"""Shot boundaries on rendered clips, and that the process around the network stays as it was."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mos_assets.features.camera import compensated_change
from mos_assets.features.command import command
from mos_assets.features.extractors.shots import shot_spans, thumbnails
from mos_assets.features.frame_logs import CLIP_FRAMES, count_frames
from mos_assets.features.prefilter import Signs, find_signs
from mos_assets.features.threads import single_threaded
from mos_assets.features.transitions import transition_probabilities, whole_probabilities
from mos_assets.features.transnet import look as network
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.settings import ReferencePolicy
from mos_assets_tests.features.conftest import Render

Look = Callable[[Path], npt.NDArray[np.uint8]]


@pytest.fixture(scope="session")
def look(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """The thumbnails of a clip, made by the platform's own command."""

    def make(path: Path) -> npt.NDArray[np.uint8]:
        folder = tmp_path_factory.mktemp("thumbnails")
        arguments = command(path, None, {"shots"}, ReferencePolicy.SELF, 25.0)
        run = run_ffmpeg(ffmpeg, arguments, cwd=folder)
        assert run.returncode == 0, run.stderr.decode()
        return thumbnails(folder, count_frames(folder, CLIP_FRAMES))

    return make


def test_the_peak_of_a_hard_cut_is_on_the_last_frame_before_it(hard_cut: Path, look: Look) -> None:
    """Off by one here moves every shot: 30 frames of one picture, then 30 of another."""
    with single_threaded({"shots"}):
        probabilities = transition_probabilities(look(hard_cut))
    assert int(probabilities.argmax()) == 29
    assert shot_spans(probabilities) == ((0, 29), (30, 59))


def test_global_state_is_untouched(hard_cut: Path, look: Look) -> None:
    """The package's constructor reseeds everything; a training beside it must not notice."""
    import torch

    from mos_assets.features import transnet

    transnet._loaded.clear()
    os.environ.pop("PYTORCH_ENABLE_MPS_FALLBACK", None)
    pictures = look(hard_cut)
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    threads = torch.get_num_threads()

    def state() -> tuple[object, ...]:
        return (
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),  # type: ignore[index]
            random.getstate(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.backends.cudnn.deterministic,
            torch.backends.cudnn.benchmark,
            torch.is_grad_enabled(),
            torch.get_default_device(),
            torch.get_num_threads(),
            os.environ.get("PYTORCH_ENABLE_MPS_FALLBACK"),
        )

    before = state()
    seen: set[int] = set()
    hook = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda *_: seen.add(torch.get_num_threads())
    )
    with single_threaded({"shots", "saliency"}):
        whole_probabilities(pictures)
    hook.remove()
    assert state() == before
    assert seen == {1}
    assert torch.get_num_threads() == threads


STILL = "smptebars=s=160x90:r=25:d=2"
FRACTAL = "mandelbrot=s=160x90:r=25,trim=end_frame=50"
CELLS = "cellauto=s=160x90:r=25:rule=110:seed=3,trim=end_frame=50"
NOISE = "color=c=gray:s=160x90:r=25:d=2,noise=alls=80:allf=t+u:all_seed=3"

ZOOM = "mandelbrot=s=160x90:r=30,trim=end_frame=90"
"""Its colours drift as in a long dissolve."""
SHAKEN = (
    "mandelbrot=s=480x270:r=25:start_scale=0.01:start_x=-0.75:start_y=0.1,trim=end_frame=1,"
    "loop=-1:1,trim=end_frame=100,setpts=N/25/TB,"
    "crop=240:136:120+30*sin(n*0.7)*sin(n*0.13):67+20*sin(n*0.5+1)*cos(n*0.11)"
)
"""Neighbouring frames are up to 20 of 240 columns apart."""

SINGLE_SHOTS = {
    "still": STILL,
    "fractal": FRACTAL,
    "cells": CELLS,
    "noise": NOISE,
    "shaken": SHAKEN,
    "zoom": ZOOM,
}
EVENTS = {
    "fade_out": f"{FRACTAL},fade=out:25:25",
    "flip": f"{FRACTAL},split[a][b];[a]trim=end_frame=25[x];"
    "[b]trim=start_frame=25,setpts=PTS-STARTPTS,hflip[y];[x][y]concat=n=2",
    "dissolve": f"{CELLS},fps=25,settb=1/25[a];{STILL},fps=25,settb=1/25[b];"
    "[a][b]xfade=duration=0.6:offset=0.8",
    "flash": f"{STILL},drawbox=c=white:t=fill:enable='eq(n,25)'",
    "shaken_cut": f"{SHAKEN},negate=enable='gt(n,60)'",
}


MEASURE = """
import sys
from pathlib import Path
from mos_assets.features import ClipTask, measure_clip
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.settings import Comparison, ReferencePolicy
clip = Path(sys.argv[1])
parts, how = frozenset({"shots"}), Comparison(ReferencePolicy.SELF)
task = ClipTask("c", clip, hash_file(clip), probe(clip), parts, None, None, how)
(found,) = measure_clip(task, find_ffmpeg(None))
assert found.reason is None, found.reason
print("torch" in sys.modules)
"""


@pytest.mark.parametrize(("name", "said"), [("still", "False"), ("flash", "True")])
def test_torch_is_loaded_only_where_the_network_has_to_look(
    name: str, said: str, render: Render
) -> None:
    """Its import takes longer than all else that a small clip costs."""
    source = {**SINGLE_SHOTS, **EVENTS}[name]
    clip = render(f"{name}.mp4", "-f", "lavfi", "-i", source)
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(clip)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == said


@pytest.mark.parametrize("name", SINGLE_SHOTS)
def test_single_shots_cost_nothing(name: str, render: Render, look: Look) -> None:
    pictures = look(render(f"{name}.mp4", "-f", "lavfi", "-i", SINGLE_SHOTS[name]))
    with single_threaded({"shots"}):
        assert find_signs(pictures) == Signs((), ())
        seen = whole_probabilities(pictures)
    assert seen.max() < 0.25, "the pre-filter must keep its distance from the threshold"


@pytest.mark.parametrize("name", EVENTS)
def test_events_end_in_the_cut_list_of_whole_windows(name: str, render: Render, look: Look) -> None:
    """A cut, dissolve, fade or flash goes to the network, which sees fewer frames than before."""
    pictures = look(render(f"{name}.mp4", "-f", "lavfi", "-i", EVENTS[name]))
    seen: list[int] = []

    def counted(shown: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        seen.append(len(shown))
        return network(shown)

    with single_threaded({"shots"}):
        sparing = transition_probabilities(pictures, counted)
        whole = whole_probabilities(pictures)
    assert shot_spans(sparing) == shot_spans(whole)
    assert 0 < sum(seen) < 2 * 100 * -(-len(pictures) // 50)


def test_cuts_are_the_same_with_and_without_the_prefilter(
    real_clip: Callable[[str], Path], look: Look
) -> None:
    pictures = look(real_clip("carphone_distorted.mp4"))
    with single_threaded({"shots"}):
        filtered = transition_probabilities(pictures)
        full = whole_probabilities(pictures)
    assert shot_spans(filtered) == shot_spans(full)


def test_one_quiet_half_is_skipped_and_the_other_is_not(look: Look, render: Render) -> None:
    """What happens late costs nothing early on."""
    long_still = f"{STILL},loop=-1:25,trim=end_frame=80"
    source = f"{long_still}[a];{CELLS},trim=end_frame=20[b];[a][b]concat=n=2"
    pictures = look(render("late_cut.mp4", "-f", "lavfi", "-i", source))
    assert find_signs(pictures) == Signs((79,), ())
    with single_threaded({"shots"}):
        filtered = transition_probabilities(pictures)
        full = whole_probabilities(pictures)
    assert not filtered[:50].any()
    assert shot_spans(filtered) == shot_spans(full) == ((0, 79), (80, 99))


STILL_FRACTAL = (
    "mandelbrot=s=480x270:r=30:start_scale=0.01:start_x=-0.75:start_y=0.1,"
    "trim=end_frame=1,loop=-1:1,trim=end_frame=90,fps=30,settb=1/30"
)
SLOW_DISSOLVE = (
    f"{STILL_FRACTAL}[a];{STILL_FRACTAL},hflip,vflip[b];[a][b]xfade=duration=1:offset=1.5"
)
"""Between two pictures of the same levels."""


def test_a_slow_dissolve_is_not(render: Render, look: Look) -> None:
    pictures = look(render("slow_dissolve.mp4", "-f", "lavfi", "-i", SLOW_DISSOLVE))
    with single_threaded({"shots"}):
        full = whole_probabilities(pictures)
        filtered = transition_probabilities(pictures)
    assert find_signs(pictures).drifts
    assert len(shot_spans(full)) == 2
    assert shot_spans(filtered) == shot_spans(full)


PANNED = (
    "mandelbrot=s=960x540:r=25:start_scale=0.01:start_x=-0.75:start_y=0.1,trim=end_frame=1,"
    "loop=-1:1,trim=end_frame=30,setpts=N/25/TB,fps=25,settb=1/25"
)
SHORT_DISSOLVE = (
    f"{PANNED},crop=240:136:100+6*n:100[a];{PANNED},hflip,vflip,crop=240:136:300+6*n:200[b];"
    "[a][b]xfade=duration=0.32:offset=0.72"
)
"""Over eight frames, between two places of one picture, under a pan."""


def test_a_dissolve_of_few_frames_is_seen_in_whole_windows(render: Render, look: Look) -> None:
    """Every fourth frame shows next to nothing of one, and a closer look puts it elsewhere."""
    pictures = look(render("short_dissolve.mp4", "-f", "lavfi", "-i", SHORT_DISSOLVE))
    with single_threaded({"shots"}):
        assert any(15 <= blend <= 29 for blend in find_signs(pictures).blends)
        sparing = transition_probabilities(pictures)
        whole = whole_probabilities(pictures)
    assert whole.max() > 0.25
    assert np.array_equal(sparing, whole)


def test_to_take_out_the_motion_leaves_the_pictures_alone(look: Look, render: Render) -> None:
    """OpenCV writes into what it correlates where it is as large as these."""
    pictures = look(render("shaken.mp4", "-f", "lavfi", "-i", SHAKEN))
    kept = pictures.copy()
    with single_threaded({"shots"}):
        moved, explained = compensated_change(pictures[0], pictures[1])
        as_they_lie = np.abs(pictures[0].astype(float) - pictures[1]).mean()
        strangers, _ = compensated_change(pictures[0], 255 - pictures[1])
    assert np.array_equal(pictures, kept)
    assert explained
    assert moved < as_they_lie / 3
    assert strangers > 20
