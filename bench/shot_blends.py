"""Whether the pre-filter costs a transition where pictures look alike: the hardest dissolves.

Places of one world dissolve into each other, still, under a pan, a zoom or a shake; other worlds
with the levels of the first; dull pictures; pictures that fade to their own mean, or slowly to
black or white. Each trial has 100 pictures; its cut list is held against that of whole windows.
Ends with 1 where a list differs. `shot_prefilter.py` has plainer kinds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from shot_network import counting
from shot_prefilter import Pictures, alike
from shot_scenes import Picture, Scene, Shot, camera_path, pictures, worlds

from mos_assets.features.extractors.shots import shot_spans
from mos_assets.features.prefilter import find_signs
from mos_assets.features.threads import single_threaded
from mos_assets.features.transitions import transition_probabilities, whole_probabilities
from mos_assets.features.transnet import STEP, WINDOW

FRAMES = 100
LENGTHS = (4, 6, 8, 12, 16, 20, 24, 30, 40, 60, 80)
KINDS = (
    *("same world still", "same world pan", "same world zoom", "like still", "like pan"),
    *("like shake", "dull", "fade to mean", "fade slow", "fade under a pan", "pan alone"),
)


@dataclass(frozen=True)
class Views:
    """Draws shots of worlds."""

    draw: np.random.Generator
    around: list[Picture]

    def shot(self, world: int, **moves: float) -> Pictures:
        """[FRAMES, 27, 48, 3] somewhere in a world, with a camera that moves so."""
        camera = camera_path(self.draw, FRAMES, **moves)
        camera[:, :2] += self.draw.uniform(-0.35, 0.35, 2)
        camera[:, 2] *= self.draw.uniform(0.9, 1.5)
        scene = Scene("", (Shot(world, camera, np.ones(FRAMES)),))
        seen = pictures(scene, self.around, (192, 108))
        small = [cv2.resize(each, (48, 27), interpolation=cv2.INTER_AREA) for each in seen]
        return np.stack(small).astype(np.float32)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = np.random.default_rng((options.seed, 77))
    views = Views(draw, worlds(options.seed))
    tried, unlike, events, seen = (Counter[str]() for _ in range(4))
    with single_threaded({"shots"}):
        for number in range(options.trials):
            kind, film = trial(views)
            shown: list[int] = []
            sparing = shot_spans(transition_probabilities(film, counting(shown)))
            whole = shot_spans(whole_probabilities(film))
            tried[kind] += 1
            events[kind] += len(whole) > 1
            unlike[kind] += sparing != whole
            seen[kind] += sum(shown)
            if sparing != whole:
                print(f"trial {number}, {kind}: {sparing} for {whole}; {find_signs(film)}")
    print("| transition | trials | found by the network | other cut list | pictures seen |")
    print("|---|---:|---:|---:|---:|")
    for kind in KINDS:
        share = f"{seen[kind]} of {tried[kind] * WINDOW * FRAMES // STEP}"
        print(f"| {kind} | {tried[kind]} | {events[kind]} | {unlike[kind]} | {share} |")
    return int(unlike.total() > 0)


def trial(views: Views) -> tuple[str, npt.NDArray[np.uint8]]:
    """A kind and a clip [FRAMES, 27, 48, 3] of it."""
    draw = views.draw
    kind = str(draw.choice(KINDS))
    first, second = (int(world) for world in draw.integers(len(views.around), size=2))
    pan = {"pan": draw.uniform(0.05, 0.5) * draw.choice([-1, 1]), "zoom": draw.uniform(-0.1, 0.1)}
    moves: dict[str, float] = {}
    if "pan" in kind:
        moves = pan
    elif "zoom" in kind:
        moves = {"zoom": 0.2}
    elif "shake" in kind:
        moves = {"shake": 0.03}
    before = views.shot(first, **moves)
    after = views.shot(first if kind.startswith("same world") else second, **moves)
    if kind.startswith("like"):
        after = alike(after, before)
    if kind == "dull":
        factor, level = draw.uniform(0.15, 0.5), draw.uniform(60, 190)
        before, after = ((each - each.mean()) * factor + level for each in (before, after))
    slow = kind in ("fade slow", "fade under a pan")
    length = int(draw.choice(LENGTHS[-4:] if kind == "fade slow" else LENGTHS))
    middle = FRAMES / 2 + draw.integers(-12, 13)
    ramp = np.clip((np.arange(FRAMES) - (middle - length / 2) + 0.5) / length, 0, 1)
    share = ramp[:, None, None, None].astype(np.float32)
    if kind == "pan alone":
        joined = before
    elif kind == "fade to mean":
        joined = before * (1 - share) + before.mean(axis=(0, 1, 2)) * share
    elif slow:
        level = draw.choice([0, 0, 255])
        out, into = np.clip(1 - 2 * share, 0, 1), np.clip(2 * share - 1, 0, 1)
        joined = before * out + after * into + level * (1 - out - into)
    else:
        joined = before * (1 - share) + after * share
    if draw.random() < 0.3:
        joined = joined + draw.normal(0, draw.uniform(1, 6), joined.shape)
    return kind, np.clip(np.rint(joined), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
