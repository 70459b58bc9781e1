"""The release folder: which candidate may replace which head, and how three files change as one.

A release is written as a redo log. The three files are written to a staging folder, which is
renamed to `.<id>.commit`: that rename is the moment of release. Then they are moved into
place. Whoever finds a commit folder finishes the move, so a machine that dies in between
leaves either the old head or the new one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ReleaseError
from mos_assets.media.probe import hash_file
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.settings import KONVID_CORPORA


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a candidate."""

    released: bool
    reason: str


def rank(manifest: Manifest) -> int:
    """Accepted, then Proposed on human labels, then Proposed on simulated labels."""
    if manifest.status is Status.ACCEPTED:
        return 2
    return 1 if manifest.data.label_origin is LabelOrigin.HUMAN else 0


def promote(manifest: Manifest, onnx: bytes, card: str, model_folder: Path) -> Promotion:
    """Release these three files unless the head in place ranks higher.

    Raises ReleaseError where the head in place is damaged: what it ranks cannot be known.
    """
    files = ReleaseFiles(model_folder, manifest.id)
    with _locked(files):
        finish_interrupted_release(files)
        if any(path.exists() for path in files.all):
            current = read_release(files)
            _same_head(current, manifest)
            if rank(current) > rank(manifest):
                return Promotion(
                    False,
                    f"{manifest.id} in {model_folder.name}/ stays: it is {_describe(current)}, "
                    f"the candidate is {_describe(manifest)}.",
                )
        staging = model_folder / f".{manifest.id}.staging"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        staged = ReleaseFiles(staging, manifest.id)
        for path, content in zip(
            staged.all, (onnx, manifest.to_json().encode(), card.encode()), strict=True
        ):
            _write_durably(path, content)
        read_release(staged)
        _sync_folder(staging)
        staging.rename(_commit_folder(files))
        _sync_folder(model_folder)
        finish_interrupted_release(files)
    return Promotion(True, f"{manifest.id} is released as {_describe(manifest)}.")


def read_release(files: ReleaseFiles) -> Manifest:
    """The manifest of a complete, unaltered release.

    Raises ReleaseError naming the file that is missing, or whose bytes are not those that
    the manifest vouches for.
    """
    for path in files.all:
        if not path.is_file():
            raise ReleaseError(f"{path} is missing; restore all three files or delete them.")
    manifest = Manifest.read(files.manifest)
    if manifest.id != files.head_id or manifest.onnx != files.onnx.name:
        raise ReleaseError(f"{files.manifest} describes {manifest.onnx}, not {files.onnx.name}.")
    found = hash_file(files.onnx)
    if found != manifest.sha256:
        raise ReleaseError(
            f"{files.onnx} has sha256 {found[:12]}…, its manifest says {manifest.sha256[:12]}…; "
            "restore all three files or delete them."
        )
    return manifest


def current_files(model_folder: Path, head_id: str) -> ReleaseFiles:
    """The files of the head that counts now, without writing: an interrupted release is
    complete in its commit folder until somebody finishes the move."""
    files = ReleaseFiles(model_folder, head_id)
    pending = ReleaseFiles(_commit_folder(files), head_id)
    return pending if all(path.is_file() for path in pending.all) else files


def finish_interrupted_release(files: ReleaseFiles) -> None:
    """Move what a commit folder still holds into place. The caller holds the lock."""
    commit = _commit_folder(files)
    if not commit.is_dir():
        return
    for staged, path in zip(ReleaseFiles(commit, files.head_id).all, files.all, strict=True):
        if not staged.exists():
            continue
        # A copy keeps the commit folder complete for readers until all three are in place.
        arriving = path.with_name(f".{path.name}.part")
        _write_durably(arriving, staged.read_bytes())
        arriving.replace(path)
    _sync_folder(files.folder)
    retired = commit.with_name(f".{files.head_id}.staging")
    shutil.rmtree(retired, ignore_errors=True)
    commit.rename(retired)
    shutil.rmtree(retired)


def _same_head(current: Manifest, manifest: Manifest) -> None:
    """Ids are made of names that may hold any separator: two heads can come out with one id."""
    ours, theirs = (
        (
            {corpus.name for corpus in found.data.corpora} - KONVID_CORPORA,
            found.data.features.split("+"),
        )
        for found in (manifest, current)
    )
    if ours != theirs:
        raise ReleaseError(
            f"{manifest.id} in place was trained on {_inputs(current)}, this candidate on "
            f"{_inputs(manifest)}: two heads have one id. Rename the corpus or the feature table, "
            "or set MOS_MODEL_DIR."
        )


def _inputs(manifest: Manifest) -> str:
    corpora = ", ".join(corpus.name for corpus in manifest.data.corpora)
    return f"{corpora} with {manifest.data.features}"


def _commit_folder(files: ReleaseFiles) -> Path:
    return files.folder / f".{files.head_id}.commit"


def _describe(manifest: Manifest) -> str:
    return f"{manifest.status} on {manifest.data.label_origin} labels"


@contextmanager
def _locked(files: ReleaseFiles) -> Iterator[None]:
    files.folder.mkdir(parents=True, exist_ok=True)
    with (files.folder / f".{files.head_id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
