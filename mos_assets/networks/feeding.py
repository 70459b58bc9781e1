"""From pictures to what a network is fed, and from what it answers to columns.

Tensors go through files in the folder of the clip: neither process holds more than it needs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mos_assets.errors import ClipError, DoubtfulClipError, NetworkError
from mos_assets.networks.declaration import NetworkInput
from mos_assets.networks.frames import Item, items_of
from mos_assets.networks.process import Request, run_network
from mos_assets.networks.reading import Network
from mos_assets.networks.views import coloured, views_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LARGEST_PICTURES_BYTES = 2 << 30
"""Of the frames of one clip that its networks look at, in RGB."""
LARGEST_FEED_BYTES = 2 << 30
"""Of what one input is fed for one clip."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What of a clip decides which of its pictures a network sees, and where."""

    frames: int
    """That are there for certain."""
    fps: float
    """By which its pictures are numbered."""
    width: int
    height: int
    sha256: str


def frames_of(network: Network, clip: ClipFacts) -> tuple[int, ...]:
    """Numbers of the frames that the network looks at, rising.

    Raises ClipError where the clip is too short for it, or its pictures take too much room.
    """
    items = [items_of(each, clip.frames, clip.fps) for each in network.declaration.inputs]
    numbers = sorted({number for each in items for item in each for number in item})
    size = len(numbers) * clip.width * clip.height * 3
    if size > LARGEST_PICTURES_BYTES:
        raise ClipError(
            f"its {len(numbers)} frames of {clip.width} by {clip.height} that network "
            f"{network.name} looks at are {size} bytes, more than {LARGEST_PICTURES_BYTES}"
        )
    return tuple(numbers)


def figures_of(
    network: Network,
    clip: ClipFacts,
    pictures: Iterable[npt.NDArray[np.uint8]],
    folder: Path,
) -> tuple[dict[str, float], str | None]:
    """Finite figures by column, and why others are missing.

    pictures: those of `frames_of`, [lines, columns, 3] of RGB, in its order. folder: for files,
    which are left. Raises as `run_network`, ClipError for pictures that do not fit, and
    DoubtfulClipError where there are fewer than were asked for.
    """
    request = _request(network, clip, pictures, folder)
    run_network(network, request)
    return _pooled(network, request.outputs)


def _request(
    network: Network,
    clip: ClipFacts,
    pictures: Iterable[npt.NDArray[np.uint8]],
    folder: Path,
) -> Request:
    feeds = [
        _Feed(each, items_of(each, clip.frames, clip.fps), clip.sha256, folder / f"feed_{n}.npy")
        for n, each in enumerate(network.declaration.inputs)
    ]
    numbers = frames_of(network, clip)
    seen = 0
    for number, picture in zip(numbers, pictures, strict=False):
        seen += 1
        for feed in feeds:
            feed.add(number, picture)
    if seen != len(numbers):
        raise DoubtfulClipError(f"{seen} frames were sampled where {len(numbers)} were due")
    calls = set()
    for feed, batch in zip(feeds, network.batches, strict=True):
        feed.close()
        if feed.length > batch:
            calls.add(-(-feed.length // batch))
    if len(calls) > 1:
        told = ", ".join(f"{feed.name}: {feed.length}" for feed in feeds)
        raise ClipError(
            f"network {network.name} cannot be fed from its {clip.frames} frames: inputs of "
            f"different numbers of items ({told})"
        )
    return Request(
        feeds={feed.name: feed.path for feed in feeds},
        items={feed.name: batch for feed, batch in zip(feeds, network.batches, strict=True)},
        calls=max(calls, default=1),
        outputs={
            output.name: folder / f"answer_{n}.npy"
            for n, output in enumerate(network.declaration.outputs)
        },
    )


class _Feed:
    """The tensor of one input, filled frame by frame."""

    def __init__(
        self, input_: NetworkInput, items: Sequence[Item], clip_sha256: str, path: Path
    ) -> None:
        import numpy as np

        self.name, self.path = input_.name, path
        self._input, self._sha256 = input_, clip_sha256
        self._places: dict[int, list[tuple[int, int]]] = {}
        for index, item in enumerate(items):
            for time, number in enumerate(item):
                self._places.setdefault(number, []).append((index, time))
        self.length = len(items) * input_.crops
        height, width = input_.view.size
        sizes = {"T": len(items[0]), "C": input_.channels, "H": height, "W": width}
        shape = (self.length, *(sizes[letter] for letter in input_.layout[1:]))
        dtype = np.dtype(input_.dtype)
        if math.prod(shape) * dtype.itemsize > LARGEST_FEED_BYTES:
            raise ClipError(
                f"input {input_.name!r} of its network would be fed "
                f"{math.prod(shape) * dtype.itemsize} bytes, more than {LARGEST_FEED_BYTES}"
            )
        self._tensor: Any = np.lib.format.open_memmap(path, "w+", dtype, shape)
        with path.open("rb+") as file:
            # Where a disk is full, writing to a mapped file that has holes ends this process.
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        # [items, C, T, H, W] or [items, C, H, W] of the same numbers.
        order = [input_.layout.index(letter) for letter in ("NTCHW" if input_.runs else "NCHW")]
        self._by_time = self._tensor.transpose(order)

    def add(self, number: int, picture: npt.NDArray[np.uint8]) -> None:
        """Put what the input sees of this frame wherever it belongs."""
        colours = coloured(self._input, picture)
        known: list[Any] | None = None
        for item, time in self._places.get(number, ()):
            if known is None or self._input.runs:
                known = [
                    self._fed(view) for view in views_of(self._input, colours, item, self._sha256)
                ]
            for crop, view in enumerate(known):
                place = item * self._input.crops + crop
                self._by_time[(place, time) if self._input.runs else place] = view

    def close(self) -> None:
        """All of it is in the file."""
        self._tensor.flush()
        del self._tensor, self._by_time

    def _fed(self, view: npt.NDArray[np.uint8]) -> Any:
        """[channels, lines, columns] of the numbers that the network is fed."""
        import numpy as np

        levels = view.transpose(2, 0, 1)
        if self._input.dtype == "uint8":
            return levels
        mean = np.array(self._input.mean, np.float32).reshape(-1, 1, 1)
        std = np.array(self._input.std, np.float32).reshape(-1, 1, 1)
        scaled = levels.astype(np.float32) * np.float32(self._input.scale)
        return (scaled - mean) / std


def _pooled(network: Network, answers: Mapping[str, Path]) -> tuple[dict[str, float], str | None]:
    import numpy as np

    declaration = network.declaration
    items: dict[str, npt.NDArray[np.float64]] = {}
    for output in declaration.outputs:
        answer = np.load(answers[output.name])
        answer = answer.reshape(len(answer), -1)
        if answer.shape[1] != len(output.numbers):
            raise NetworkError(
                f"{network.toml}: output {output.name!r} names {len(output.numbers)} columns, and "
                f"the network gives {answer.shape[1]} numbers an item. Name as many."
            )
        items[output.name] = answer
    figures: dict[str, float] = {}
    reason = None
    for column, output, index, pool in declaration.columns:
        numbers = items[output.name][:, index]
        if pool == "std" and len(numbers) == 1:
            reason = reason or f"no {column}: one item has no spread"
            continue
        try:
            value = _STATISTICS[pool](numbers.tolist())
        except OverflowError:
            value = math.inf
        if math.isfinite(value):
            figures[column] = value
        else:
            reason = reason or f"{column} of network {network.name} came out as {value}"
    return figures, reason


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers) if all(map(math.isfinite, numbers)) else math.nan


def _std(numbers: Sequence[float]) -> float:
    mean = _mean(numbers)
    if not math.isfinite(mean):
        return math.nan
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))


def _least(numbers: Sequence[float]) -> float:
    return min(numbers) if all(map(math.isfinite, numbers)) else math.nan


def _greatest(numbers: Sequence[float]) -> float:
    return max(numbers) if all(map(math.isfinite, numbers)) else math.nan


def _last(numbers: Sequence[float]) -> float:
    return numbers[-1]


_STATISTICS = {"mean": _mean, "std": _std, "min": _least, "max": _greatest, "last": _last}
"""Over the items of a clip; one that is not finite makes all but `last` so."""
