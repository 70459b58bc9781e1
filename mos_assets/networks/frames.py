"""Which frames of a clip an input looks at."""

from __future__ import annotations

from collections.abc import Sequence

from mos_assets.errors import ClipError
from mos_assets.networks.choices import PerSecond, Runs, Uniform
from mos_assets.networks.declaration import NetworkInput

Item = tuple[int, ...]
"""Numbers of the frames that one item of an input is made of: one, or those of a run."""


def items_of(input_: NetworkInput, frames: int, fps: float) -> tuple[Item, ...]:
    """The items of one view of the picture, each as its frames, of a clip of this many frames.

    Raises ClipError where the clip is too short and the input refuses such.
    """
    match input_.frames:
        case Runs() as runs:
            found: Sequence[Item] = _runs(runs, frames)
        case Uniform() as uniform:
            found = [_uniform(uniform, frames)]
        case PerSecond() as rate:
            found = [_rate(rate, frames, fps)]
    if input_.runs:
        return tuple(found)
    return tuple((number,) for item in found for number in item)


def most_items(input_: NetworkInput) -> int | None:
    """Items of one view of the picture in any clip; None where that depends on the clip."""
    if isinstance(input_.frames, PerSecond) and not input_.runs:
        return None
    return len(items_of(input_, 1 << 20, 25.0))


def _uniform(choice: Uniform, frames: int) -> Item:
    count = choice.count
    if choice.at == "ends":
        last = max(count - 1, 1)
        # Half up, in whole numbers: no rounding of a processor decides over a frame.
        return tuple((2 * i * (frames - 1) + last) // (2 * last) for i in range(count))
    if choice.at == "start":
        return tuple(i * frames // count for i in range(count))
    return tuple((2 * i + 1) * frames // (2 * count) for i in range(count))


def _rate(choice: PerSecond, frames: int, fps: float) -> Item:
    step = max(1, round(fps / choice.per_second), -(-frames // choice.most))
    return tuple(range(0, frames, step))


def _runs(choice: Runs, frames: int) -> list[Item]:
    span = choice.length * choice.stride
    if choice.at == "start":
        begins = [frames // choice.clips * i for i in range(choice.clips)]
    elif frames >= span:
        # SampleFrames of FAST-VQA: int(i * share + share / 2), share = beginnings / clips.
        beginnings = frames - span + 1
        begins = [(2 * i + 1) * beginnings // (2 * choice.clips) for i in range(choice.clips)]
    else:
        begins = [0] * choice.clips
    runs = []
    for begin in begins:
        numbers = [begin + i * choice.stride for i in range(choice.length)]
        if choice.short == "refuse" and numbers[-1] >= frames:
            raise ClipError(
                f"its {frames} frames are too few for runs of {choice.length} frames, "
                f"{choice.stride} apart"
            )
        if choice.short == "loop":
            runs.append(tuple(number % frames for number in numbers))
        else:
            runs.append(tuple(min(number, frames - 1) for number in numbers))
    return runs
