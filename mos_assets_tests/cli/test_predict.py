"""`mos predict` on real clips and real heads: what it writes, refuses and exits with."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mos_assets.cli import main
from mos_assets.evaluation import fit_envelope
from mos_assets.features import fingerprint
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.records import LabelOrigin, Status, TrainingTable
from mos_assets.release.naming import ReleaseFiles
from mos_assets.settings import Comparison, ReferencePolicy
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.made import Encodes

MODEL = Path(__file__).parents[2] / "model"
PAIRS, ALONE = "pairs_mos_head_v1", "alone_mos_head_v1"


@pytest.fixture(scope="module")
def heads(release: Release, ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Accepted head that compares with the source, and a Proposed one that needs none, of human
    ratings; and one of simulated ratings."""
    folder = tmp_path_factory.mktemp("heads") / "model"
    parts = ("libvmaf", "saliency")
    prints = " + ".join(
        fingerprint(part, Comparison(ReferencePolicy.SOURCE), ffmpeg) for part in parts
    )
    human = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    human.called(PAIRS, "MOS_REFERENCE=source", fingerprint=prints).put(folder)
    release.standing(Status.PROPOSED, LabelOrigin.HUMAN).called(ALONE).put(folder)
    release.put(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the tests of this file measure each clip once."""
    return tmp_path_factory.mktemp("cache")


def mos(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)], env=environment)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def test_a_folder_is_scored_against_its_references(
    encodes: Encodes, heads: Path, cache: Path
) -> None:
    found = mos(
        *(encodes.clips, "--references", encodes.references),
        *("--model", heads, "--cache", cache),
    )
    assert found.exit_code == 0, found.output
    scored = rows(found.stdout)
    assert [Path(row["clip"]).name for row in scored] == [
        "park_high.mkv",
        "park_low.mp4",
        "lake.mp4",
    ]
    for row in scored:
        assert row["head"] == PAIRS
        assert (row["source"], row["status"], row["comparable"]) == ("head", "Accepted", "yes")
        assert row["applicability"] == ""
        assert 1 <= float(row["low"]) <= float(row["mos"]) <= float(row["high"]) <= 5
        assert row["level"] == "0.9"
        assert Path(row["reference"]).stem == Path(row["clip"]).name.partition("_")[0].split(".")[0]
    assert not list(encodes.root.rglob("*.json"))


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".json", ".parquet"])
def test_every_format_says_the_same(
    encodes: Encodes, heads: Path, cache: Path, tmp_path: Path, suffix: str
) -> None:
    low, output = encodes.clips / "park_low.mp4", tmp_path / f"scores{suffix}"
    given = (low, tmp_path / "gone.mp4", "--reference", encodes.references / "park.mkv")
    where = ("--model", heads, "--cache", cache)
    printed = rows(mos(*given, *where).stdout)
    found = mos(*given, *where, "--output", output)
    assert found.exit_code == 1, found.output
    assert found.stdout == ""
    if suffix == ".parquet":
        read = pq.read_table(output).to_pylist()
    elif suffix == ".json":
        read = json.loads(output.read_text())
    else:
        delimiter = "," if suffix == ".csv" else "\t"
        read = list(csv.DictReader(output.open(newline=""), delimiter=delimiter))
    assert [row["clip"] for row in read] == [str(low), str(tmp_path / "gone.mp4")]
    assert float(read[0]["mos"]) == float(printed[0]["mos"])
    assert (read[0]["comparable"], read[1]["comparable"] or "") == ("yes", "")
    assert read[1]["mos"] in (None, "")
    assert "there is no such file" in read[1]["reason"]
    assert list(tmp_path.iterdir()) == [output]


def test_a_clip_outside_the_training_rows_is_marked_and_counted(
    encodes: Encodes, release: Release, rated: TrainingTable, cache: Path, tmp_path: Path
) -> None:
    """The head knows clips of one kind; `park_low.mp4` is of another in a column."""
    features = rated.features.copy()
    features[:, 1] += 1e6
    groups = [str(at) for at in range(len(features))]
    envelope = fit_envelope(rated.feature_order, features, np.arange(len(groups)) % 5, groups)
    told = release.standing(Status.PROPOSED, LabelOrigin.HUMAN).called(ALONE)
    manifest = told.manifest.model_copy(update={"applicability": envelope})
    replace(told, manifest=manifest).put(tmp_path)
    found = mos(encodes.clips / "park_low.mp4", "--model", tmp_path, "--cache", cache)
    assert found.exit_code == 0, found.output
    (row,) = rows(found.stdout)
    assert (row["applicability"], row["low"]) == ("outside", "")
    assert "1 of 1 scored clips (100%) lie outside the rows" in found.stderr


def test_without_a_reference_a_head_of_human_ratings_scores(
    encodes: Encodes, heads: Path, cache: Path
) -> None:
    found = mos(encodes.clips / "park_low.mp4", "--cache", cache, MOS_MODEL_DIR=str(heads))
    assert found.exit_code == 0, found.output
    (row,) = rows(found.stdout)
    assert (row["head"], row["comparable"], row["low"]) == (ALONE, "no", "")
    assert "not comparable" in found.stderr


def test_simulated_ratings_score_only_where_they_are_named(
    encodes: Encodes, cache: Path, tmp_path: Path
) -> None:
    """The head that came with the package, from whatever folder it is called."""
    clip = encodes.clips / "park_low.mp4"
    refused = mos(clip, "--cache", cache)
    assert refused.exit_code == 4
    assert refused.stdout == ""
    assert "--head" in refused.stderr
    assert f"{HEAD_ID} (Proposed, simulated ratings)" in refused.stderr
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        named = mos(clip, "--head", HEAD_ID, "--cache", cache)
    finally:
        os.chdir(here)
    assert named.exit_code == 0, named.output
    assert "simulated labels" in rows(named.stdout)[0]["reason"]


def test_the_codec_rule_answers_only_where_it_is_asked_for(
    encodes: Encodes, release: Release, tmp_path: Path
) -> None:
    clip, where = encodes.clips / "park_low.mp4", ("--model", tmp_path, "--head", HEAD_ID)
    release.put(tmp_path)
    ReleaseFiles(tmp_path, HEAD_ID).card.write_text("altered")
    refused = mos(clip, *where)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "sha256" in refused.stderr
    answered = mos(clip, *where, "--fallback")
    assert answered.exit_code == 3, answered.output
    (row,) = rows(answered.stdout)
    assert (row["source"], row["head"], row["low"]) == ("fallback", "", "")
    assert "sha256" in row["reason"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--head", PAIRS], 4, "--reference"),
        (["--head", "mine_mos_head_v1"], 4, "There: alone_mos_head_v1"),
        (["--head", "mine_mos_head_v1", "--fallback"], 4, "There: alone_mos_head_v1"),
        (["--references", "{root}/none"], 4, "there is no such folder"),
        (["--references", "{root}/clips/sub"], 4, "the clips themselves apart"),
        (["--reference", "{root}/text.mkv"], 4, "text.mkv: no video can be read"),
        (["--references", "{root}/empty"], 4, "empty: it holds no video file"),
        (["--reference", "{root}/none.mkv"], 4, "there is no such file"),
        (["--reference", "{root}/references"], 4, "--references"),
        (["--reference", "{root}/references/lake.mkv"], 1, "something else than its reference"),
        (["--reference-table", "{root}/none.csv"], 4, "none.csv"),
        (["--reference", "a", "--references", "b"], 2, "--reference"),
        (["--cache", "a", "--no-cache"], 2, "--cache"),
        (["--output", "scores.xls"], 2, ".parquet"),
        (["--output", "{root}/none/scores.csv"], 4, "Make its folder"),
        (["--model", "s3://heads"], 2, "s3"),
        (["--model", "{root}/none"], 4, "--model"),
    ],
)
def test_what_cannot_be_done_is_said_once(
    encodes: Encodes, heads: Path, cache: Path, options: list[str], code: int, said: str
) -> None:
    filled = [option.replace("{root}", str(encodes.root)) for option in options]
    caching = () if "--no-cache" in options else ("--cache", cache)
    clips = encodes.clips / "sub" / "lake.mp4", encodes.clips / "park_high.mkv"
    found = mos(*clips, "--model", heads, *caching, *filled)
    assert found.exit_code == code, found.output
    assert said in found.stderr
    assert sum(said in line for line in found.stderr.splitlines()) == 1
    assert "Traceback" not in found.output


def test_a_folder_with_nothing_to_score_is_one_message(tmp_path: Path, heads: Path) -> None:
    (tmp_path / ".hidden.mp4").touch()
    (tmp_path / "notes.txt").touch()
    found = mos(tmp_path, "--model", heads)
    assert found.exit_code == 4
    told = found.stderr.splitlines()
    assert told[0].endswith("passed over 1 hidden one, 1 file of no video suffix")
    assert "nothing to score" in told[1]
    assert len(told) == 2


def test_a_bad_clip_is_named_and_the_others_are_scored(
    encodes: Encodes, heads: Path, cache: Path, tmp_path: Path
) -> None:
    text, odd = tmp_path / "text.mp4", tmp_path / "-odd\tname \udcff.mp4"
    text.write_text("not a clip")
    shutil.copy(encodes.clips / "park_low.mp4", odd)
    found = mos(tmp_path, "--model", heads, "--cache", cache)
    assert found.exit_code == 1
    scored, bad = rows(found.stdout)
    assert scored["clip"].endswith("-odd\N{REPLACEMENT CHARACTER}name \\xff.mp4")
    assert bad["mos"] == ""
    assert f"{text}: no video can be read from it" in bad["reason"]
    assert bad["reason"] in found.stderr


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(
    tmp_path: Path, heads: Path
) -> None:
    nasty = tmp_path / "\x1b[2J\x07go\nne.mp4"
    nasty.write_text("no clip")
    found = mos(nasty, "--model", heads, "--no-cache")
    assert found.exit_code == 4
    assert not set("\x1b\x07") & set(found.output)
    assert len(found.stdout.splitlines()) == 2


def test_columns_that_nobody_measures_are_refused_by_name(
    encodes: Encodes, release: Release, tmp_path: Path
) -> None:
    order = ("adm2", "videval_7", "saliency_mean")
    strange = release.manifest.model_copy(update={"feature_order": order})
    type(release)(strange, release.onnx, release.card, release.report).put(tmp_path)
    found = mos(encodes.clips, "--model", tmp_path, "--head", HEAD_ID)
    assert found.exit_code == 4
    assert "'videval_7'" in found.stderr


def test_what_a_killed_call_measured_is_not_measured_again(
    encodes: Encodes, heads: Path, tmp_path: Path
) -> None:
    clips, cache = tmp_path / "clips", tmp_path / "cache"
    clips.mkdir()
    source = (encodes.clips / "park_low.mp4").read_bytes()
    for number in range(4):
        # A free box at the end of an MP4 makes other bytes of the same pictures.
        free = b"\0\0\0\x0cfree" + bytes([number] * 4)
        (clips / f"park_{number}.mp4").write_bytes(source + free)
    call = [
        *(sys.executable, "-c", "from mos_assets.cli import main; main()", "predict", str(clips)),
        *("--references", str(encodes.references), "--model", str(heads)),
        *("--cache", str(cache), "--workers", "1"),
    ]
    first = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len(list(cache.glob("??/*.json"))) < 2:  # both parts of the first clip
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = {path: path.read_bytes() for path in cache.glob("??/*.json")}
    again = subprocess.run(call, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert len(rows(again.stdout)) == 4
    assert "known already" in again.stderr
    assert all(path.read_bytes() == content for path, content in before.items())
    third = subprocess.run(call, capture_output=True, text=True, check=False)
    assert third.stdout == again.stdout
    assert "measured" not in third.stderr
