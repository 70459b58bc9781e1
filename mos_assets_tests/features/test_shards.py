"""Shards are whole or absent, and the same measurements are the same bytes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mos_assets.errors import StoreError
from mos_assets.features import (
    Journal,
    measurement_table,
    read_shard,
    recover_journals,
    write_shard,
)
from mos_assets.features.entries import read_entry
from mos_assets.features.shards import DamagedShardError
from mos_assets.features.unchecked import inspected
from mos_assets.records import Measurement

ROWS = (
    Measurement("b" * 64, "saliency", "s-1", {"saliency_mean": 0.25, "saliency_var": 1e-3}, None),
    Measurement("a" * 64, "libvmaf", "l-1", {}, "the file is empty"),
    Measurement("a" * 64, "saliency", "s-1", {"saliency_mean": 1 / 3, "saliency_var": 0.0}, None),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_shard(tmp_path / "new" / "0.parquet", ROWS)
    assert read_shard(tmp_path / "new" / "0.parquet") == tuple(
        sorted(ROWS, key=lambda row: (row.content, row.part))
    )


def test_the_order_of_rows_does_not_change_the_bytes(tmp_path: Path) -> None:
    write_shard(tmp_path / "0.parquet", ROWS)
    write_shard(tmp_path / "1.parquet", ROWS[::-1])
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


def test_an_empty_shard_keeps_its_columns(tmp_path: Path) -> None:
    write_shard(tmp_path / "0.parquet", ())
    assert read_shard(tmp_path / "0.parquet") == ()


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (Measurement("a", "saliency", "f", {"saliency_mean": float("nan")}, None), "figures"),
        (
            Measurement("a", "saliency", "f", dict.fromkeys(ROWS[0].figures, float("inf")), None),
            "not finite",
        ),
        (Measurement("a", "saliency", "f", {}, None), "figures"),
        (Measurement("a", "saliency", "f", ROWS[0].figures, "broken"), "reason"),
        (Measurement("a", "niqe", "f", {"niqe": 1.0}, None), "niqe"),
    ],
)
def test_a_defective_measurement_leaves_the_old_shard(
    tmp_path: Path, row: Measurement, named: str
) -> None:
    path = tmp_path / "0.parquet"
    write_shard(path, ROWS)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=named):
        write_shard(path, [row])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_key_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two measurements"):
        write_shard(tmp_path / "0.parquet", [ROWS[1], ROWS[1]])


def test_a_process_killed_while_writing_leaves_no_shard(tmp_path: Path) -> None:
    """The name ends in .parquet only after the bytes are on disk: here, death comes at fsync."""
    path = tmp_path / "0.parquet"
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from mos_assets.features import write_shard; from mos_assets.records import Measurement;"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL);"
        "write_shard(Path(sys.argv[1]), [Measurement('a', 'libvmaf', 'f', {}, 'why')])"
    )
    run = subprocess.run([sys.executable, "-c", code, os.fspath(path)], check=False)
    assert run.returncode == -9
    assert list(tmp_path.iterdir())
    assert not list(tmp_path.glob("*.parquet"))


def test_no_flipped_bit_is_read(tmp_path: Path) -> None:
    """Not one of the figures, of the footer, or of the checksum itself."""
    path = tmp_path / "0.parquet"
    write_shard(path, ROWS)
    content = path.read_bytes()
    at = content.rindex(b"sha256 ") * 8
    # In the words before the checksum a flip makes a shard without one: few, each asks a process.
    places = [n for n in range(0, len(content) * 8, 37) if not at - 80 <= n < at + 56]
    for bit in (*places, at - 60, at + 3, at + 600):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(flipped)
        with pytest.raises(DamagedShardError, match=r"0\.parquet"):
            read_shard(path)


def test_no_flipped_bit_of_a_journal_is_read(tmp_path: Path) -> None:
    """What is whole is saved as a shard, what is not is named and goes."""
    journal = Journal(tmp_path / "0.parquet")
    for row in ROWS:
        journal.note([row])
    first, *_ = sorted(journal.folder.glob("*.json"))
    whole = first.read_bytes()
    (gone,) = read_entry(first)
    for bit in range(0, 8 * len(whole), 61):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        first.write_bytes(damaged)
        with pytest.raises(DamagedShardError, match="checksum does not hold"):
            read_entry(first)
    found = recover_journals(tmp_path)
    assert found.clips == 2 - (gone.content == "b" * 64)
    assert "its clips are measured again" in found.damaged[0]
    (shard,) = tmp_path.glob("[!.]*.parquet")
    assert set(map(repr, read_shard(shard))) == {repr(row) for row in ROWS if row != gone}


def test_a_shard_from_before_there_were_checksums_is_read_and_damage_in_it_named(
    tmp_path: Path,
) -> None:
    rows = [replace(row, fingerprint=f"{row.part}-1.2:ffmpeg-7") for row in ROWS]
    path = tmp_path / "0.parquet"
    pq.write_table(measurement_table(rows), path, compression="zstd", version="2.6")
    assert sorted(read_shard(path), key=repr) == sorted(rows, key=repr)
    content = path.read_bytes()
    files = []
    for at in range(0, len(content), 97):
        flipped = bytearray(content)
        flipped[at] ^= 1
        files.append(tmp_path / f"flip{at}.parquet")
        files[-1].write_bytes(flipped)
    refused = [reason for reason in inspected(files).values() if reason]
    assert len(refused) > len(files) * 3 // 4


def test_a_shard_is_parquet_for_everybody(tmp_path: Path) -> None:
    write_shard(tmp_path / "0.parquet", ROWS)
    assert pq.read_table(tmp_path / "0.parquet") == measurement_table(ROWS)


def test_what_is_no_shard_is_named(tmp_path: Path) -> None:
    path = tmp_path / "0.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(StoreError, match=r"0\.parquet"):
        read_shard(path)
