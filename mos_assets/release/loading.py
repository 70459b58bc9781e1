"""Reading a release: three files, each read once, and verified in the bytes that are handed out.

A release may change while it is read. Readers take no lock, since a model folder may be mounted
read-only: they look again where the files do not fit together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from mos_assets.errors import ReleaseError
from mos_assets.graphs.messages import GraphError
from mos_assets.io.hashing import hash_bytes
from mos_assets.io.reading import TooLargeError, read_within
from mos_assets.records import MOS_MAX, MOS_MIN
from mos_assets.release.graph import LARGEST_GRAPH_BYTES, OPSET, require_sound_graph
from mos_assets.release.manifest import Manifest, unaltered
from mos_assets.release.naming import ReleaseFiles

_RESTORE = "Restore all three files or delete them."
_LARGEST_CARD_BYTES = 16 << 20
"""A card of 848 features with its pictures has about 1 MB."""
_LARGEST_MANIFEST_BYTES = 2 << 20
"""A manifest of 848 features has about 100 kB; one of 15 MB takes 19 s to read."""
_ATTEMPTS = 8
_PAUSE_S = 0.005
"""A release passes through its commit folder in milliseconds; what stays so is broken."""


class UnreadableReleaseError(ReleaseError):
    """A file is there and the system does not hand it out: nobody knows whether it is damaged."""


@dataclass(frozen=True, slots=True)
class Release:
    """A complete release of which no byte was altered."""

    files: ReleaseFiles
    """Where it was read."""
    manifest: Manifest
    onnx: bytes
    card: bytes
    note: str | None = None
    """What is damaged beside it; None where nothing is."""


def read_current(model_folder: Path, head_id: str) -> Release:
    """The head that counts now, whole, also while another process releases one.

    Raises ReleaseError, as `read_release`, where it does not come whole in several attempts. A
    damaged commit folder does not count where a whole head is in place: the next release sets it
    aside.
    """
    place = ReleaseFiles(model_folder, head_id)
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_S)
        files = place
        try:
            files = current_files(model_folder, head_id)
            return read_release(files)
        except ReleaseError as error:
            failure = error
    if files == place or isinstance(failure, UnreadableReleaseError):
        raise failure
    try:
        return replace(read_release(place), note=f"A newer release is damaged: {failure}")
    except ReleaseError:
        raise failure from None


def read_release(files: ReleaseFiles) -> Release:
    """The release that lies in these files.

    The manifest vouches for the ONNX file, the card and itself, and the graph needs nothing but
    itself. Raises ReleaseError naming the file that is missing, or whose bytes are not those that
    were released or are no head, and UnreadableReleaseError where one cannot be read.
    """
    onnx = _bytes(files.onnx, LARGEST_GRAPH_BYTES)
    raw = _bytes(files.manifest, _LARGEST_MANIFEST_BYTES)
    card = _bytes(files.card, _LARGEST_CARD_BYTES)
    manifest = Manifest.parse(raw, files.manifest)
    if manifest.id != files.head_id or manifest.onnx != files.onnx.name:
        raise ReleaseError(f"{files.manifest} describes {manifest.onnx}, not {files.onnx.name}.")
    if not unaltered(raw):
        raise ReleaseError(
            f"{files.manifest} is not as it was released: its checksum does not fit. {_RESTORE}"
        )
    for path, content, vouched in (
        (files.onnx, onnx, manifest.sha256),
        (files.card, card, manifest.card_sha256),
    ):
        found = hash_bytes(content)
        if found != vouched:
            raise ReleaseError(
                f"{path} has sha256 {found[:12]}…, its manifest says {str(vouched)[:12]}…. "
                f"{_RESTORE}"
            )
    flaw = _flaw(manifest)
    if flaw is not None:
        raise ReleaseError(f"{files.manifest} {flaw}. {_RESTORE}")
    try:
        require_sound_graph(onnx, manifest)
    except GraphError as error:
        raise not_a_head(files, str(error)) from error
    return Release(files, manifest, onnx, card)


def _flaw(manifest: Manifest) -> str | None:
    """What a manifest says that is true of no head; None where there is nothing."""
    names = manifest.feature_order
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        return f"names the feature {twice!r} more than once"
    if manifest.mos_range != (MOS_MIN, MOS_MAX):
        return f"says that MOS run over {list(manifest.mos_range)}, not {MOS_MIN:g}..{MOS_MAX:g}"
    envelope = manifest.applicability
    if envelope is not None and envelope.feature_order != names:
        return "says where training rows lay by other features than its own"
    if manifest.opset != OPSET:
        return f"says that the operator set is {manifest.opset}, not {OPSET}"
    return None


def not_a_head(files: ReleaseFiles, why: str) -> ReleaseError:
    """What is said of a graph that is whole and cannot be used as a head."""
    return ReleaseError(
        f"{files.onnx} is no head that can be used: {why}. Train and release it again, or delete "
        "its three files."
    )


def current_files(model_folder: Path, head_id: str) -> ReleaseFiles:
    """The files of the head that counts now, without writing: an interrupted release is
    complete in its commit folder until somebody finishes the move."""
    files = ReleaseFiles(model_folder, head_id)
    pending = ReleaseFiles(commit_folder(files), head_id)
    return pending if all(_is_file(path) for path in pending.all) else files


def commit_folder(files: ReleaseFiles) -> Path:
    """Where a release lies from the moment that it counts until it is in place."""
    return files.folder / f".{files.head_id}.commit"


def _bytes(path: Path, limit: int) -> bytes:
    # Only a file is opened: a pipe of that name would never end.
    if not _is_file(path):
        raise ReleaseError(f"{path} is missing. {_RESTORE}")
    try:
        return read_within(path, limit)
    except FileNotFoundError as error:
        raise ReleaseError(f"{path} is missing. {_RESTORE}") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except TooLargeError as error:
        raise ReleaseError(f"{path} {error}, as no head has. {_RESTORE}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UnreadableReleaseError:
    return UnreadableReleaseError(
        f"{path} cannot be read ({error.strerror}). Make it readable for this user."
    )
