"""Which head scores, where none is named: the best of those that may, or a plain refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import FeatureError, ReleaseError
from mos_assets.predictor import Predictor
from mos_assets.predictor.clips import NO_REFERENCE, plan_for
from mos_assets.predictor.measurable import MeasuringPlan, measurable
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.loading import current_files
from mos_assets.release.manifest import NOT_ASKED, Manifest
from mos_assets.release.status import head_ids

_RANKED_BY = "mean_plcc"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The head that scores."""

    predictor: Predictor
    notes: tuple[str, ...]
    """What a reader should know of the choice, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    manifest: Manifest
    plan: MeasuringPlan

    @property
    def human(self) -> bool:
        return self.manifest.data.label_origin is LabelOrigin.HUMAN

    @property
    def accepted(self) -> bool:
        return self.manifest.status is Status.ACCEPTED

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        """What is held against shortcuts first, of that Accepted before Proposed, then by mean PLCC
        of the gate, then by rows."""
        gate = self.manifest.gate
        plcc = None if gate is None else gate.figures.get(_RANKED_BY)
        asked = self.manifest.beats_shortcuts is not None
        return asked, self.accepted, -1.0 if plcc is None else plcc, self.manifest.data.rows


def require_released(folder: Path, head_id: str) -> None:
    """Raise ReleaseError where no head of this id is in the folder, also a damaged one."""
    known = head_ids(folder)
    if head_id not in known:
        raise ReleaseError(
            f"No head {head_id!r} is released in {folder}. There: {', '.join(known) or 'none'}. "
            "Another folder is named with --model or MOS_MODEL_DIR."
        )


def named_head(folder: Path, head_id: str, *, with_reference: bool) -> Choice:
    """The head of this id.

    Raises ReleaseError where it is not released in the folder, or cannot be used, and FeatureError
    where its columns cannot be measured, or it needs the reference that was not given.
    """
    require_released(folder, head_id)
    predictor = Predictor(folder, head_id)
    if predictor.manifest is None:
        raise ReleaseError(f"{head_id} cannot be used: {predictor.fallback_reason}")
    plan = plan_for(predictor)
    if plan.needs_reference and not with_reference:
        raise FeatureError(f"{head_id} {NO_REFERENCE}.")
    if with_reference and not plan.needs_reference:
        return Choice(predictor, (f"{head_id} needs no reference and scores without it",))
    return Choice(predictor, ())


def choose_head(folder: Path, *, with_reference: bool) -> Choice:
    """The best head for what was given.

    With a reference an Accepted one that compares with it. Without, or where there is no such head,
    one that was trained on human ratings and needs none; Accepted ones come first, then those of a
    higher mean PLCC, then of more rows, and after all of them what was judged before anybody asked
    whether it is more than a shortcut. Never one of simulated ratings.
    Raises ReleaseError that says what would help where there is none.
    """
    candidates, notes = _candidates(folder)
    human = sorted((one for one in candidates if one.human), key=lambda one: one.rank, reverse=True)
    comparing = [one for one in human if one.plan.needs_reference and one.accepted]
    alone = [one for one in human if not one.plan.needs_reference]
    ranked = [*comparing, *alone] if with_reference else alone
    for one in ranked:
        predictor = Predictor(folder, one.manifest.id)
        if predictor.manifest is None:
            notes.append(f"{one.manifest.id} cannot be used: {predictor.fallback_reason}")
            continue
        if with_reference and not one.plan.needs_reference:
            notes.append(
                f"no Accepted head in {folder} compares with a reference; {one.manifest.id} scores "
                "without it"
            )
        if one.accepted and one.manifest.beats_shortcuts is None:
            notes.append(f"{one.manifest.id} was {NOT_ASKED}")
        return Choice(predictor, tuple(notes))
    raise ReleaseError(_refusal(folder, candidates, comparing, notes, with_reference))


def _candidates(folder: Path) -> tuple[list[_Candidate], list[str]]:
    found, notes = [], []
    for head_id in head_ids(folder):
        try:
            manifest = Manifest.read(current_files(folder, head_id).manifest)
        except ReleaseError as error:
            notes.append(f"{head_id} cannot be used: {error}")
            continue
        plan = measurable(manifest)
        if isinstance(plan, str):
            notes.append(plan)
        else:
            found.append(_Candidate(manifest, plan))
    return found, notes


def _refusal(
    folder: Path,
    candidates: Sequence[_Candidate],
    comparing: Sequence[_Candidate],
    notes: Sequence[str],
    with_reference: bool,
) -> str:
    """Why no head may score, and what would help."""
    if not candidates:
        why = "; ".join(note.rstrip(".") for note in notes[:_SHOWN])
        return (
            f"No head that can be used is released in {folder}{f' ({why})' if why else ''}. Name "
            "the folder of one with --model or MOS_MODEL_DIR."
        )
    sort = "an Accepted one" if with_reference else "one of human ratings"
    text = (
        f"No head in {folder} may score these clips {'with' if with_reference else 'without'} a "
        f"reference: {sort} is needed that can be measured here."
    )
    if comparing and not with_reference:
        names = ", ".join(one.manifest.id for one in comparing[:_SHOWN])
        text += f" Give each clip's pristine file with --reference, for {names}."
    others = ", ".join(
        f"{one.manifest.id} ({one.manifest.status}, {one.manifest.data.label_origin} ratings)"
        for one in candidates
        if one not in comparing
    )
    if others:
        text += f" Or name a head with --head, knowing what it is worth: {others}."
    return text
