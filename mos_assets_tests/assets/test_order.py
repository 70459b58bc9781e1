"""What is latest is what was written last, whatever a clock said that was ahead."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mos_assets.records import OutOfFold, TrainingTable
from mos_assets.release.promotion import promote
from mos_assets.store import Database, verdict_rows
from mos_assets.store.pruning_rows import stored_candidates
from mos_assets.store.verdict_rows import Candidate, ReleaseRow, VerdictRow
from mos_assets_tests.assets.conftest import World
from mos_assets_tests.conftest import HEAD_ID, Release

AHEAD = datetime(2099, 1, 1, tzinfo=UTC)


def write(database: Database, table: TrainingTable, identity: str, when: datetime) -> None:
    """A candidate, its verdict and its release."""
    candidate = Candidate(identity, "h", when, database.folder / identity, identity * 2)
    predictions = OutOfFold((1,), np.zeros((1, len(table.clip_ids))))
    verdict_rows.write_candidate(database, candidate, table, predictions)
    verdict = VerdictRow(identity, "h", when, "c", "human", 9, "Proposed", {}, candidate.folder)
    verdict_rows.write_verdict(database, verdict)
    row = ReleaseRow(identity, "h", when, "Proposed", "human", True, f"why {identity}", None, None)
    verdict_rows.write_release(database, row)


def test_a_row_dated_ahead_is_not_the_latest(tmp_path: Path, rated: TrainingTable) -> None:
    store = Database(tmp_path)
    now = datetime.now(UTC)
    for identity, when in (("a", now), ("ahead", AHEAD), ("new", now - timedelta(days=900))):
        write(store, rated, identity, when)
    assert verdict_rows.latest_candidate(store, "h").candidate_id == "new"
    for head in ("h", None):
        verdict = verdict_rows.latest_verdict(store, head)
        assert verdict is not None
        assert verdict.candidate_id == "new"
    assert [found.candidate_id for found in stored_candidates(store)] == ["new", "ahead", "a"]
    assert [found.last_released for found in stored_candidates(store)] == [True, False, False]
    assert verdict_rows.written_before(store, "new") == {"a", "ahead"}
    # Trained again, it is the last one; its line in the history of releases is one more.
    write(store, rated, "a", now - timedelta(days=1000))
    assert verdict_rows.latest_candidate(store, "h").candidate_id == "a"
    assert verdict_rows.written_before(store, "a") == {"ahead", "new"}
    decided = store.fetch("SELECT candidate_id FROM releases ORDER BY written")
    assert decided["candidate_id"].to_pylist() == ["a", "ahead", "new", "a"]


def test_the_same_decision_again_is_no_new_line(tmp_path: Path) -> None:
    store = Database(tmp_path)
    row = ReleaseRow("a", "h", AHEAD, "Proposed", "human", True, "why", None, None)
    for when in (AHEAD, datetime(2026, 1, 1, tzinfo=UTC)):
        verdict_rows.write_release(store, replace(row, decided_at=when))
    assert store.fetch("SELECT * FROM releases").num_rows == 1


@pytest.mark.parametrize(
    ("there", "comes", "known", "released"),
    [
        (AHEAD, datetime(2026, 2, 1, tzinfo=UTC), True, True),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), True, True),
        # Of another store: only the clocks can say, unless one of them was wrong.
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), False, False),
        (AHEAD, datetime(2026, 2, 1, tzinfo=UTC), False, True),
    ],
)
def test_a_head_dated_ahead_does_not_stay_for_ever(
    release: Release, tmp_path: Path, there: datetime, comes: datetime, known: bool, released: bool
) -> None:
    first, second = (
        release.manifest.with_checksums("first"),
        release.manifest.with_checksums("second"),
    )
    promote(first, release.onnx, "first", tmp_path, there)
    in_place = re.findall(
        r'"candidate_id": ?"(\w+)"', (tmp_path / f".{HEAD_ID}.release.json").read_text()
    )
    promotion = promote(second, release.onnx, "second", tmp_path, comes, in_place if known else ())
    assert promotion.released is released


def test_a_candidate_dated_ahead_is_not_judged_in_place_of_the_new_one(tabled: World) -> None:
    assert tabled.run().success
    with tabled.database.connect() as connection:
        for table, column in (
            ("candidates", "created_at"),
            ("gate_reports", "judged_at"),
            ("releases", "decided_at"),
        ):
            connection.execute(f"UPDATE {table} SET {column} = '2099-01-01'")
    (record,) = tabled.settings.paths.model_folder.glob(".*.release.json")
    record.write_text(re.sub(r'"created_at": ?"\d{4}', '"created_at":"2099', record.read_text()))
    again = tabled.using(epochs=4)
    result = again.run()
    assert result.success
    (trained,) = (
        event.materialization.metadata["candidate"].value
        for event in result.get_asset_materialization_events()
        if event.asset_key.path == ["trained_onnx"]
    )
    verdict = verdict_rows.latest_verdict(tabled.database)
    assert verdict is not None
    assert verdict.candidate_id == trained
    assert f'"{trained}"' in record.read_text()
