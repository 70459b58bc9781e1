"""Shards enter the database once, by their bytes; results of earlier settings stay."""

from pathlib import Path

from mos_assets.features import measurement_table
from mos_assets.records import Measurement
from mos_assets.store import Database, measurement_rows


def row(content: str, mean: float, fingerprint: str = "f1") -> Measurement:
    figures = {"saliency_mean": mean, "saliency_var": 0.1}
    return Measurement(content, "saliency", fingerprint, figures=figures, reason=None)


def add(database: Database, name: str, sha256: str, *rows: Measurement) -> None:
    measurement_rows.add_shard(database, name, sha256, measurement_table(rows))


def test_a_shard_is_remembered_by_name_and_bytes(tmp_path: Path) -> None:
    database = Database(tmp_path)
    add(database, "a.parquet", "1", row("x", 0.1))
    assert measurement_rows.merged_shards(database) == {("a.parquet", "1")}
    add(database, "a.parquet", "2", row("x", 0.2))
    assert measurement_rows.merged_shards(database) == {("a.parquet", "2")}


def test_a_row_of_the_same_key_is_replaced_and_others_stay(tmp_path: Path) -> None:
    database = Database(tmp_path)
    add(database, "a.parquet", "1", row("x", 0.1), row("y", 0.3))
    add(database, "b.parquet", "2", row("x", 0.2), row("x", 0.9, "f2"))
    found = {
        (m.content, m.fingerprint): m.figures["saliency_mean"]
        for m in measurement_rows.read_measurements(database, ["f1", "f2"])
    }
    assert found == {("x", "f1"): 0.2, ("y", "f1"): 0.3, ("x", "f2"): 0.9}
