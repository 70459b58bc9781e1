"""One run at a time on one store, held by the kernel."""

import multiprocessing
import time
from pathlib import Path

import pytest

from mos_assets.errors import StoreError
from mos_assets.store.run_lock import Timeout, acquire, beside_runs, lock_holder, run_lock
from mos_assets_tests.conftest import backup


def hold(store: Path) -> None:
    with run_lock(store, "run far away"):
        time.sleep(60)


def test_another_run_is_refused_and_the_processes_of_one_run_share(tmp_path: Path) -> None:
    with run_lock(tmp_path, "run a"):
        with pytest.raises(StoreError, match="in use by run a"):
            acquire(tmp_path, "run b")
        with run_lock(tmp_path, "run a"):
            pass
        with pytest.raises(StoreError, match="in use by run a"):
            acquire(tmp_path, "run b")
    with run_lock(tmp_path, "run b"), pytest.raises(StoreError, match="in use by run b"):
        acquire(tmp_path, "run a")


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path,))
    process.start()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            acquire(tmp_path, "run here").close()
            time.sleep(0.02)
        except StoreError as error:
            assert "run far away" in str(error)
            break
    process.kill()
    process.join()
    acquire(tmp_path, "run here").close()


@pytest.mark.parametrize("last", ["run a", "run b"])
def test_a_backup_is_not_taken_for_the_last_run(tmp_path: Path, last: str) -> None:
    """Nor for another process of the run that asks."""
    with run_lock(tmp_path, last):
        pass
    with backup(tmp_path), pytest.raises(StoreError, match="in use by another program") as said:
        acquire(tmp_path, "run b")
    assert last not in str(said.value)


def test_who_is_patient_waits_and_says_once_for_whom(tmp_path: Path) -> None:
    said: list[StoreError] = []
    acquire(tmp_path, "run a").close()
    with backup(tmp_path, 2), run_lock(tmp_path, "run b", Timeout(30, said.append)):
        assert len(said) == 1
        with pytest.raises(StoreError, match="in use by run b"):
            acquire(tmp_path, "run c", Timeout(0.1, said.append))
    assert len(said) == 2


def test_who_writes_other_tables_comes_in_beside_a_run_and_not_beside_a_backup(
    tmp_path: Path,
) -> None:
    with run_lock(tmp_path, "run a"), beside_runs(tmp_path):
        pass
    with beside_runs(tmp_path):
        pass
    assert lock_holder(tmp_path) == ""
    with backup(tmp_path):
        with (
            pytest.raises(StoreError, match="another program, such as a backup"),
            beside_runs(tmp_path),
        ):
            raise AssertionError
        told: list[StoreError] = []
        with (
            pytest.raises(StoreError, match="such as a backup"),
            beside_runs(tmp_path, Timeout(0.3, told.append)),
        ):
            raise AssertionError
        assert len(told) == 1
