"""How the service ends, and what becomes of a run whose process does."""

import json
import os
import signal
from pathlib import Path

from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets_tests.assets.conftest import make_world
from mos_assets_tests.automation.service import pids_of, processes_of, serving, variables


def test_a_run_that_is_killed_has_failed_and_is_started_again(tmp_path: Path) -> None:
    """As where the machine runs out of state; the queue goes on."""
    home = tmp_path / "home"
    world = make_world(tmp_path, "synthetic", features="konvid-v1")
    some = {"corpus", "seeds", "folds", "epochs"}
    settings = {**world.settings.run.model_dump(include=some), **world.settings.paths.model_dump()}
    often = {"poll_interval_seconds: 30": "poll_interval_seconds: 1"}
    told = tmp_path / "told"
    settings |= {"tick_s": 1, "notify": f"tee {told}"}
    with serving(home, variables(settings), often) as service:
        service.wait("the UI", service.serves)
        service.launch("retrain")
        (killed,) = service.wait("the run", service.runs)
        pid = service.wait("its process", lambda: service.pid_of(killed["runId"]))
        os.kill(pid, signal.SIGKILL)
        again, killed = service.wait(
            "the next try", lambda: runs if len(runs := service.runs()) == 2 else None
        )
        assert killed["status"] == "FAILURE"
        assert again["tags"]["dagster/retry_number"] == "1"
        service.wait("its process", lambda: service.pid_of(again["runId"]))
        message = json.loads(
            service.wait("the message", lambda: told.exists() and told.read_text())
        )
        assert message["kind"] == "failure"
        assert message["where"] == killed["runId"]
        assert message["text"].startswith(f"Run {killed['runId'][:8]} of retrain failed: ")
        assert service.stop(signal.SIGINT) == 128 + signal.SIGINT
        assert processes_of(home) == []


def test_a_daemon_that_is_killed_ends_the_service_and_nothing_is_left(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, {**variables({"corpus": "synthetic", "automation": False})}) as service:
        service.wait("the UI", service.serves)
        assert len(processes_of(home)) >= 5
        refused = CliRunner().invoke(main, ["dev"], env={"DAGSTER_HOME": str(home)})
        assert refused.exit_code == 1
        assert "in use by another `mos dev`" in refused.output
        beside = tmp_path / "beside"
        beside.mkdir()
        for _ in range(2):
            taken = CliRunner().invoke(
                main, ["dev", "--port", str(service.port)], env={"DAGSTER_HOME": str(beside)}
            )
            assert taken.exit_code == 1
            assert f"Port {service.port} of 127.0.0.1 is in use" in taken.output
            assert taken.output.count("\n") == 1, "and nothing was started"
        for pid in pids_of(home, "dagster._daemon"):
            os.kill(pid, signal.SIGKILL)
        assert service.process.wait(90) == 1, "or whoever supervises it takes it for done"
        assert "dagster-daemon process shut down unexpectedly" in service.log
        assert "Error: the service ended by itself" in service.log
        assert processes_of(home) == []
