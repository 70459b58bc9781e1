"""The graph over small tables without Dagster, and all that it leaves."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mos_assets.evaluation import GATE
from mos_assets.pipeline import (
    assemble,
    ingest,
    judge,
    release,
    shots,
    split,
    train,
    transfer,
)
from mos_assets.pipeline.judge import Judged
from mos_assets.pipeline.materials import materials
from mos_assets.pipeline.train import Trained
from mos_assets.pipeline.transfer import Transferred
from mos_assets.settings import Settings
from mos_assets.store import Database, schema
from mos_assets_tests.corpora.making import NO_CLIPS, write_tree
from mos_assets_tests.settings.making import using

HEAD = "mine_mos_head_v1_own"
CLOCKS = {"created_at", "judged_at", "decided_at", "written"}
ROWS = 24


@dataclass(frozen=True)
class Steps:
    """What the last steps of the graph came to."""

    trained: Trained
    judged: Judged
    transferred: Transferred

    @property
    def anew(self) -> tuple[bool, bool, bool]:
        return self.trained.anew, self.judged.anew, self.transferred.anew


@dataclass(frozen=True)
class Chain:
    """A corpus of tables, a corpus that only tests, and the graph over both without Dagster."""

    root: Path
    settings: Settings

    @property
    def database(self) -> Database:
        return Database(self.settings.paths.store_folder)

    def using(self, **changes: object) -> Chain:
        return Chain(self.root, using(self.settings, **changes))

    def copied(self, root: Path) -> Chain:
        """All of it in another folder, to be changed."""
        shutil.copytree(self.root, root)
        return Chain(root, self.settings).using(
            corpus_root=str(root / "corpora"),
            store=str(root / "store"),
            model_dir=str(root / "model"),
        )

    def prepare(self) -> Chain:
        """Everything up to the folds."""
        run, paths, log = self.settings.run, self.settings.paths, logging.getLogger()
        ingest.ingest(run, paths, self.database, log.info)
        return self.prepare_from_rows()

    def prepare_from_rows(self) -> Chain:
        """Everything between the rows of the corpora and the folds."""
        run, paths, log = self.settings.run, self.settings.paths, logging.getLogger()
        shots.find_shots(run, paths, self.database, log)
        assemble.assemble(run, paths, self.database)
        split.split(run, self.database)
        return self

    def finish(self) -> Steps:
        """Everything from training on."""
        run, paths, log = self.settings.run, self.settings.paths, logging.getLogger()
        steps = Steps(
            train.train(run, paths, self.database, log),
            judge.judge(run, paths, self.database, GATE, log),
            transfer.judge_transfer(run, paths, self.database, log),
        )
        release.release(run, paths, self.database)
        return steps

    @property
    def digest(self) -> str:
        """Of what a head would be made of now."""
        return materials(self.settings.run, self.database).digest

    def files(self) -> Mapping[str, bytes]:
        """Everything but the database and the clock of the release."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for place in ("store/candidates", "store/reports", "model")
            for path in sorted((self.root / place).rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }

    def tables(self) -> Mapping[str, list[dict[str, object]]]:
        """Every row of the store that training, judging and releasing write, but for clocks."""
        return {
            name: [
                {key: value for key, value in row.items() if key not in CLOCKS}
                for row in self.database.fetch(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
            ]
            for name in schema.SCHEMAS
            if "candidate_id" in schema.SCHEMAS[name].names
        }


def settings_in(root: Path, **given: object) -> Settings:
    """Of the corpus `mine`, with store and model folder, in this folder."""
    places = {"corpus_root": "corpora", "store": "store", "model_dir": "model"}
    return Settings.of(
        **{"corpus": "mine", **{name: str(root / at) for name, at in places.items()}, **given}
    )


def write_corpus(root: Path, name: str, rows: int) -> None:
    labels = "".join(f"{name}{n},{1.5 + n % 7 / 2}\n" for n in range(rows))
    figures = "".join(f"{name}{n},{n % 7 + n * 7 % 5 / 2},{n % 3}\n" for n in range(rows))
    write_tree(
        root / "corpora" / name,
        {
            "corpus.toml": NO_CLIPS.replace("mine", name),
            "labels.csv": f"clip,mos\n{labels}",
            "features/own.csv": f"clip_name,sharpness,noise\n{figures}",
        },
    )
