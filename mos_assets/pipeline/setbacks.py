"""Measurements that the machine failed at: what waits for another try, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mos_assets.records import NotedSetback, Setback
from mos_assets.store import Database, setback_rows


def setbacks_told(waiting: Sequence[NotedSetback]) -> str:
    """How many wait, the first of them, and what to do, in one sentence or two."""
    given_up = sum(noted.given_up for noted in waiting)
    clips = len({noted.clip_id for noted in waiting})
    first = waiting[0]
    told = (
        f"{clips} clips could not be measured, since the machine failed ({first.clip_id}: "
        f"{first.setback.reason}). The next run tries them again"
    )
    if not given_up:
        return f"{told}."
    return (
        f"{told}, save {given_up} measurements that are given up for now after as many runs as "
        f"are tried; mend the machine and run `mos retry`, which lets them be tried again."
    )


def waiting_for(database: Database, fingerprints: Iterable[str]) -> dict[tuple[str, str], Setback]:
    """(content, part) of what waits for a measurement → why, as a row without figures says it."""
    return {
        (noted.setback.content, noted.setback.part): replace(
            noted.setback,
            reason=f"not measured yet: the machine failed, not the clip ({noted.setback.reason}; "
            f"{noted.attempts} runs, {'given up for now' if noted.given_up else 'tried again'})",
        )
        for noted in setback_rows.read_setbacks(database, fingerprints)
    }
