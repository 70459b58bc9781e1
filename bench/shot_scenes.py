"""Clips that move, cut and blend in many ways, rendered to be the same on every machine.

`scenes(seed)` describes them, `pictures` renders one at any size, `render` encodes it. Worlds
are large pictures (fractal clouds, house fronts, pages of text, photographs that scikit-learn
brings, further ones that the caller gives); a camera moves over them, hand-held or steady.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_sample_images

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

RATE = 30
WIDTH, HEIGHT = 2112, 1188
"""Of a world; a camera at zoom 1 sees 1/2.2 of it."""
SIGHT = 2.2


@dataclass(frozen=True)
class Shot:
    """One world seen by one camera; arrays have a row a frame."""

    world: int
    camera: Floats
    """[n, 4] centre in pictures' widths and heights, zoom, angle in radians."""
    gain: Floats
    """[n] factor of brightness."""
    noise: float = 0.0
    objects: Floats | None = None
    """[k, 5] start x, y, speed x, y in pictures a second, radius in pictures' heights."""


@dataclass(frozen=True)
class Scene:
    """Shots one after the other, joined at frames."""

    name: str
    shots: tuple[Shot, ...]
    joins: tuple[tuple[str, int, int], ...] = ()
    """(kind, first frame, frames) between shot k and k + 1."""
    flashes: tuple[int, ...] = ()
    seed: int = 0

    @property
    def frames(self) -> int:
        """Their number."""
        return len(self.shots[0].gain)


def worlds(seed: int, photographs: Sequence[Picture] = ()) -> list[Picture]:
    """Eight pictures [HEIGHT, WIDTH, 3], RGB, and one more for each photograph given."""
    draw = np.random.default_rng(seed)
    photos = [*load_sample_images().images, *photographs]
    made = [_cloud(draw), _cloud(draw), _houses(draw), _houses(draw), _text(draw), _text(draw)]
    return made + [cv2.resize(photo, (WIDTH, HEIGHT)) for photo in photos]


def scenes(seed: int, frames: int = 240, count: int = 8) -> list[Scene]:
    """One of each kind, with worlds below `count`, speeds and places drawn from the seed."""
    return [
        replace(make(np.random.default_rng((seed, number)), frames, count), name=name, seed=seed)
        for number, (name, make) in enumerate(KINDS.items())
    ]


def pictures(scene: Scene, around: Sequence[Picture], size: tuple[int, int]) -> Iterator[Picture]:
    """Frames [height, width, 3], RGB, of a scene at (width, height)."""
    scale = SIGHT * size[0] / WIDTH
    small = {
        shot.world: cv2.resize(around[shot.world], None, fx=scale, fy=scale, interpolation=3)
        for shot in scene.shots
    }
    draw = np.random.default_rng((scene.seed, 99))
    for frame in range(scene.frames):
        at = sum(frame >= first + length for _, first, length in scene.joins)
        shown = _see(scene.shots[at], small, frame, size, draw)
        if at < len(scene.joins):
            kind, first, length = scene.joins[at]
            if frame >= first:
                after = _see(scene.shots[at + 1], small, frame, size, draw)
                shown = _joined(kind, shown, after, (frame - first + 0.5) / length)
        if frame in scene.flashes:
            shown = shown + 140.0
        yield np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def render(
    ffmpeg: str, scene: Scene, around: Sequence[Picture], size: tuple[int, int], path: Path
) -> None:
    """Encode a scene to `path`, x264 at CRF 23."""
    picture = f"{size[0]}x{size[1]}"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", picture, "-r", str(RATE), "-i", "-"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p"]
    command = [ffmpeg, "-v", "error", "-y", *raw, *coded, "-bitexact", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as coder:
        if coder.stdin is None:
            raise ValueError("the encoder was started without its input")
        for shown in pictures(scene, around, size):
            coder.stdin.write(shown.tobytes())
        coder.stdin.close()
    if coder.returncode != 0:
        raise ValueError(f"{path} could not be rendered")


def _see(
    shot: Shot,
    small: dict[int, Picture],
    frame: int,
    size: tuple[int, int],
    draw: np.random.Generator,
) -> Floats:
    width, height = size
    x, y, zoom, angle = shot.camera[frame]
    world = small[shot.world]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
    middle = np.array([world.shape[1] / 2 + x * width, world.shape[0] / 2 + y * height])
    there = np.column_stack([turn, middle - turn @ (np.array([width, height]) / 2)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(world, there, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    for number, thing in enumerate(shot.objects if shot.objects is not None else ()):
        left, top, right, down, radius = thing
        place = (
            round((left + right * frame / RATE) * width),
            round((top + down * frame / RATE) * height),
        )
        colour = [int(v) for v in np.random.default_rng(number + shot.world).integers(0, 256, 3)]
        cv2.circle(seen, place, round(radius * height), colour, -1, cv2.LINE_AA)
    lit = seen * shot.gain[frame]
    if shot.noise:
        lit = lit + draw.normal(0, shot.noise, seen.shape)
    clipped: Floats = np.clip(lit, 0, 255)
    return clipped


def _joined(kind: str, before: Floats, after: Floats, share: float) -> Floats:
    height, width = before.shape[:2]
    columns, lines = np.arange(width)[None, :, None], np.arange(height)[:, None, None]
    match kind:
        case "cut":
            return after
        case "dissolve":
            return before * (1 - share) + after * share
        case "black":
            return before * max(0, 1 - 2 * share) + after * max(0, 2 * share - 1)
        case "white":
            lit = 1 - abs(2 * share - 1)
            return (before if share < 0.5 else after) * (1 - lit) + 255 * lit
        case "wipe":
            return np.where(columns < share * width, after, before)
        case "slide":
            moved = np.concatenate([before, after], axis=1)
            return moved[:, round(share * width) :][:, :width]
        case _:
            far = np.hypot(columns - width / 2, lines - height / 2) / np.hypot(width, height) * 2
            return np.where(far < share, after, before)


def _cloud(draw: np.random.Generator) -> Picture:
    picture = np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(2, 10):
        coarse = draw.normal(size=(2**octave * 9 // 16 + 2, 2**octave, 3))
        picture += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / 1.7**octave
    spread = (picture - picture.mean(axis=(0, 1))) / picture.std(axis=(0, 1))
    mixed = draw.uniform(60, 190, 3) + spread @ draw.normal(0, 30, (3, 3))
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _houses(draw: np.random.Generator) -> Picture:
    picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
    picture[:] = np.linspace(draw.integers(80, 255, 3), draw.integers(80, 255, 3), HEIGHT)[:, None]
    for left in range(0, WIDTH, 66):
        top, wide = int(draw.integers(100, 900)), int(draw.integers(60, 260))
        colour = [int(v) for v in draw.integers(20, 220, 3)]
        cv2.rectangle(picture, (left, top), (left + wide, HEIGHT), colour, -1)
        for window in range(top + 20, HEIGHT, 60):
            for pane in range(left + 10, left + wide - 20, 40):
                lit = [int(v) for v in draw.integers(0, 256, 3)]
                cv2.rectangle(picture, (pane, window), (pane + 22, window + 34), lit, -1)
    return picture


def _text(draw: np.random.Generator) -> Picture:
    picture = np.full((HEIGHT, WIDTH, 3), draw.integers(200, 256, 3), dtype=np.uint8)
    for line in range(40, HEIGHT, 44):
        words = "".join(chr(int(c)) for c in draw.integers(97, 123, int(draw.integers(10, 90))))
        cv2.putText(picture, words, (30, line), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (25, 25, 30), 2)
    for _ in range(6):
        left, top = int(draw.integers(0, WIDTH)), int(draw.integers(0, HEIGHT))
        colour = [int(v) for v in draw.integers(0, 256, 3)]
        cv2.rectangle(picture, (left, top), (left + 300, top + 180), colour, -1)
    return picture


Make = Callable[[np.random.Generator, int, int], Scene]


def _smooth(draw: np.random.Generator, frames: int, every: int, size: float) -> Floats:
    """[frames] a random walk of the hand: knots each `every` frames, `size` apart."""
    knots = draw.normal(0, size, frames // every + 3)
    return np.interp(np.arange(frames) / every, np.arange(len(knots)), knots)


def camera_path(
    draw: np.random.Generator,
    frames: int,
    *,
    pan: float = 0.0,
    tilt: float = 0.0,
    zoom: float = 0.0,
    turn: float = 0.0,
    shake: float = 0.0,
) -> Floats:
    """Pictures a second, doublings a second, turns a second, pictures of shake."""
    seconds = (np.arange(frames) - frames / 2) / RATE
    x, y = pan * seconds, tilt * seconds
    angle = 2 * np.pi * turn * seconds
    if shake:
        x = x + _smooth(draw, frames, 4, shake) + _smooth(draw, frames, 15, shake)
        y = y + _smooth(draw, frames, 4, shake) + _smooth(draw, frames, 15, shake)
        angle = angle + _smooth(draw, frames, 6, shake / 4)
    away = draw.uniform(-0.15, 0.15, 2)
    grown = 2.0 ** (zoom * seconds)
    return np.column_stack([x + away[0], y + away[1], grown, angle])


def _shot(draw: np.random.Generator, frames: int, count: int, **moves: float) -> Shot:
    world = int(draw.integers(count))
    return Shot(world, camera_path(draw, frames, **moves), np.ones(frames))


def _one(draw: np.random.Generator, frames: int, count: int, **moves: float) -> Scene:
    sign = draw.choice([-1, 1])
    factor = draw.uniform(0.8, 1.25)
    drawn = {name: value * factor * sign for name, value in moves.items() if name != "shake"}
    shake = abs(moves.get("shake", 0.0)) * factor
    return Scene("", (_shot(draw, frames, count, **drawn, shake=shake),))


def _cutting(
    draw: np.random.Generator,
    frames: int,
    count: int,
    kinds: Sequence[tuple[str, int]],
    shake: float,
) -> Scene:
    """As many joins as kinds, evenly spread but for a few frames."""
    gap = frames / (len(kinds) + 1)
    joins = tuple(
        (kind, int(gap * (place + 1) - length / 2 + draw.integers(-8, 9)), length)
        for place, (kind, length) in enumerate(kinds)
    )
    order = np.concatenate([draw.permutation(count) for _ in range(1 + len(kinds) // count)])
    moves = [{"pan": draw.uniform(-0.15, 0.15), "zoom": draw.uniform(-0.05, 0.05)} for _ in order]
    shots = tuple(
        replace(_shot(draw, frames, count, **moves[n], shake=shake), world=int(order[n]))
        for n in range(len(kinds) + 1)
    )
    return Scene("", shots, joins)


def _lit(draw: np.random.Generator, frames: int, count: int, gain: Floats, **moves: float) -> Scene:
    shot = _shot(draw, frames, count, **moves)
    return Scene("", (replace(shot, gain=gain),))


def _things(
    draw: np.random.Generator, frames: int, count: int, number: int, radius: float
) -> Scene:
    shot = _shot(draw, frames, count, shake=0.004)
    starts = draw.uniform(-0.8, 1.2, (number, 2))
    moves = np.column_stack([starts, draw.normal(0, 0.5, (number, 2)), np.full(number, radius)])
    return Scene("", (replace(shot, objects=moves),))


def _jump(draw: np.random.Generator, frames: int, count: int) -> Scene:
    """Cuts within one world: nearer, and a little to the side."""
    first = _shot(draw, frames, count, shake=0.006)
    near, aside = first.camera.copy(), first.camera.copy()
    near[:, 2] *= 1.7
    aside[:, 0] += 0.35
    shots = (first, replace(first, camera=near), replace(first, camera=aside))
    return Scene("", shots, (("cut", frames // 3, 1), ("cut", 2 * frames // 3 + 5, 1)))


def _steps(frames: int, every: int, low: float) -> Floats:
    return np.where(np.arange(frames) // every % 2 == 0, 1.0, low)


def _noisy(scene: Scene, noise: float) -> Scene:
    return replace(scene, shots=tuple(replace(shot, noise=noise) for shot in scene.shots))


def _flashed(scene: Scene, flashes: tuple[int, ...]) -> Scene:
    return replace(scene, flashes=flashes)


KINDS: dict[str, Make] = {
    "static": lambda d, n, c: _one(d, n, c),
    "static noise": lambda d, n, c: _noisy(_one(d, n, c), 12),
    "pan slow": lambda d, n, c: _one(d, n, c, pan=0.08),
    "pan": lambda d, n, c: _one(d, n, c, pan=0.3),
    "pan fast": lambda d, n, c: _one(d, n, c, pan=0.9),
    "tilt": lambda d, n, c: _one(d, n, c, tilt=0.35),
    "shake small": lambda d, n, c: _one(d, n, c, shake=0.01),
    "shake": lambda d, n, c: _one(d, n, c, shake=0.03),
    "shake large": lambda d, n, c: _one(d, n, c, shake=0.08),
    "walk": lambda d, n, c: _one(d, n, c, pan=0.1, zoom=0.15, shake=0.03),
    "zoom in": lambda d, n, c: _one(d, n, c, zoom=0.25),
    "zoom fast": lambda d, n, c: _one(d, n, c, zoom=0.8),
    "rotate": lambda d, n, c: _one(d, n, c, turn=0.05),
    "rotate fast": lambda d, n, c: _one(d, n, c, turn=0.25),
    "pan noise": lambda d, n, c: _noisy(_one(d, n, c, pan=0.3, shake=0.01), 10),
    "object": lambda d, n, c: _things(d, n, c, 3, 0.4),
    "objects": lambda d, n, c: _things(d, n, c, 25, 0.12),
    "exposure": lambda d, n, c: _lit(d, n, c, 1 - 0.4 * np.sin(np.arange(n) / 25) ** 2, pan=0.1),
    "lights": lambda d, n, c: _lit(d, n, c, _steps(n, 70, 0.6), shake=0.01),
    "flashes": lambda d, n, c: _flashed(_one(d, n, c, shake=0.01), (45, 120, 121, 180)),
    "cut": lambda d, n, c: _cutting(d, n, c, [("cut", 1)], 0.0),
    "cuts": lambda d, n, c: _cutting(d, n, c, [("cut", 1)] * 4, 0.005),
    "cuts shaken": lambda d, n, c: _cutting(d, n, c, [("cut", 1)] * 2, 0.04),
    "cuts noisy": lambda d, n, c: _noisy(_cutting(d, n, c, [("cut", 1)] * 2, 0.01), 10),
    "jump cuts": _jump,
    "dissolve": lambda d, n, c: _cutting(d, n, c, [("dissolve", 24)], 0.0),
    "dissolves": lambda d, n, c: _cutting(d, n, c, [("dissolve", 12), ("dissolve", 40)], 0.01),
    "dissolve shaken": lambda d, n, c: _cutting(d, n, c, [("dissolve", 20)], 0.04),
    "fade": lambda d, n, c: _cutting(d, n, c, [("black", 30)], 0.005),
    "fade white": lambda d, n, c: _cutting(d, n, c, [("white", 16)], 0.01),
    "wipe": lambda d, n, c: _cutting(d, n, c, [("wipe", 20), ("slide", 12)], 0.005),
    "iris": lambda d, n, c: _cutting(d, n, c, [("iris", 20)], 0.01),
}
