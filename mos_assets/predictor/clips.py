"""From a clip on disk to its score by a head: what is measured in it, and what that comes to.

`Predictor.predict_clip` does all of it for one clip. Whoever scores many takes the steps one by
one, so that measurements can be kept and shared: `clip_task`, `measure_clip`, `score_measured`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError, FeatureError, MachineError, ReleaseError
from mos_assets.features import (
    ClipTask,
    Columns,
    Found,
    measure_clip,
    picture_extractors,
    require_same_content,
)
from mos_assets.io.hashing import hash_file
from mos_assets.io.reading import NotAFileError, require_plain
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.predictor.codec_rule import ENCODER_OF_DECODER
from mos_assets.predictor.measurable import MeasuringPlan, measurable
from mos_assets.predictor.results import ClipPrediction, Measured, MosPrediction
from mos_assets.records import Probe, Setback

if TYPE_CHECKING:
    from mos_assets.predictor.predictor import Predictor

NO_REFERENCE = (
    "compares each clip with the pristine file that it was made from, and none is given. Give it "
    "(--reference; reference= in Python), or use a head that needs none"
)
"""What is said of such a head, after its id."""
UNKNOWN_ENCODER = "ugc-mixed"
"""What a clip whose encoder has no curve is called; a head does not need the name."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A clip or a reference, looked at: what its packets say, and the hash of its bytes."""

    path: Path
    probe: Probe
    sha256: str


def look_at(path: Path, what: str = "") -> KnownFile:
    """Probe and hash one file; `what` stands before its name in messages.

    Raises ClipError where it is not there, no file, or holds no video that can be measured, and
    MachineError where the system does not hand it out.
    """
    named = f"{what} {path}".strip()
    try:
        require_plain(path)
        if not path.exists():
            raise ClipError(f"{named}: there is no such file")
        return KnownFile(path, probe(path), hash_file(path))
    except NotAFileError as error:
        raise ClipError(f"{named}: it {error.strerror}") from error
    except OSError as error:
        why = error.strerror or error
        raise MachineError(f"{named}: it cannot be read ({why})") from error
    except ClipError as error:
        text = str(error)
        raise ClipError(text if text.startswith(named) else f"{named}: {text}") from error


def plan_for(predictor: Predictor) -> MeasuringPlan:
    """How clips are measured for this predictor's head.

    Raises FeatureError where they cannot be, and ReleaseError where it has no head.
    """
    plan = measurable(predictor.require_manifest())
    if isinstance(plan, str):
        raise FeatureError(f"{plan}.")
    return plan


def clip_task(clip: KnownFile, reference: KnownFile | None, plan: MeasuringPlan) -> ClipTask:
    """What is to be measured in a clip; its reference, where the plan needs it, is there."""
    if plan.needs_reference and reference is None:
        raise ValueError(f"{clip.path} comes without its reference")
    beside = reference if plan.needs_reference else None
    return ClipTask(
        clip_id=clip.path.name,
        path=clip.path.absolute(),
        sha256=clip.sha256,
        probe=clip.probe,
        parts=plan.parts,
        comparison=plan.comparison,
        reference_path=None if beside is None else beside.path.absolute(),
        reference_sha256=None if beside is None else beside.sha256,
    )


def score_measured(
    predictor: Predictor,
    plan: MeasuringPlan,
    clip: KnownFile,
    reference: Path | None,
    found: Sequence[Found],
) -> ClipPrediction:
    """What the head answers to a clip's measurements, taken against this reference.

    Raises ClipError where a feature cannot be had from the clip or its pair of files, and
    MachineError where the machine failed over it.
    """
    setback = next((each for each in found if isinstance(each, Setback)), None)
    if setback is not None:
        raise MachineError(f"{clip.path}: {setback.reason}. Try it again when that is mended")
    known = picture_extractors()
    columns = [known[each.part].columns_of(each.figures, each.reason) for each in found]
    columns += [extractor.read(clip.probe) for extractor in plan.headers]
    features: dict[str, float | None] = {
        name: value for each in columns for name, value in each.figures.items()
    }
    lacking = [name for name in plan.feature_order if name not in features]
    manifest = predictor.require_manifest()
    if lacking and manifest.missing_value is None:
        raise ClipError(_lacking(clip.path, reference, lacking[0], columns))
    asked = {name: features.get(name) for name in plan.feature_order}
    encoder = ENCODER_OF_DECODER.get(clip.probe.codec, UNKNOWN_ENCODER)
    prediction = predictor.predict_mos(asked, encoder)
    origin = plan.origin({each.part: each.fingerprint for each in found})
    notes = [prediction.reason]
    if origin.note is not None:
        notes.append(origin.note)
    if lacking:
        notes.append(f"filled in by the head: {', '.join(lacking)} ({_reasons(columns)})")
    interval = prediction.interval if origin.comparable else None
    return ClipPrediction(
        clip=str(clip.path),
        mos=prediction.mos,
        interval=interval,
        level=None if interval is None or manifest.interval is None else manifest.interval.level,
        head_id=prediction.head_id,
        status=prediction.status,
        source=prediction.source,
        reference=None if reference is None else str(reference),
        comparable=origin.comparable,
        declared=origin.declared,
        reason="; ".join(notes),
        applicability=prediction.applicability,
        measured=Measured(asked, encoder, clip.probe.bit_rate),
    )


def not_a_pair(clip: Path, reference: Path | None, why: str) -> str:
    """What is said of a clip that cannot be measured, against its reference where it has one."""
    if reference is None or "reference" not in why:
        return f"{clip}: {why}"
    return (
        f"{clip}: {why} (reference {reference}). Give the file that this clip was made from, cut "
        "to the same pictures"
    )


def score_by_rule(predictor: Predictor, clip: KnownFile) -> ClipPrediction:
    """What the codec rule says of a clip. Raises ClipError where the rule needs what it lacks."""
    if clip.probe.bit_rate is None:
        raise ClipError(
            f"{clip.path}: its container states no bit rate, which the codec rule needs"
        )
    encoder = ENCODER_OF_DECODER.get(clip.probe.codec)
    if encoder is None:
        raise ClipError(
            f"{clip.path}: the codec rule knows nothing of {clip.probe.codec}; it knows "
            f"{', '.join(ENCODER_OF_DECODER)}"
        )
    said = predictor.predict_mos({"probe_bitrate_kbps": clip.probe.bit_rate / 1000}, encoder)
    return _by_rule(clip, said)


def score_clip(
    predictor: Predictor, path: Path, reference: Path | None, ffmpeg: str
) -> ClipPrediction:
    """One clip from file to score; see `Predictor.predict_clip`."""
    if predictor.manifest is None:
        if reference is not None:
            raise ReleaseError(
                f"{path}: no head compares it with its reference. {predictor.fallback_reason} "
                "`mos status` lists the heads of a folder."
            )
        return score_by_rule(predictor, look_at(path))
    plan = plan_for(predictor)
    if plan.needs_reference and reference is None:
        raise FeatureError(f"{path}: {predictor.head_id} {NO_REFERENCE}.")
    used = reference if plan.needs_reference else None
    beside = None if used is None else look_at(used, "reference")
    clip = look_at(path)
    task = clip_task(clip, beside, plan)
    found: Sequence[Found] = ()
    if task.parts:
        program = find_ffmpeg(ffmpeg or None)
        try:
            require_same_content(task, program)
        except ClipError as error:
            raise ClipError(not_a_pair(path, used, str(error))) from error
        found = measure_clip(task, program)
    return score_measured(predictor, plan, clip, used, found)


def _by_rule(clip: KnownFile, said: MosPrediction) -> ClipPrediction:
    return ClipPrediction(
        clip=str(clip.path),
        mos=said.mos,
        interval=None,
        level=None,
        head_id=None,
        status=None,
        source=said.source,
        reference=None,
        comparable=False,
        reason=said.reason,
    )


def _lacking(path: Path, reference: Path | None, name: str, columns: Sequence[Columns]) -> str:
    return not_a_pair(path, reference, f"{name} cannot be had: {_reasons(columns)}")


def _reasons(columns: Sequence[Columns]) -> str:
    return "; ".join(dict.fromkeys(each.reason for each in columns if each.reason is not None))
