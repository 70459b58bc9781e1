"""Measurements come back as they were kept, or not at all."""

import os
from pathlib import Path

import pytest

from mos_assets.errors import StoreError
from mos_assets.features import picture_extractors
from mos_assets.records import Measurement
from mos_assets.scoring.kept import KeptMeasurements, default_cache_folder

FIGURES = dict.fromkeys(picture_extractors()["libvmaf"].figure_names, 1 / 3)


def measurement(content: str, reason: str | None = None) -> Measurement:
    figures = {"adm2": 0.1} if reason else FIGURES
    return Measurement(content, "libvmaf", "libvmaf-1", figures, reason)


@pytest.fixture
def kept(tmp_path: Path) -> KeptMeasurements:
    return KeptMeasurements(tmp_path / "cache", largest_bytes=40 << 10)


def files(kept: KeptMeasurements) -> list[Path]:
    return sorted(path for path in kept.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("reason", [None, "no motion2: it has one frame"])
def test_what_is_kept_is_found_by_its_key(kept: KeptMeasurements, reason: str | None) -> None:
    row = measurement("a" * 64, reason)
    kept.keep([row])
    assert kept.find(row.content, row.part, row.fingerprint) == row
    for key in (("b" * 64, row.part, row.fingerprint), (row.content, row.part, "libvmaf-2")):
        assert kept.find(*key) is None


def test_a_byte_that_changed_is_found_at_every_place(kept: KeptMeasurements) -> None:
    row = measurement("a" * 64)
    kept.keep([row])
    (path,) = files(kept)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert kept.find(row.content, row.part, row.fingerprint) is None, at
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        assert kept.find(row.content, row.part, row.fingerprint) is None
    kept.keep([row])
    assert kept.find(row.content, row.part, row.fingerprint) == row


def test_the_folder_stays_within_its_bound_and_loses_what_was_used_least(
    kept: KeptMeasurements,
) -> None:
    rows = [measurement(f"{number:064x}") for number in range(20)]
    for number, row in enumerate(rows):
        kept.keep([row])
        newest = max(files(kept), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert kept.find(rows[0].content, rows[0].part, rows[0].fingerprint) is not None
    assert kept.prune(now=0.0) >= 10
    left = [row for row in rows if kept.find(row.content, row.part, row.fingerprint) is not None]
    assert rows[0] in left
    assert left[1:] == rows[len(rows) - len(left) + 1 :]
    assert sum(path.stat().st_blocks * 512 for path in files(kept)) <= kept.largest_bytes


def test_halves_that_a_kill_left_go_when_they_are_old(kept: KeptMeasurements) -> None:
    kept.keep([measurement("a" * 64)])
    (path,) = files(kept)
    half = path.with_name(f".{path.name}.x.partial")
    half.touch()
    kept.prune(now=half.stat().st_mtime + 10)
    assert half.exists()
    kept.prune(now=half.stat().st_mtime + 4000)
    assert files(kept) == [path]


def test_a_folder_that_is_a_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(StoreError, match="--no-cache"):
        KeptMeasurements(tmp_path / "cache").open()


def test_the_default_follows_the_freedesktop_rule() -> None:
    assert default_cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/mos_assets")
    for relative in ("", "x"):
        found = default_cache_folder({"XDG_CACHE_HOME": relative})
        assert found == Path.home() / ".cache" / "mos_assets"
