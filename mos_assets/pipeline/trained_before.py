"""The candidate that was trained before of exactly the same, where all of it is still there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mos_assets.errors import ReleaseError
from mos_assets.io.digest import digest_of
from mos_assets.io.hashing import hash_bytes
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.unchanged import remember, say_again
from mos_assets.release.candidate import candidate_files, candidate_id, read_candidate
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.settings import PathSettings
from mos_assets.store import Database, result_rows, verdict_rows

TRAINED = "trained_onnx"


@dataclass(frozen=True, slots=True)
class Kept:
    """A candidate as training wrote it, every byte and every row of it."""

    candidate: str
    manifest: Manifest
    files: ReleaseFiles


def trained_before(
    database: Database, paths: PathSettings, head: str, inputs: str, log: Log
) -> Kept | None:
    """The candidate of this head that was trained of these inputs, now the one written last.

    None where there is none, or where a byte of its files or a row of it in the store is not as
    training left it; `log` is told of that.
    """
    known = result_rows.find_result(database, TRAINED, inputs, head)
    if known is None:
        return None
    candidate = verdict_rows.find_candidate(database, known.candidate_id)
    files = candidate_files(paths.store_folder, head, known.candidate_id)
    why, manifest = f"candidate {known.candidate_id} is not in the store any more.", None
    try:
        manifest, onnx = read_candidate(files)
    except ReleaseError as error:
        why = str(error)
    if candidate is None or manifest is None:
        say_again(log, TRAINED, why)
        return None
    strays = sorted(path.name for path in files.folder.iterdir() if path not in files.all)
    if (
        strays
        or candidate_id(manifest) != known.candidate_id
        or _outcome(database, manifest, onnx, known.candidate_id) != known.outcome
    ):
        say_again(
            log,
            TRAINED,
            f"candidate {known.candidate_id} is not as it was left: a file in {files.folder}, or "
            "its rows in the store, were altered since.",
        )
        return None
    # As training would: what is judged and released next is the candidate written last.
    verdict_rows.write_again(database, replace(candidate, created_at=verdict_rows.now()))
    log.info(
        f"nothing that {head} is made of has changed since candidate {known.candidate_id} was "
        "trained, so it is not trained again; MOS_RETRAIN=true does so all the same"
    )
    return Kept(known.candidate_id, manifest, files)


def remember_trained(database: Database, files: ReleaseFiles, identity: str, inputs: str) -> None:
    """Note that this candidate is whole. Called last, and only of one that passed its checks."""
    manifest, onnx = read_candidate(files)
    outcome = _outcome(database, manifest, onnx, identity)
    remember(database, TRAINED, identity, inputs, outcome)


def _outcome(database: Database, manifest: Manifest, onnx: bytes, identity: str) -> str:
    """Digest of all that training wrote of a candidate; its verdict may have come since."""
    return digest_of(
        hash_bytes(onnx),
        manifest.as_trained().to_json(),
        [digest_of(rows) for rows in verdict_rows.candidate_contents(database, identity)],
    )
