"""One run at a time on one store, held by the kernel."""

import multiprocessing
import time
from pathlib import Path

import pytest

from mos_assets.errors import StoreError
from mos_assets.store.claim import claim, claimed


def hold(store: Path) -> None:
    with claimed(store, "run far away"):
        time.sleep(60)


def test_another_run_is_refused_and_the_processes_of_one_run_share(tmp_path: Path) -> None:
    with claimed(tmp_path, "run a"):
        with pytest.raises(StoreError, match="in use by run a"):
            claim(tmp_path, "run b")
        with claimed(tmp_path, "run a"):
            pass
        with pytest.raises(StoreError, match="in use by run a"):
            claim(tmp_path, "run b")
    with claimed(tmp_path, "run b"), pytest.raises(StoreError, match="in use by run b"):
        claim(tmp_path, "run a")


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path,))
    process.start()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            claim(tmp_path, "run here").close()
            time.sleep(0.02)
        except StoreError as error:
            assert "run far away" in str(error)
            break
    process.kill()
    process.join()
    claim(tmp_path, "run here").close()
