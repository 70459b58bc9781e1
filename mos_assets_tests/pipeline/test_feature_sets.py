"""`mos compare-features` finds what is in the tables of a corpus, and no more than that."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mos_assets.cli import main
from mos_assets.settings import Settings
from mos_assets_tests.corpora.making import NO_CLIPS, write_tree
from mos_assets_tests.pipeline.chain import Chain

ROWS, CONTENTS = 120, 40


def csv(header: str, *columns: np.ndarray, rows: int = ROWS) -> str:
    lines = [f"c{at},{','.join(f'{c[at]:.6f}' for c in columns)}" for at in range(rows)]
    return "\n".join([f"clip_name,{header}", *lines]) + "\n"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ratings rest on two tables; another one is noise, one the rating, one there for few clips,
    and one holds the columns of the first again."""
    root = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(1)
    first, second, noise, error = rng.normal(size=(4, ROWS))
    mos = np.clip(3 + 0.6 * first + 0.4 * second + 0.2 * error, 1, 5)
    labels = "".join(f"c{at},{mos[at]:.6f},s{at % CONTENTS}\n" for at in range(ROWS))
    write_tree(
        root / "corpora" / "mine",
        {
            "corpus.toml": NO_CLIPS + 'group = "scene"\n',
            "labels.csv": f"clip,mos,scene\n{labels}",
            "features/first.csv": csv("sharpness,other", first, -first + noise),
            "features/second.csv": csv("motion", second),
            "features/noise.csv": csv("grain", noise),
            "features/told.csv": csv("secret", 2 * mos),
            "features/few.csv": csv("rare", second, rows=40),
            "features/twin.csv": csv("sharpness", first),
        },
    )
    given = {
        "corpus": "mine",
        "corpus_root": str(root / "corpora"),
        "features": "first",
        "folds": "3",
        "store": str(root / "store"),
        "model_dir": str(root / "model"),
    }
    Chain(root, Settings.of(**given)).prepare()
    return {f"MOS_{name.upper()}": value for name, value in given.items()}


def test_what_each_block_is_worth(environment: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "sets.json"
    done = CliRunner().invoke(main, ["compare-features", "--output", str(target)], env=environment)
    assert done.exit_code == 0, done.output
    told = json.loads(target.read_text())
    sets = {"+".join(each["blocks"]): each for each in told["found"]["sets"]}
    assert told["found"]["own"] == ["first"]
    assert {block["needs"] for block in told["blocks"]} == {"a table"}
    # One that helps, one that does not, and none of both tables that hold one column.
    assert sets["first+second"]["margin_interval"]["low"] > 0.05
    assert abs(sets["first+noise+second"]["plcc"] - sets["first+second"]["plcc"]) < 0.02
    assert sets["first+noise"]["margin_interval"]["low"] < 0.0
    assert not any({"first", "twin"} <= set(each["blocks"]) for each in told["found"]["sets"])
    worth = {each["block"]: each for each in told["found"]["worth"]}
    assert worth["second"]["loss_interval"]["low"] > 0.05
    # The rating, and what few clips have, take no part and have their reason.
    assert "is the label" in told["left_out"]["told"]
    assert told["left_out"]["few"].startswith("40 of 120 clips have it")
    assert told["left_out"]["saliency"].startswith("Corpus mine has no clips, and no table")
    assert "| **first** |" in done.output
    assert "Better than the run's own blocks" in done.output


def test_two_folds_are_too_few(environment: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.of(
        **{name.removeprefix("MOS_").lower(): value for name, value in environment.items()}
    )
    fewer = {"store": str(tmp_path / "store"), "folds": "2"}
    Chain(tmp_path, settings).using(**fewer).prepare()
    given = {**environment, **{f"MOS_{name.upper()}": value for name, value in fewer.items()}}
    done = CliRunner().invoke(main, ["compare-features"], env=given)
    assert done.exit_code == 1
    assert "set MOS_FOLDS to 3 or more" in done.output and "Traceback" not in done.output


def test_folds_of_other_settings_are_refused(environment: dict[str, str]) -> None:
    done = CliRunner().invoke(
        main, ["compare-features"], env={**environment, "MOS_FEATURES": "second"}
    )
    assert done.exit_code == 1
    assert "MOS_FEATURES" in done.output
    assert "Traceback" not in done.output
