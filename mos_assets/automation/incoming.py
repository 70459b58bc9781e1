"""The sensor of MOS_INCOMING. It looks, asks `decide_scoring`, and returns."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg

from mos_assets.assets.naming import Naming
from mos_assets.automation.arrivals import Arrivals, ArrivalState, decide_scoring, is_settled
from mos_assets.automation.decisions import night_of
from mos_assets.automation.jobs import CAUSE_TAG, SCORE_INCOMING
from mos_assets.automation.retrains import IN_FLIGHT
from mos_assets.automation.sensors import QUIET_SHARE
from mos_assets.corpora.request import ClipDir
from mos_assets.errors import MosAssetsError
from mos_assets.io.hashing import hash_text
from mos_assets.settings import PathSettings, Settings
from mos_assets.watching import Catalogue

NAME = "incoming_sensor"
_AGAIN = "again "
"""How the key begins that stands for all that was looked at and has no score."""


def incoming_sensor(
    settings: Settings, job: dg.UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """The sensor under these settings."""
    paths, naming = settings.paths, Naming(settings.project)
    name = naming.of(NAME)

    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=settings.service.tick_s,
        default_status=dg.DefaultSensorStatus.RUNNING
        if settings.service.automation
        else dg.DefaultSensorStatus.STOPPED,
        description="Clips came into MOS_INCOMING, or another head was released: score those "
        "without a score, once each has lain still for two looks.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not paths.incoming:
            return dg.SkipReason("MOS_INCOMING is not set")
        state = ArrivalState.from_cursor(context.cursor, time.time())
        try:
            state, seen = look(paths, state, time.time())
        except (MosAssetsError, OSError, sqlite3.Error) as error:
            return dg.SkipReason(f"could not look: {error}")
        if state.no_head:
            return dg.SensorResult(skip_reason=state.no_head, cursor=state.to_cursor())
        done = decide_scoring(
            state,
            seen,
            _in_flight(context.instance, naming),
            time.time(),
            QUIET_SHARE * settings.service.tick_s,
        )
        cursor = done.state.to_cursor()
        if not done.launches:
            return dg.SensorResult(skip_reason=done.reason, cursor=cursor)
        key = f"{name}:{done.state.born}:{done.state.launches}"
        request = dg.RunRequest(run_key=key, tags={CAUSE_TAG: f"{name}: {done.reason}"})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return tick


def look(paths: PathSettings, state: ArrivalState, now: float) -> tuple[ArrivalState, Arrivals]:
    """What there is to score, and the state with the head that would.

    Files are listed only where something moved since the last look, or something is waiting.
    Raises CorpusError where a folder is not there, and OSError where it cannot be read.
    """
    # It loads what measures clips, which a service without MOS_INCOMING need not.
    from mos_assets.scoring.arrivals import SCORES_FILE, lying_in, references_of, told_scores

    folder = paths.incoming_folder
    if folder is None:
        raise ValueError("nobody looks where no folder is set")
    state = _with_head(paths, state)
    references = references_of(paths)
    beside = _seen(paths, paths.references_folder, state, now)
    scores = _stamp(paths.store_folder / SCORES_FILE)
    if not state.references or (state.launched_at and state.launched_at != scores):
        state = replace(state, references=state.launched_with or beside)
    signature = (_seen(paths, folder, state, now), beside, scores, str(state.candidate))
    seen = hash_text("\n".join(signature))
    if seen == state.seen and is_settled(state):
        watched = frozenset(state.watched)
        again = next((key for key in watched if key.startswith(_AGAIN)), "")
        return state, Arrivals(watched - {again}, scores, again, beside)
    told = told_scores(paths.store_folder)
    waiting: list[tuple[str | int | None, ...]] = []
    unscored = False
    for one in lying_in(folder, references):
        known = told.get(one.clip)
        if known is None or (known.size_bytes, known.mtime_ns) != (one.size_bytes, one.mtime_ns):
            waiting.append((one.clip, one.size_bytes, one.mtime_ns, one.ctime_ns))
        elif known.again:
            unscored = True
        elif known.candidate_id != state.candidate:
            waiting.append((one.clip, one.size_bytes, one.mtime_ns, state.candidate))
    keys = frozenset(hash_text(repr(one))[:16] for one in waiting)
    others = unscored or (bool(told) and beside != state.references)
    again = f"{_AGAIN}{hash_text(f'{beside} {state.candidate}')[:16]}" if others else ""
    state = replace(state, night=night_of(now), seen=seen)
    return state, Arrivals(keys, scores, again, beside)


def _with_head(paths: PathSettings, state: ArrivalState) -> ArrivalState:
    """Which head scores, asked anew only where the model folder has changed."""
    from mos_assets.pipeline.incoming_scores import released_head

    folder = paths.model_folder
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    told = [f"{path.name} {_stamp(path)}" for path in names]
    heads = hash_text("\n".join([str(folder), paths.incoming_head, *told]))
    if heads == state.heads:
        return state
    try:
        found = released_head(paths)
    except MosAssetsError as error:
        return replace(state, heads=heads, candidate=None, no_head=str(error))
    return replace(state, heads=heads, candidate=found.candidate_id, no_head="")


def _seen(paths: PathSettings, folder: Path | None, state: ArrivalState, now: float) -> str:
    """Moves with the video files in a folder."""
    if folder is None or not folder.is_dir():
        return "none"
    view = Catalogue(paths.store_folder).view(
        [ClipDir(folder, recursive=True)],
        paths.store_folder,
        every_file=not is_settled(state) or state.night != night_of(now),
        turn=state.turn,
    )
    return f"{view.digest} {view.lies}"


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except FileNotFoundError:
        return "none"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _in_flight(instance: dg.DagsterInstance, naming: Naming) -> bool:
    wanted = dg.RunsFilter(job_name=naming.of(SCORE_INCOMING), statuses=IN_FLIGHT)
    return bool(instance.get_runs(wanted, limit=1))
