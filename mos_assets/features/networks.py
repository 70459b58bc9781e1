"""Networks of a user's own as blocks beside the built-in ones: `networks/<name>/` becomes `<name>`.

A network is read when its name is asked for, and is a block of this process from then on. One whose
files have changed is read again.
"""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from mos_assets.errors import ClipError, NetworkError
from mos_assets.features.extractors.base import (
    ALIASES,
    BLOCKS,
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.libraries import ONNXRUNTIME, PILLOW
from mos_assets.features.outputs import colour_pictures
from mos_assets.features.resource_limits import clock_rate
from mos_assets.networks import (
    NETWORK_NAME,
    NETWORK_TOML,
    ClipFacts,
    Network,
    figures_of,
    frames_of,
    items_of,
    read_network,
)
from mos_assets.records import Probe
from mos_assets.settings import networks_location

PART = "network_"
"""How the name of a network's part, and so its fingerprint, begins."""
_TRAINED = re.compile(rf"(?:^| \+ )([^ =]+)=({PART}\S+)")
_FLOAT_RANGE = (-math.inf, math.inf)
_lock = threading.Lock()
_read: dict[str, tuple[object, ...]] = {}
"""Name → what its files were like when it was read."""
_used: list[Path] = []
"""The folder that this process was told of."""


class NetworkBlock(PictureExtractor, is_kind=True):
    """The columns of one network; a class is made for each."""

    version = 1
    compares = ()
    network: ClassVar[Network]

    def tap(self, step: int) -> Tap:
        """As of a clip of which only the first frame is looked at."""
        return self._tap((0,))

    def tap_of_clip(self, step: int, probe: Probe) -> Tap | None:
        """The frames that the network looks at, in RGB; none of a clip that `read` refuses."""
        try:
            return self._tap(frames_of(self.network, _facts(probe, "")))
        except ClipError:
            return None

    def read(self, decoded: Decoded) -> Columns:
        """What the network answers, pooled."""
        clip = _facts(decoded.probe, decoded.sha256)
        frames_of(self.network, clip)
        folder = decoded.folder / self.name
        folder.mkdir()
        path = decoded.folder / self._file
        figures, reason = figures_of(self.network, clip, colour_pictures(path), folder)
        path.unlink()
        return Columns(figures, reason)

    @property
    def _file(self) -> str:
        return f"{self.name}.ppm"

    def _tap(self, frames: Iterable[int]) -> Tap:
        wanted = _any_of([f"eq(n\\,{number})" for number in frames])
        seen, shown = f"{self.name}_seen", f"{self.name}_shown"
        return Tap(
            seen,
            (f"[{seen}]select={wanted},format=rgb24[{shown}]",),
            (Output(shown, ("-c:v", "ppm", "-f", "image2pipe", self._file)),),
        )


def load_networks(names: Iterable[str], folder: Path) -> None:
    """Make blocks of those names that have a network in this folder.

    Names of built-in blocks, and names without a folder there, are passed over. Raises NetworkError
    where a network cannot be used.
    """
    with _lock:
        for name in names:
            known = BLOCKS.get(name)
            toml = folder / name / NETWORK_TOML
            if known is None and NETWORK_NAME.fullmatch(name) is None and toml.is_file():
                raise NetworkError(
                    f"{toml}: no network can be called {name!r}. Name the folder and the network "
                    "with small letters and digits, and '.', '_' or '-' between them."
                )
            if NETWORK_NAME.fullmatch(name) is None or name in ALIASES:
                continue
            if known is not None and not isinstance(known, NetworkBlock):
                continue
            place = folder / name
            if place.is_dir():
                _load(name, place.absolute())
            elif known is not None and known.network.folder == place.absolute():
                forget_network(name)


def use_networks_folder(folder: Path) -> None:
    """Look for the networks of heads there, whatever the environment says."""
    _used[:] = [folder]


def networks_folder() -> Path:
    """Where the networks of heads are looked for: MOS_NETWORKS, unless a run says otherwise."""
    return _used[0] if _used else networks_location(os.environ)


def loaded_network(name: str) -> Network | None:
    """The network of this block; None where it is none, or not read."""
    found = BLOCKS.get(name)
    return found.network if isinstance(found, NetworkBlock) else None


def part_of_network(network: Network) -> str:
    """Name of its part of a measurement."""
    return f"{PART}{network.declaration.stem}"


def frames_seen(network: Network, probe: Probe) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Input → the frames of each of its pictures or runs. Raises ClipError."""
    clip = _facts(probe, "")
    return {each.name: items_of(each, clip.frames, clip.fps) for each in network.declaration.inputs}


def networks_in(fingerprint: str) -> dict[str, str]:
    """Block → fingerprint of each network in the fingerprint of a row of features."""
    return dict(_TRAINED.findall(fingerprint))


def _load(name: str, folder: Path) -> None:
    before = _read.get(name)
    if name in BLOCKS and before is not None and before == _state(folder, name):
        return
    network = read_network(folder)
    forget_network(name)
    declaration = network.declaration
    resizes = any(each.needs_pillow for each in declaration.inputs)
    columns = tuple(
        Column(
            column,
            output.unit,
            _FLOAT_RANGE,
            output.description
            if len(output.numbers) == 1
            else f"{output.description}, number {index}",
            f"network {name}, {_POOLED[pool]}",
        )
        for column, output, index, pool in declaration.columns
    )
    # It loads pyarrow, which a run without networks may not need yet.
    from mos_assets.store.schema import FEATURE_KEY

    taken = sorted({key for key, _ in FEATURE_KEY} & {column.name for column in columns})
    if taken:
        raise NetworkError(
            f"{network.toml}: outputs: the column {taken[0]} is one of every table of features. "
            "Name it otherwise."
        )
    body = {
        "name": part_of_network(network),
        "block": name,
        "columns": columns,
        "libraries": (ONNXRUNTIME, PILLOW) if resizes else (ONNXRUNTIME,),
        "settings": network.fingerprint,
        "network": network,
        "__doc__": declaration.description,
    }
    try:
        type(f"Network{declaration.stem}", (NetworkBlock,), body)
    except TypeError as error:
        said = str(error).partition(": ")[2] or str(error)
        raise NetworkError(
            f"{network.toml}: name = {name!r}: {said}. Rename the folder and the network, or its "
            "columns."
        ) from error
    _read[name] = _state(folder, name)


def forget_network(name: str) -> None:
    """It is no block any more."""
    if isinstance(BLOCKS.get(name), NetworkBlock):
        del BLOCKS[name]
    _read.pop(name, None)


def _state(folder: Path, name: str) -> tuple[object, ...]:
    """What says that the files of a network are what they were."""
    found = loaded_network(name)
    paths = [folder / NETWORK_TOML]
    if found is not None:
        paths.append(folder / found.declaration.onnx)
    told: list[object] = [str(folder)]
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            return (folder, None)
        told += [state.st_size, state.st_mtime_ns, state.st_ino]
    return tuple(told)


def _any_of(terms: Sequence[str]) -> str:
    """Their sum, in halves of halves: ffmpeg takes a row of more than a hundred for want of
    memory (`Cannot allocate memory`)."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_any_of(terms[:half])}+{_any_of(terms[half:])})"


def _facts(probe: Probe, sha256: str) -> ClipFacts:
    """Pictures of which only a decoder can tell whether they come are not looked at."""
    sure = (probe.frames or 0) - (probe.doubtful or 0)
    return ClipFacts(max(1, sure), clock_rate(probe), probe.width, probe.height, sha256)


_POOLED = {
    "mean": "mean over what it is fed of a clip",
    "std": "population deviation over what it is fed of a clip",
    "min": "least of what it is fed of a clip",
    "max": "greatest of what it is fed of a clip",
    "last": "last of what it is fed of a clip",
}
