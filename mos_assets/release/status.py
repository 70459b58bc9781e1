"""What stands in a release folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mos_assets.errors import ReleaseError
from mos_assets.evaluation import GATE
from mos_assets.records import Status
from mos_assets.release.manifest import NOT_ASKED, Manifest
from mos_assets.release.record import read_record, released_candidate
from mos_assets.release.session import open_head

BROKEN = "Broken"


@dataclass(frozen=True, slots=True)
class ReleasedHead:
    """One head in the folder."""

    head_id: str
    state: str
    """`Accepted`, `Proposed` or `Broken`."""
    detail: str
    """Its figures, or what is broken."""
    why: tuple[str, ...] = ()
    """Why it has this status, in sentences."""
    candidate_id: str | None = None
    since: datetime | None = None
    """When it was released in this folder; None where the files came from elsewhere."""

    @property
    def exit_code(self) -> int:
        """0 Accepted, 2 Proposed, 1 broken."""
        return {str(Status.ACCEPTED): 0, str(Status.PROPOSED): 2}.get(self.state, 1)


def released_heads(model_folder: Path, head_id: str | None = None) -> tuple[ReleasedHead, ...]:
    """Every head in the folder, or the one of this id, by id; damaged ones, and those
    that do not answer as a head does, are named as such."""
    ids = [head_id] if head_id else head_ids(model_folder)
    return tuple(_read(model_folder, name) for name in ids)


def head_ids(model_folder: Path) -> list[str]:
    """What any file of a release names, also where the others are gone or not in place yet."""
    return sorted(
        {
            path.name.removeprefix(start).removesuffix(end)
            for start, end in (("", ".onnx"), ("", ".json"), ("", "_card.md"), (".", ".commit"))
            for path in model_folder.glob(f"{start}[!.]*{end}")
        }
    )


def _read(model_folder: Path, head_id: str) -> ReleasedHead:
    try:
        release = open_head(model_folder, head_id).release
    except ReleaseError as error:
        return ReleasedHead(head_id, BROKEN, str(error))
    files, manifest = release.files, release.manifest
    notes = [release.note] if release.note else []
    try:
        record = read_record(files, manifest)
        candidate = released_candidate(files, manifest)
    except ReleaseError as error:
        record, candidate = None, None
        notes.append(str(error))
    return ReleasedHead(
        head_id,
        str(manifest.status),
        _figures(manifest),
        why=(*_why(manifest), *notes),
        candidate_id=candidate,
        since=record.released_at if record else None,
    )


def _why(manifest: Manifest) -> tuple[str, ...]:
    if manifest.gate is None:
        return ("It was never judged.",)
    unasked = (f"It was {NOT_ASKED}: train it again.",) if manifest.beats_shortcuts is None else ()
    met = ("Every figure of the gate is met on human labels.",)
    return (*(manifest.gate.reasons or met), *unasked)


def _figures(manifest: Manifest) -> str:
    gate = manifest.gate
    rows = f"{manifest.data.rows} {manifest.data.label_origin} labels"
    if gate is None or None in gate.figures.values():
        return f"no figures, {rows}"
    known = {row.name: row for row in GATE.criteria}
    told = [
        f"{known[term.name].brief} {gate.figures[term.name]:.{known[term.name].places}f}"
        # A head that another version released may have been judged by a figure more.
        if term.name in known
        else f"{term.name} {gate.figures[term.name]:.4f}"
        for term in gate.thresholds
    ]
    return f"{', '.join(told)}, {rows}"
