"""A declared table is held against what is measured in the clips that are here, in a real run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.pipeline import assemble, ingest, measure, split
from mos_assets.pipeline.materials import materials
from mos_assets.records import DeclaredFeatures
from mos_assets.release.manifest import ManifestComparison
from mos_assets.settings import Settings
from mos_assets.store import Database, declared_rows, feature_rows
from mos_assets_tests.corpora.making import MINIMAL_TOML

SHARED = Path(__file__).parents[2] / "../shared/data/corpora/avt-image-pairs"
LOG = logging.getLogger()
TOML = MINIMAL_TOML + 'reference = "reference"\n'
DECLARED = 'extractor = "libvmaf"\nreference = "source"\nversion = "our own, four digits"\n'
QUALITIES = (18, 24, 30, 36, 42, 48)


@dataclass(frozen=True)
class Mine:
    """A corpus on disk, and runs over it up to its features."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "corpora" / "mine"

    @property
    def database(self) -> Database:
        return Database(self.root / "store")

    def settings(self, features: str, reference: str, sampling: str) -> Settings:
        return Settings.of(
            corpus="mine",
            corpus_root=str(self.root / "corpora"),
            store=str(self.root / "store"),
            features=features,
            reference=reference,
            sampling=sampling,
            workers=2,
        )

    def run(self, features: str, reference: str = "source", sampling: str = "auto") -> int:
        """Up to the features; returns how many clips were planned to be measured."""
        settings = self.settings(features, reference, sampling)
        run, paths = settings.run, settings.paths
        ingest.ingest(run, paths, self.database, LOG.info)
        measured = measure.measure(run, paths, self.database, LOG)
        assemble.assemble(run, paths, self.database)
        return measured.clips

    def comparison(self, features: str, sampling: str) -> ManifestComparison | None:
        """What the manifest of a head would say, after a run of these settings."""
        run = self.settings(features, "source", sampling).run
        split.split(run, self.database)
        return materials(run, self.database).comparison

    def label(self, names: list[str], reference: str) -> None:
        rows = [f"{name},{1 + n % 4},{reference}" for n, name in enumerate(names)]
        (self.folder / "labels.csv").write_text("\n".join(["clip,mos,reference", *rows]) + "\n")

    def declare(self, text: str = DECLARED) -> None:
        (self.folder / "features" / "own.toml").write_text(text)

    def found(self, *, used: bool = True) -> DeclaredFeatures:
        (found,) = declared_rows.read_declared(self.database, ["mine"], used=used)
        return found

    def origin(self) -> str:
        (origin,) = set(feature_rows.feature_table(self.database)["fingerprint"].to_pylist())
        return str(origin)


@pytest.fixture
def mine(tmp_path: Path) -> Mine:
    made = Mine(tmp_path)
    (made.folder / "clips").mkdir(parents=True)
    (made.folder / "features").mkdir()
    (made.folder / "corpus.toml").write_text(TOML)
    return made


@pytest.fixture
def measured(mine: Mine, ffmpeg: Ffmpeg) -> Mine:
    """Six encodes of one source, and our figures of them, as a table rounded to four digits."""
    clips = mine.folder / "clips"
    scene = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=12", "-frames:v", "6", "-pix_fmt", "yuv420p"]
    codecs = {"source.mkv": ["-c:v", "ffv1"]} | {
        f"q{crf}.mp4": ["-c:v", "libx264", "-crf", str(crf)] for crf in QUALITIES
    }
    for name, codec in codecs.items():
        made = run_ffmpeg(ffmpeg, [*scene, *codec, f"file:{clips / name}"])
        assert made.returncode == 0, made.stderr
    mine.label([f"q{crf}.mp4" for crf in QUALITIES], "source.mkv")
    assert mine.run("canonical-6") == len(QUALITIES)
    write_own(mine, lambda name, value: value)
    return mine


def write_own(mine: Mine, change: Callable[[str, float], float]) -> None:
    """The table `own`: what the store has of the six, changed column by column.

    Motion is that of the source and the same in all encodes, which proves nothing: it is left out.
    """
    names = ("adm2", *(f"vif_scale{n}" for n in range(4)))
    rows = [",".join(("clip_name", *names))]
    for row in feature_rows.feature_table(mine.database).to_pylist():
        values = (f"{change(name, row[name]):.4f}" for name in names)
        rows.append(",".join([row["clip_id"].partition("/")[2], *values]))
    (mine.folder / "features" / "own.csv").write_text("\n".join(rows) + "\n")


def test_a_true_declaration_is_proved_and_a_false_one_is_not_used(measured: Mine) -> None:
    measured.declare()
    assert measured.run("own", sampling="sparse") == len(QUALITIES)
    assert measured.comparison("own", sampling="sparse") == ManifestComparison(
        reference="source", sampling="sparse"
    )
    assert measured.run("own") == 0  # what is measured already is not measured again
    found = measured.found()
    assert (found.status, found.reason, found.n) == ("proved", None, len(QUALITIES))
    assert measured.origin() == (
        "own=table:own (declared: libvmaf under source, our own, four digits)"
    )
    measured.run("own", reference="loopback")
    found = measured.found()
    assert found.status == "unproved"
    assert found.reason == (
        "not checked: this run compares clips under loopback and the table under source"
    )
    measured.run("canonical-6")
    assert measured.found(used=False).status == "proved"
    assert declared_rows.read_declared(measured.database, ["mine"], used=True) == ()
    write_own(measured, lambda name, value: value + 0.01 * (name == "adm2"))
    measured.run("own")
    found = measured.found()
    assert found.status == "failed"
    assert found.reason is not None
    assert "adm2 differs by 0.01" in found.reason
    assert measured.origin() == "own=table:own"


def test_where_most_clips_are_not_here_the_table_supplies_and_the_rest_proves(
    measured: Mine,
) -> None:
    """Without the declaration the block is measured, and the clips that are not here lack it."""
    own = measured.folder / "features" / "own.csv"
    head, *rows = own.read_text().splitlines()
    absent = [f"absent{n}" for n in range(len(QUALITIES) + 1)]
    rows += [f"{name},{rows[n % 6].partition(',')[2]}" for n, name in enumerate(absent)]
    names = [*(f"q{crf}.mp4" for crf in QUALITIES), *(f"{name}.mp4" for name in absent)]
    (motion, *_) = feature_rows.feature_table(measured.database)["motion2"].to_pylist()
    own.write_text("\n".join([f"{head},motion2", *(f"{row},{motion}" for row in rows)]) + "\n")
    measured.label(names, "source.mkv")
    measured.run("canonical-6")
    complete = feature_rows.training_clip_ids(measured.database, gaps=False)
    assert len(complete) == len(QUALITIES)
    measured.declare()
    measured.run("canonical-6")
    complete = feature_rows.training_clip_ids(measured.database, gaps=False)
    assert len(complete) == len(names)
    assert measured.origin().startswith("canonical-6=table:own (declared: libvmaf under source, ")
    found = measured.found()
    assert (found.status, found.n) == ("unproved", len(QUALITIES))
    # One source moves in one way.
    assert found.reason == "not proved: motion2 is the same on all clips"


def test_without_a_clip_it_says_that_nothing_was_checked(mine: Mine) -> None:
    mine.label(["a.mp4", "b.mp4"], "source.mkv")
    (mine.folder / "corpus.toml").write_text(TOML.replace('clips = "clips"\n', ""))
    (mine.folder / "features" / "own.csv").write_text("name,adm2\na,.5\nb,.6\n")
    mine.declare()
    assert mine.run("own") == 0
    found = mine.found()
    assert found.status == "unproved"
    assert found.reason == "not checked: no clip of this corpus is here"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/corpora/avt-image-pairs is absent")
def test_published_figures_of_real_pairs_are_ours(mine: Mine) -> None:
    """The owners' libvmaf figures, of another build than ours, within the limits."""
    head, *rows = (SHARED / "labels.csv").read_text().splitlines()
    some = rows[::8]  # of all four contents
    (mine.folder / "labels.csv").write_text("\n".join([head, *some]) + "\n")
    for name in {name for row in some for name in (row.split(",")[0], row.split(",")[-1])}:
        (mine.folder / "clips" / name).hardlink_to(SHARED / "clips" / name)
    table = (SHARED / "features" / "published.csv").read_text()
    (mine.folder / "features" / "own.csv").write_text(table)
    mine.declare()
    assert mine.run("own") == 5
    found = mine.found()
    assert (found.status, found.n) == ("proved", 5), found.reason
