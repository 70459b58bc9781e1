"""The `mos` command on real heads."""

import re
from pathlib import Path

from click.testing import CliRunner, Result

from mos_assets.cli import main
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.naming import ReleaseFiles
from mos_assets_tests.conftest import HEAD_ID, Release

MODEL = Path(__file__).parents[2] / "model"


def mos(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment)


def test_status_exits_by_what_stands_there(
    release: Release, model_folder: Path, tmp_path: Path
) -> None:
    where = {"MOS_MODEL_DIR": str(model_folder)}
    assert mos("status", **where).exit_code == 2
    accepted = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    accepted.put(model_folder)
    found = mos("status", **where)
    assert found.exit_code == 0
    assert found.stdout.startswith(f"{HEAD_ID}\tAccepted\tPLCC ")
    assert "\twhy\t" in found.stdout
    assert re.search(
        r"\tsince\t20\d\d-\d\d-\d\d \d\d:\d\d UTC, candidate [0-9a-f]{12}", found.stdout
    )
    ReleaseFiles(model_folder, HEAD_ID).card.unlink()
    assert mos("status", **where).exit_code == 1
    assert mos("status", MOS_MODEL_DIR=str(tmp_path / "empty")).exit_code == 1


def test_the_released_head_of_the_repository_is_whole() -> None:
    found = mos("status", HEAD_ID, MOS_MODEL_DIR=str(MODEL))
    assert found.exit_code == 2, found.output


def test_report_before_any_run_says_so(tmp_path: Path) -> None:
    found = mos("report", MOS_STORE=str(tmp_path / "store"))
    assert found.exit_code == 1
    assert "Nothing was judged yet" in found.output
    assert not (tmp_path / "store").exists()


def test_status_shows_every_project_and_other_commands_ask_for_one(
    release: Release, tmp_path: Path
) -> None:
    file = tmp_path / "projects.toml"
    file.write_text("[projects.mine]\n[projects.other]\n")
    there = {"MOS_PROJECTS": str(file), "MOS_MODEL_DIR": str(tmp_path), "MOS_STORE": str(tmp_path)}
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
    release.put(tmp_path / "mine")
    found = mos("status", **there)
    assert found.exit_code == 2
    assert found.stdout.startswith(f"mine/{HEAD_ID}\tProposed\t")
    assert "other/" not in found.stdout
    assert mos("status", HEAD_ID, **there).exit_code == 2
    assert mos("--project", "other", "status", **there).exit_code == 1
    assert "projects: mine, other. Choose one with MOS_PROJECT" in mos("report", **there).output
    chosen = mos("--project", "mine", "report", **there)
    assert f"Nothing was judged yet in {tmp_path / 'mine'}" in chosen.output
    # The choice is of the call alone.
    assert mos("report", **there).output == mos("report", **there).output != chosen.output
