"""Rebuild a head that ships: `python recipes/rebuild.py RECIPE --data FOLDER --to MODEL_FOLDER`.

A recipe is a folder: `settings.env`, and what of the corpus is our own (corpus.toml, declarations
of feature tables). FOLDER holds the corpus as its owners publish it and is only read. The whole
graph runs over both in a folder of its own; MODEL_FOLDER gets the three files of the head. The same
data and the same versions of libraries give the same bytes, wherever it runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SETTINGS = "settings.env"
CLIPS = "clips"
"""Of the owner's folder, too large to copy: linked."""


def main() -> int:
    """0 where the head was released, else what the run ended with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    parser.add_argument("recipe", type=Path, help="a folder beside this script")
    parser.add_argument("--data", type=Path, required=True, help="the corpus as published")
    parser.add_argument("--to", type=Path, required=True, help="folder of the released heads")
    asked = parser.parse_args()
    for folder in (asked.recipe, asked.data):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    if not (asked.recipe / SETTINGS).is_file():
        parser.error(f"{asked.recipe} has no {SETTINGS}: it is no recipe")
    lines = (asked.recipe / SETTINGS).read_text(encoding="utf-8").split()
    settings = dict(line.split("=", 1) for line in lines)
    with TemporaryDirectory(prefix="mos-rebuild-") as temporary:
        work = Path(temporary)
        lay_out(asked.data, asked.recipe, work / "corpora" / settings["MOS_CORPUS"])
        (work / "dagster").mkdir()
        (work / "dagster" / "dagster.yaml").touch()
        outside = {name: value for name, value in os.environ.items() if not _is_setting(name)}
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "dagster", "asset", "materialize", "--select", "*"),
                *("-m", "mos_assets.definitions"),
            ],
            env={
                **outside,
                **settings,
                "DAGSTER_HOME": str(work / "dagster"),
                "MOS_CORPUS_ROOT": str(work / "corpora"),
                "MOS_STORE": str(work / "store"),
                "MOS_MODEL_DIR": str(asked.to.absolute()),
            },
            check=False,
        )
    return ran.returncode


class _Raw(argparse.RawDescriptionHelpFormatter):
    """The paragraphs of the description stay as they are."""


def _is_setting(name: str) -> bool:
    """Whether a variable of the caller's would change the head; where ffmpeg lies does not."""
    return name.startswith("MOS_") and name not in ("MOS_FFMPEG", "MOS_WORKERS")


def lay_out(data: Path, recipe: Path, corpus: Path) -> Path:
    """The owners' files and over them the recipe's: label files have to lie in the folder."""
    shutil.copytree(
        data, corpus, ignore=shutil.ignore_patterns(CLIPS), copy_function=shutil.copyfile
    )
    for folder in (corpus, *(path for path in corpus.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    if (data / CLIPS).is_dir():
        (corpus / CLIPS).symlink_to((data / CLIPS).resolve())
    shutil.copytree(recipe, corpus, ignore=shutil.ignore_patterns(SETTINGS), dirs_exist_ok=True)
    return corpus


if __name__ == "__main__":
    sys.exit(main())
