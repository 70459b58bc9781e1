"""The graph over a store in a bucket: what a folder would hold, for whoever comes next."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets.objects import Location
from mos_assets.store import Database
from mos_assets.store.opening import refresh
from mos_assets_tests.assets.conftest import UNTIL_TRAINED, World

TABLES = ("raw_corpus", "extracted_features", "folds", "predictions", "candidates")
OWN = frozenset({"ingested_at", "created_at"})
"""What each run has of its own."""


def rows(database: Database, table: str) -> list[dict[str, object]]:
    found = database.fetch(f"SELECT * FROM {table} ORDER BY ALL")
    return list(
        found.drop_columns([name for name in found.column_names if name in OWN]).to_pylist()
    )


def candidates(store: Path) -> dict[str, bytes]:
    files = store.glob("candidates/*/*/*")
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}


def test_a_run_leaves_in_a_bucket_what_it_would_leave_in_a_folder(
    tabled: World, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tabled.run_until("trained_onnx")
    assert folder.success
    url = f"{bucket}/store"
    shared = tabled.using(store=url, work=str(tabled.root / "work"))
    assert shared.run(*UNTIL_TRAINED, "gate_report").success
    elsewhere = tabled.using(store=url, work=str(tabled.root / "elsewhere"))
    refresh(elsewhere.settings.paths.store_place)
    for table in TABLES:
        assert rows(elsewhere.database, table) == rows(tabled.database, table)
    trained = candidates(tabled.settings.paths.store_folder)
    assert len(trained) == 2
    assert candidates(elsewhere.settings.paths.store_folder) == trained
    names = {one.name.rpartition("/")[2] for one in Location(url).listed()}
    assert {"store.json", "gate_report.html", "gate_report.json"} <= names
    assert not any(name.startswith(".") for name in names)

    monkeypatch.setenv("MOS_STORE", url)
    monkeypatch.setenv("MOS_WORK", str(tabled.root / "third"))
    monkeypatch.setenv("MOS_MODEL_DIR", str(tabled.root / "model"))
    told = CliRunner().invoke(main, ["report"])
    assert told.exit_code == 0, told.output
    assert "corpus" in told.output
    assert str(tabled.root / "third") in told.output
