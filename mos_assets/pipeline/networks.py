"""A network tried before a run: what it is fed, what it gives, and what that is for one clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, MachineError, NetworkError
from mos_assets.features import (
    ClipTask,
    frames_seen,
    load_networks,
    loaded_network,
    measure_clip,
    part_of_network,
)
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.networks import NETWORK_TOML, Network
from mos_assets.predictor.clips import look_at
from mos_assets.records import Measurement
from mos_assets.settings import Comparison, PathSettings, ReferencePolicy


@dataclass(frozen=True, slots=True)
class Tried:
    """What a network made of one clip."""

    seen: Mapping[str, tuple[tuple[int, ...], ...]]
    """Input → the frames of each of its pictures or runs."""
    figures: Mapping[str, float]
    reason: str | None
    """Why figures are missing."""


def usable_network(folder: Path) -> Network:
    """The network of a folder, as a block of this process. Raises NetworkError."""
    place = folder.absolute()
    if not place.is_dir():
        raise NetworkError(f"There is no folder {place}. Name the folder of a network.")
    load_networks([place.name], place.parent)
    network = loaded_network(place.name)
    if network is None or network.folder != place:
        raise NetworkError(
            f"{place}: no network can be called {place.name!r}. Name the folder, and the network "
            f"in its {NETWORK_TOML}, otherwise than the built-in blocks: small letters and digits, "
            "with '.', '_' and '-' between them."
        )
    return network


def try_network(network: Network, clip: Path, paths: PathSettings) -> Tried:
    """Run a usable network over one clip.

    Raises ClipError where the clip cannot be used, MachineError and ToolError.
    """
    known = look_at(clip)
    task = ClipTask(
        clip_id=clip.name,
        path=clip.absolute(),
        sha256=known.sha256,
        probe=known.probe,
        parts=frozenset({part_of_network(network)}),
        reference_path=None,
        reference_sha256=None,
        comparison=Comparison(ReferencePolicy.LOOPBACK),
    )
    seen = frames_seen(network, known.probe)
    (found,) = measure_clip(task, find_ffmpeg(paths.ffmpeg or None))
    if not isinstance(found, Measurement):
        raise MachineError(f"{clip}: {found.reason}.")
    if not found.figures:
        raise ClipError(f"{clip}: {found.reason}.")
    return Tried(seen, found.figures, found.reason)
