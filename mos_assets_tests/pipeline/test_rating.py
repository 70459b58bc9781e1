"""A corpus of votes from its files to the card: what the store, report, card and manifest say."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mos_assets.evaluation import GATE
from mos_assets.pipeline import ingest, judge, release, train
from mos_assets.pipeline.judge import SUSPICIOUS_PAGE, Judged
from mos_assets.pipeline.release import Released
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, rating_rows
from mos_assets_tests.corpora.making import write_tree
from mos_assets_tests.pipeline.chain import Chain, settings_in

TOML = """
name = "mine"
version = "1"
licence = "free"
scale = [100, 0]
repeated = "align"

[columns]
clip = "clip"

[votes]
files = ["votes/*.csv"]
session = "file"
"""
CLIPS, COMMON, RATERS = 36, 12, 9
WRONG = 12
"""A clip that the second test rates quite otherwise."""


def votes_file(seed: int, clips: Sequence[int], moved: float, odd: bool) -> str:
    """Whole votes on 100..0 of nine raters; the first one upside down where `odd`."""
    rng = np.random.default_rng(seed)
    lines = [",".join(["clip", *(f"r{n}" for n in range(RATERS))])]
    for clip in clips:
        truth = 20 if seed != 1 and clip == WRONG else 90 - 80 * clip / CLIPS
        votes = np.clip(np.round(truth + moved + rng.normal(0, 6, RATERS)), 0, 100)
        if odd:
            votes[0] = 100 - votes[0]
        lines.append(",".join([f"shot{clip:02d}", *(f"{vote:g}" for vote in votes)]))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Voted:
    """The whole chain over a corpus of votes of two tests."""

    settings: Settings
    judged: Judged
    released: Released

    @property
    def database(self) -> Database:
        return Database(self.settings.paths.store_folder)

    @property
    def report(self) -> Mapping[str, object]:
        found: Mapping[str, object] = json.loads(self.judged.report.to_json())["ratings"]
        return found


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Voted:
    root = tmp_path_factory.mktemp("voted")
    figures = "".join(f"shot{n:02d},{90 - 80 * n / CLIPS},{n % 3}\n" for n in range(CLIPS))
    write_tree(
        root / "corpora" / "mine",
        {
            "corpus.toml": TOML,
            "votes/one.csv": votes_file(1, range(24), 0, odd=True),
            "votes/two.csv": votes_file(2, [*range(0, 24, 2), *range(24, CLIPS)], 5, odd=False),
            "features/own.csv": f"clip_name,sharpness,noise\n{figures}",
        },
    )
    settings = settings_in(root, features="own", seeds=2, folds=3, epochs=3, workers=1)
    database = Chain(root, settings).prepare().database
    run, paths = settings.run, settings.paths
    train.train(run, paths, database, logging.getLogger())
    judged = judge.judge(run, paths, database, GATE)
    return Voted(settings, judged, release.release(run, paths, database))


def test_the_store_says_how_the_ratings_came_about(voted: Voted) -> None:
    store = voted.database
    (mine,) = rating_rows.read_rated(store, ["mine"])
    assert (mine.estimator, mine.scale) == ("p913", (100.0, 0.0))
    one, two = mine.sessions
    assert (one.name, one.clips, one.raters, one.votes) == ("one", 24, 9, 216)
    assert (two.aligned, two.common) == ("one", COMMON)
    assert two.rmse_before is not None
    assert two.rmse_after is not None
    assert two.rmse_after < two.rmse_before
    assert (two.offset, two.slope) != (0.0, 1.0)
    assert [rater.rater for rater in mine.against] == ["one/r0"]
    assert sorted(each.estimator for each in mine.others) == ["bt500", "mean"]
    assert mine.between.repeats == COMMON
    assert mine.between.variance is not None
    raters = rating_rows.rater_table(store, ["mine"]).to_pylist()
    assert len(raters) == 2 * RATERS
    assert raters[0]["rater"] == "one/r0"
    clips = {clip.clip_name: clip for clip in corpus_rows.read_clips(store, ["mine"])}
    assert {clip.session for clip in clips.values()} == {"one", "one+two", "two"}
    assert clips["shot06.mp4"].session == "one+two"
    assert all(clip.mos_ci95 is not None for clip in clips.values())


def test_what_is_suspicious_names_files_and_stays_in_the_store(voted: Voted) -> None:
    found = voted.judged.suspicious.to_pylist()
    kinds = {row["kind"] for row in found}
    assert {"repeats disagree", "rater against the panel"} <= kinds
    repeats = [row for row in found if row["kind"] == "repeats disagree"]
    assert repeats[0]["clip"] == f"shot{WRONG}.mp4"
    page = (voted.judged.folder / SUSPICIOUS_PAGE).read_text()
    assert f"| mine | shot{WRONG}.mp4 |" in page
    model = voted.settings.paths.model_folder
    assert not list(model.glob("*suspicious*"))
    files = [path.read_text("latin-1") for path in model.iterdir() if path.name.startswith("mine")]
    assert len(files) == 3
    for text in files:
        assert not any(f"shot{n:02d}" in text for n in range(CLIPS))
        assert not any(f"{test}/r{n}" in text for test in ("one", "two") for n in range(RATERS))


def test_the_report_says_it_to_whoever_decides(voted: Voted) -> None:
    (mine,) = voted.report["corpora"]  # type: ignore[misc]
    assert mine["against"][0].startswith("one/r0 (correlates -")
    assert "lower is better" in mine["scale"]
    assert "DMOS" not in mine["scale"]
    within = voted.report["between"]["within"]  # type: ignore[index]
    assert [(row["name"], row["clips"]) for row in within] == [
        ("one", 12),
        ("one + two", 12),
        ("two", 12),
    ]
    page = voted.judged.page
    for words in (
        "Against the panel: one/r0",
        "432 votes of 18 raters in 2 tests",
        "two is mapped onto the scale of one",
        "of the squared error lies between tests",
    ):
        assert words in page
    assert "1 rater goes against the panel" in voted.released.card
    assert "two is mapped onto the scale of one" in voted.released.card


def test_the_manifest_says_estimator_tests_and_alignment(voted: Voted) -> None:
    (mine,) = json.loads(voted.released.manifest.to_json())["data"]["corpora"]
    assert (mine["estimator"], mine["sessions"]) == ("p913", 2)
    assert [(row["session"], row["aligned"]) for row in mine["alignment"]] == [
        ("one", "one"),
        ("two", "one"),
    ]
    assert type(voted.released.manifest).read(
        next(voted.settings.paths.model_folder.glob("*.json"))
    )


def test_votes_that_change_take_what_was_said_of_them_away(voted: Voted, tmp_path: Path) -> None:
    run, paths, store = voted.settings.run, voted.settings.paths, voted.database
    log = logging.getLogger()
    assert ingest.ingest(run, paths, store, log.info).unchanged == ("mine",)
    before = rating_rows.suspicious_table(store, ["mine"])
    assert before == voted.judged.suspicious
    file = paths.corpus_folder / "mine" / "votes" / "one.csv"
    whole = file.read_text()
    try:
        file.write_text(votes_file(1, range(1, 24), 0, odd=False))
        assert ingest.ingest(run, paths, store, log.info).unchanged == ()
        assert rating_rows.raters_against(store, ["mine"]) == ()
        kinds = rating_rows.suspicious_table(store, ["mine"])["kind"].to_pylist()
        assert not {"rater against the panel", "unexplained residual"} & set(kinds)
        toml = paths.corpus_folder / "mine" / "corpus.toml"
        toml.write_text(
            TOML.partition("[votes]")[0]
            .replace('repeated = "align"\n', "")
            .replace('clip = "clip"', 'clip = "clip"\nmos = "r1"')
            .replace("scale", 'labels = ["votes/one.csv"]\nscale')
        )
        ingest.ingest(run, paths, store, log.info)
        (mine,) = rating_rows.read_rated(store, ["mine"])
        assert (mine.estimator, mine.sessions, mine.others) == (None, (), ())
        assert rating_rows.rater_table(store, ["mine"]).num_rows == 0
    finally:
        file.write_text(whole)
        (paths.corpus_folder / "mine" / "corpus.toml").write_text(TOML)
