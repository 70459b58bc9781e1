"""A store that the last commit of schema 4 wrote goes on: nothing in it is lost or done again.

`make_store_4.py` says what is in it.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from mos_assets.features import read_shard
from mos_assets.features.shards import has_checksum
from mos_assets.pipeline.measure import fingerprints, plan_tasks
from mos_assets.release.status import released_heads
from mos_assets.store import verdict_rows
from mos_assets.store.schema import FIXED_COLUMNS
from mos_assets_tests.assets.conftest import World, make_world

HEAD = "tabled_mos_head_v1_own"
KEPT = (
    "fold_groups",
    "candidates",
    "predictions",
    "feature_losses",
    "gate_reports",
    "releases",
    "clip_measurements",
    "encoder_slots",
)
FIGURES = ("mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread")
"""Columns of `gate_reports` in version 4, rows of `gate_figures` since."""


@pytest.fixture
def old(tmp_path: Path) -> World:
    with tarfile.open(Path(__file__).with_name("store_4.tar.xz")) as tar:
        tar.extractall(tmp_path, filter="data")
    return make_world(tmp_path, "tabled", features="own", epochs=3)


def columns_of(path: Path) -> dict[str, str]:
    """The columns of the tables that nobody may lose; a later version adds some."""
    with duckdb.connect(str(path), read_only=True) as plain:
        return {
            name: ", ".join(c for c in plain.table(name).columns if c not in (*FIGURES, "written"))
            for name in KEPT
        }


def rows(path: Path, columns: dict[str, str] | None = None) -> dict[str, set[tuple[object, ...]]]:
    """What a plain DuckDB reads of these tables, all columns of the file or some."""
    columns = columns_of(path) if columns is None else columns
    with duckdb.connect(str(path), read_only=True) as plain:
        found = {
            name: {
                tuple(map(str, row))
                for row in plain.execute(f"SELECT {columns[name]} FROM {name}").fetchall()
            }
            for name in KEPT
        }
        tables = {
            name for (name,) in plain.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        figures = (
            "gate_figures"
            if "gate_figures" in tables
            else f"(UNPIVOT gate_reports ON {', '.join(FIGURES)} INTO NAME name VALUE value)"
        )
        told = f"SELECT candidate_id, name, value FROM {figures} WHERE value IS NOT NULL"
        found["gate_figures"] = {tuple(map(str, row)) for row in plain.execute(told).fetchall()}
        return found


def test_the_graph_goes_on_and_nothing_is_lost(old: World) -> None:
    database = old.database
    columns = columns_of(database.path)
    before = rows(database.path)
    newest = verdict_rows.latest_candidate(database, HEAD)
    assert rows(database.path) == before
    (head,) = released_heads(old.settings.paths.model_folder)
    assert head.candidate_id == newest.candidate_id
    verdict = verdict_rows.latest_verdict(database, HEAD)
    assert verdict is not None
    assert verdict.candidate_id == newest.candidate_id
    assert old.using(epochs=2).run().success
    after = rows(database.path, columns)
    for name in KEPT:
        assert before[name] <= after[name] or name in ("candidates", "gate_reports"), name
    # The first of the two was trained again, so that it is the last now.
    again = verdict_rows.latest_candidate(database, HEAD).candidate_id
    assert {row[0] for row in after["candidates"]} >= {row[0] for row in before["candidates"]}
    (head,) = released_heads(old.settings.paths.model_folder)
    assert head.candidate_id == again


def test_what_was_measured_is_not_measured_again(old: World) -> None:
    """Neither what the database holds, nor what the journal of a killed run does."""
    world = old.using(corpus="filmed", features="canonical-6+saliency")
    database = world.database
    columns = columns_of(database.path)
    before = rows(database.path)["clip_measurements"]
    assert world.run("raw_corpus", "clip_measurements").success
    after = rows(database.path, columns)["clip_measurements"]
    assert before < after
    stored = {(row[0], row[1], row[2]) for row in before}
    late = {row for row in after - before if (row[0], row[1], row[2]) not in stored}
    today = set(fingerprints(world.settings.run, world.settings.paths).values())
    # The clip of the journal; more only where this version measures in another way.
    if today <= {row[2] for row in before}:
        assert len({row[0] for row in late}) == 1
        assert len(after) == len(before) + 2
    assert plan_tasks(world.settings.run, world.settings.paths, database) == ()
    shards = list((world.settings.paths.store_folder / "shards").glob("*.parquet"))
    assert all(has_checksum(path.read_bytes()) for path in shards)
    assert sum(len(read_shard(path)) for path in shards) == len(after)


def test_a_flipped_bit_in_a_shard_is_named_and_redone(old: World) -> None:
    """From the database where it has the rows, else by measuring again, in the same run."""
    world = old.using(corpus="filmed", features="saliency")
    folder = world.settings.paths.store_folder / "shards"
    assert world.run("raw_corpus", "clip_measurements").success
    today = set(fingerprints(world.settings.run, world.settings.paths).values())
    good = rows(world.database.path)["clip_measurements"]
    for lost in (False, True):
        if lost:
            world.database.path.unlink()
        path = next(
            path
            for path in sorted(folder.glob("*.parquet"))
            if any(row.fingerprint in today for row in read_shard(path))
        )
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
        result = world.run("raw_corpus", "clip_measurements")
        assert result.success
        assert rows(world.database.path)["clip_measurements"] >= {
            row for row in good if not lost or row[2] in today
        }
        (event,) = (
            event
            for event in result.get_asset_materialization_events()
            if event.asset_key == dg.AssetKey("clip_measurements")
        )
        measured = event.materialization.metadata["clips_measured_in_this_run"].value
        assert bool(measured) == lost
        assert list(folder.glob(f".{path.name}.*.damaged"))
        held = {(m.content, m.part) for p in folder.glob("*.parquet") for m in read_shard(p)}
        assert {(row[0], row[1]) for row in rows(world.database.path)["clip_measurements"]} == held


def test_every_table_has_its_columns(old: World) -> None:
    for name, schema in FIXED_COLUMNS.items():
        found = old.database.fetch(f"SELECT * FROM {name} LIMIT 0").column_names
        assert set(schema.names) <= set(found), name
