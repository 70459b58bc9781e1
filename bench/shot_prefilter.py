"""Whether the pre-filter ever costs a cut: its cut lists against the full network's.

Shots are rendered by ffmpeg (and taken from `--clip`), altered, and joined by dissolves between
like and unlike pictures, fades through black, wipes, slides, irises, cuts and flashes of one to
ninety frames, with and without motion; a quarter of the trials has no transition at all. For
each kind the table says how many cut lists differ from the network's own and how many of the
pictures it saw that whole windows show it. `--slow` keeps trials without a jump: those that the
look at every fourth frame decides. Ends with 1 where a list differs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from mos_assets.features.command import command
from mos_assets.features.extractors.shots import shot_spans, thumbnails
from mos_assets.features.frame_logs import CLIP_FRAMES, count_frames
from mos_assets.features.prefilter import find_signs
from mos_assets.features.threads import single_threaded
from mos_assets.features.transitions import transition_probabilities, whole_probabilities
from mos_assets.features.transnet import STEP, WINDOW, look
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, run_ffmpeg
from mos_assets.settings import ReferencePolicy

Pictures = npt.NDArray[np.float32]
SCENES = (
    "mandelbrot=s=480x270:r=30",
    "mandelbrot=s=480x270:r=30:start_scale=0.1:start_x=-0.75:start_y=0.1",
    "life=s=160x90:r=30:mold=10:ratio=0.1:seed=3:death_color=#C83232:life_color=#00ff00",
    "testsrc2=s=480x270:r=30",
    "gradients=s=480x270:r=30:speed=0.05:seed=3",
    "sierpinski=s=480x270:r=30:seed=2",
    "cellauto=s=480x270:r=30:rule=110:seed=3",
)
FRAMES = 120
KINDS = ("none", "cut", "flash", "dissolve", "like dissolve", "fade", "wipe", "slide", "iris")
ODDS = (0.25, 0.05, 0.05, 0.2, 0.25, 0.08, 0.04, 0.04, 0.04)
LENGTHS = (3, 6, 10, 15, 20, 30, 45, 60, 90)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slow", action="store_true", help="only trials with slow signs alone")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="shots of this too")
    options = parser.parse_args()
    draw = np.random.default_rng(options.seed)
    tried, unlike, events, seen, whole = (Counter[str]() for _ in range(5))
    with single_threaded({"shots"}):
        shots = material(find_ffmpeg(), options.clip)
        while tried.total() < options.trials:
            kind, pictures = trial(draw, shots)
            signs = find_signs(pictures)
            if options.slow and (signs.jumps or not signs.drifts):
                continue
            network = Counted()
            full = whole_probabilities(pictures)
            filtered = transition_probabilities(pictures, network)
            tried[kind] += 1
            events[kind] += len(shot_spans(full)) > 1
            unlike[kind] += shot_spans(full) != shot_spans(filtered)
            seen[kind] += network.pictures
            whole[kind] += WINDOW * -(-len(pictures) // STEP)
    print("| transition | trials | found by the network | other cut list | pictures seen |")
    print("|---|---:|---:|---:|---:|")
    for kind in KINDS:
        share = f"{seen[kind]} of {whole[kind]}"
        print(f"| {kind} | {tried[kind]} | {events[kind]} | {unlike[kind]} | {share} |")
    return int(unlike.total() > 0)


class Counted:
    """The network, and how many pictures it was shown."""

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What the network says of them."""
        self.pictures += len(pictures)
        return look(pictures)


def material(ffmpeg: Ffmpeg, clips: list[Path]) -> list[Pictures]:
    """Single shots [n, 27, 48, 3], at least one second each."""
    shots: list[Pictures] = []
    with TemporaryDirectory(prefix="mos-bench-") as name:
        folder = Path(name)
        rendered = []
        for number, scene in enumerate(SCENES):
            path = folder / f"{number}.mkv"
            arguments = ["-f", "lavfi", "-i", scene, "-frames:v", "240", "-c:v", "ffv1", str(path)]
            require(run_ffmpeg(ffmpeg, arguments).returncode == 0, f"{scene} cannot be rendered")
            rendered.append(path)
        for path in [*rendered, *clips]:
            work = folder / f"{path.stem}.d"
            work.mkdir()
            arguments = command(path.absolute(), None, {"shots"}, ReferencePolicy.SELF, fps=30.0)
            require(run_ffmpeg(ffmpeg, arguments, cwd=work).returncode == 0, f"{path} is not sound")
            frames = count_frames(work, CLIP_FRAMES)
            pictures = np.array(thumbnails(work, frames))
            spans = shot_spans(whole_probabilities(pictures))
            shots += [pictures[a : b + 1].astype(np.float32) for a, b in spans if b - a >= 30]
    return shots


def require(held: bool, otherwise: str) -> None:
    if not held:
        sys.exit(otherwise)


def trial(draw: np.random.Generator, shots: list[Pictures]) -> tuple[str, npt.NDArray[np.uint8]]:
    """A kind of transition and a clip [FRAMES, 27, 48, 3] that holds one somewhere."""
    kind = str(draw.choice(KINDS, p=ODDS))
    before, after = altered(draw, shots), altered(draw, shots)
    length, middle = int(draw.choice(LENGTHS)), FRAMES / 2 + draw.integers(-20, 20)
    ramp = np.clip((np.arange(FRAMES) - (middle - length / 2) + 0.5) / length, 0, 1)
    share = ramp[:, None, None, None].astype(np.float32)
    columns = np.arange(48)[None, None, :, None]
    match kind:
        case "none":
            joined = before
        case "cut":
            joined = np.where(share < 0.5, before, after)
        case "flash":
            lit = (np.arange(FRAMES) - middle >= 0) & (np.arange(FRAMES) - middle < length / 6)
            joined = before + 200 * lit[:, None, None, None]
        case "dissolve":
            joined = before * (1 - share) + after * share
        case "like dissolve":
            joined = before * (1 - share) + alike(after, before) * share
        case "fade":
            joined = np.where(share < 0.5, before * (1 - 2 * share), after * (2 * share - 1))
        case "wipe":
            joined = np.where(columns < share * 48, after, before)
        case "slide":
            moved = np.concatenate([before, after], axis=2)
            shift = np.rint(ramp * 48).astype(int)
            joined = np.stack([moved[n][:, s : s + 48] for n, s in enumerate(shift)])
        case _:
            lines = np.arange(27)[None, :, None, None]
            distance = np.hypot((lines - 13) / 13.5, (columns - 23.5) / 24) / 1.42
            joined = np.where(distance < share, after, before)
    return kind, np.clip(np.rint(joined), 0, 255).astype(np.uint8)


def altered(draw: np.random.Generator, shots: list[Pictures]) -> Pictures:
    """A shot from anywhere, forth and back: perhaps still, mirrored, recoloured, dull, noisy."""
    shot = shots[draw.integers(len(shots))]
    if draw.random() < 0.3:
        shot = shot[:1]
    if draw.random() < 0.4:
        shot = shot[:, :, ::-1]
    if draw.random() < 0.3:
        shot = shot[..., draw.permutation(3)]
    if draw.random() < 0.3:
        shot = (shot - 128) * draw.uniform(0.3, 0.8) + draw.uniform(70, 180)
    period = max(1, 2 * len(shot) - 2)
    place = (np.arange(FRAMES) + draw.integers(len(shot))) % period
    pictures = shot[np.minimum(place, period - place)]
    if draw.random() < 0.3:
        pictures = pictures + draw.normal(0, draw.uniform(1, 8), pictures.shape)
    return np.clip(pictures, 0, 255).astype(np.float32)


def alike(pictures: Pictures, model: Pictures) -> Pictures:
    """Pictures with the levels of another shot, channel by channel: the hardest to tell apart."""
    matched = np.empty_like(pictures)
    for channel in range(3):
        flat = pictures[..., channel].ravel()
        rank = np.empty(len(flat), dtype=np.int64)
        rank[np.argsort(flat, kind="stable")] = np.arange(len(flat))
        matched[..., channel] = np.sort(model[..., channel].ravel())[rank].reshape(
            pictures.shape[:-1]
        )
    return matched


if __name__ == "__main__":
    sys.exit(main())
