"""The `mos` command on real clips and real heads."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mos_assets.cli import main
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.naming import ReleaseFiles
from mos_assets_tests.conftest import HEAD_ID, Release

MODEL = Path(__file__).parents[2] / "model"


def mos(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "-odd name.mp4"
    rendered = run_ffmpeg(
        find_ffmpeg(),
        [
            *("-f", "lavfi", "-i", "mandelbrot=s=160x90:r=25", "-frames:v", "20"),
            *("-pix_fmt", "yuv420p", "-c:v", "libx264", f"file:{path}"),
        ],
    )
    assert rendered.returncode == 0, rendered.stderr
    return path


def test_predict_scores_a_clip_with_the_released_head(clip: Path) -> None:
    """The head of the repository itself."""
    found = mos("predict", str(clip), MOS_MODEL_DIR=str(MODEL))
    assert found.exit_code == 0, found.output
    name, score, source, within = found.stdout.splitlines()[0].split("\t")
    assert name == str(clip)
    assert 1.0 <= float(score) <= 5.0
    assert source == "head (Proposed, not comparable)"
    # What is promised for the corpus' own features is not promised for others.
    assert within == "-"
    assert "simulated labels" in found.stderr
    assert "not comparable" in found.stderr


def test_predict_without_a_head_says_that_it_is_the_fallback(clip: Path, tmp_path: Path) -> None:
    found = mos("predict", str(clip), MOS_MODEL_DIR=str(tmp_path))
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines()[0].endswith("\tfallback\t-")
    assert "is missing" in found.stderr


def test_a_head_that_is_not_there_is_an_error_and_no_fallback(clip: Path) -> None:
    found = mos("predict", "--head", "mine_mos_head_v1", str(clip), MOS_MODEL_DIR=str(MODEL))
    assert found.exit_code == 1
    known = found.output.partition("There: ")[2]
    assert HEAD_ID in known
    assert "fallback" not in found.output


def test_a_bad_clip_is_named_and_the_others_are_scored(clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a clip")
    found = mos("predict", str(text), str(clip), str(tmp_path / "none"), MOS_MODEL_DIR=str(MODEL))
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 1
    assert f"{text}: no video can be read from it" in found.stderr
    assert "there is no such file" in found.stderr


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    nasty = tmp_path / "\x1b[2Jgone.mp4"
    found = mos("predict", str(nasty), MOS_MODEL_DIR=str(MODEL))
    assert "\x1b" not in found.output


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
