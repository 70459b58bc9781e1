"""What a user can get wrong: one message that names the thing and the remedy, no stack trace,
and nothing half-written. Through the real `dagster asset materialize`."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._cli import create_dagster_cli

from mos_assets.assets.reporting import user_errors
from mos_assets_tests.assets.conftest import World, make_world, write_labels
from mos_assets_tests.settings.making import values

ROOT = Path(__file__).parents[2]


def environment_of(world: World, **more: str) -> dict[str, str]:
    home = world.root / "dagster_home"
    home.mkdir(exist_ok=True)
    settings = {f"MOS_{name.upper()}": str(value) for name, value in values(world.settings).items()}
    return {**settings, **more, "DAGSTER_HOME": str(home)}


COMMAND = ("asset", "materialize", "--select", "*", "-m", "mos_assets.definitions")


def materialize(world: World, **environment: str) -> tuple[int, str]:
    """Exit code and everything that was printed, by Dagster's command in this process.

    A process of its own takes six times as long, most of it to load Dagster; one test has one.
    """
    loaded = sys.modules.pop(COMMAND[-1], None)
    try:
        found = CliRunner().invoke(
            create_dagster_cli(), COMMAND, env=environment_of(world, **environment)
        )
    finally:
        sys.modules.pop(COMMAND[-1], None)
        if loaded is not None:
            sys.modules[COMMAND[-1]] = loaded
    return found.exit_code, found.output


def nothing_was_written(world: World) -> bool:
    """No row, no shard, no candidate, no release."""
    store, model = world.settings.paths.store_folder, world.settings.paths.model_folder
    return not model.exists() and not any((store / n).exists() for n in ("shards", "candidates"))


@pytest.fixture
def labelled(tmp_path: Path) -> World:
    write_labels(tmp_path / "corpora" / "own")
    (tmp_path / "corpora" / "own" / "clips").mkdir()
    return make_world(tmp_path, "own")


def test_a_corpus_that_is_not_there(labelled: World) -> None:
    code, said = materialize(labelled.using(corpus="elsewhere"), MOS_CORPUS="elsewhere")
    assert code != 0
    assert str(labelled.root / "corpora" / "elsewhere") in said
    assert "corpora there: own" in said
    assert "Stack Trace" not in said
    assert "Traceback" not in said
    assert nothing_was_written(labelled)


def test_a_label_file_without_a_known_column(labelled: World) -> None:
    (labelled.folder("own") / "labels.csv").write_text("clip,stars\na.mp4,3\n")
    code, said = materialize(labelled)
    assert code != 0
    assert "labels.csv" in said
    assert "clip, stars" in said
    assert "Stack Trace" not in said
    assert nothing_was_written(labelled)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "corpora" / "own").mkdir(parents=True)
    world = make_world(tmp_path, "own")
    code, said = materialize(world)
    assert code != 0
    assert "corpus.toml" in said
    assert "Stack Trace" not in said
    assert nothing_was_written(world)


def test_an_ffmpeg_without_libvmaf(labelled: World, tmp_path: Path) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text(
        "#!/bin/sh\n"
        'case "$*" in *-version*) echo "ffmpeg version 4.0 Copyright";;'
        ' *) echo " T. scale  V->V  Scale";; esac\n'
    )
    poor.chmod(0o755)
    code, said = materialize(labelled.using(ffmpeg=str(poor)), MOS_FFMPEG=str(poor))
    assert code != 0
    assert "version 4.0" in said
    assert "--enable-libvmaf" in said
    assert "MOS_FFMPEG" in said
    assert "Stack Trace" not in said
    assert nothing_was_written(labelled)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    write_labels(tmp_path / "corpora" / "own", clips="")
    world = make_world(tmp_path, "own", features="videval")
    code, said = materialize(world)
    assert code != 0
    assert "'videval'" in said
    assert "Stack Trace" not in said
    assert nothing_was_written(world)


def test_a_misspelt_setting(labelled: World) -> None:
    code, said = materialize(labelled, MOS_CORPORA="own")
    assert code != 0
    assert "MOS_CORPORA is not a setting" in said
    assert "Traceback" not in said
    assert nothing_was_written(labelled)


def test_a_malformed_feature_block(labelled: World) -> None:
    code, said = materialize(labelled.using(features="a++b"))
    assert code != 0
    assert "holds an empty block name" in said
    assert "Stack Trace" not in said
    assert nothing_was_written(labelled)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk() -> None:
    with pytest.raises(dg.Failure, match=r"No space left on device.*Make room"), user_errors():
        Path("/dev/full").write_text("a release")
    with pytest.raises(FileNotFoundError), user_errors():
        Path("/dev/none/such").write_text("a defect")


def test_a_defect_still_shows_its_stack(labelled: World) -> None:
    """Only what the user can mend is cut short."""
    labelled.settings.paths.store_folder.parent.mkdir(parents=True, exist_ok=True)
    labelled.settings.paths.store_folder.write_text("a file where the store should be")
    found = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), *COMMAND],
        cwd=ROOT,
        env={**os.environ, **environment_of(labelled)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert found.returncode != 0
    assert "Stack Trace" in found.stdout
