"""`mos compare`, `mos ladder` and `mos explain` on real clips and real heads."""

# mypy: disable-error-code="no-untyped-def"

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from mos_assets.cli import main
from mos_assets.features import fingerprint
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.records import LabelOrigin, Status
from mos_assets.release.manifest import ManifestPairedInterval
from mos_assets.settings import Comparison, ReferencePolicy
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.made import Encodes

PAIRS, ALONE = "pairs_mos_head_v1", "alone_mos_head_v1"
PROMISE = ManifestPairedInterval(
    level=0.9, half_width=0.01, n_pairs=900, n_contents=20, coverage=None, error_sd=0.01
)


@pytest.fixture(scope="module")
def heads(release: Release, ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Accepted head that compares with the source, and promises pairs; a Proposed one that needs
    none and does not; and one of simulated ratings."""
    folder = tmp_path_factory.mktemp("heads") / "model"
    parts = ("libvmaf", "saliency")
    prints = " + ".join(
        fingerprint(part, Comparison(ReferencePolicy.SOURCE), ffmpeg) for part in parts
    )
    human = release.standing(Status.ACCEPTED, LabelOrigin.HUMAN)
    pairs = human.called(PAIRS, "MOS_REFERENCE=source", fingerprint=prints)
    promised = pairs.manifest.model_copy(update={"paired_interval": PROMISE})
    replace(pairs, manifest=promised).put(folder)
    release.standing(Status.PROPOSED, LabelOrigin.HUMAN).called(ALONE).put(folder)
    release.put(folder)
    return folder


@pytest.fixture(scope="module")
def ladders(encodes: Encodes, ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`a/` and `b/`, five encodes of the park each; `b/` is padded with what shows nothing."""
    root = tmp_path_factory.mktemp("ladders")
    for name, settings in (("a", "bframes=0:keyint=1"), ("b", "keyint=30")):
        (root / name).mkdir()
        for crf in (12, 22, 32, 40, 48):
            clip = root / name / f"{crf}.mp4"
            source = ["-i", f"file:{encodes.references / 'park.mkv'}"]
            codec = ["-c:v", "libx264", "-crf", str(crf), "-x264-params", settings]
            rendered = run_ffmpeg(ffmpeg, [*source, *codec, f"file:{clip}"])
            assert rendered.returncode == 0, rendered.stderr
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that the tests of this file measure each clip once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def mos(heads: Path, cache: Path):
    def call(*arguments: object) -> Result:
        where = ("--model", heads, "--cache", cache)
        return CliRunner().invoke(main, [str(each) for each in (*arguments, *where)])

    return call


def test_two_encodes_of_one_source(encodes: Encodes, tmp_path: Path, mos) -> None:
    low, high = encodes.clips / "park_low.mp4", encodes.clips / "park_high.mkv"
    output = tmp_path / "found.json"
    source = encodes.references / "park.mkv"
    found = mos("compare", low, high, "--reference", source, "--output", output)
    assert found.exit_code == 0, found.output
    told = json.loads(output.read_text())
    assert told["difference"] == pytest.approx(told["b"]["mos"] - told["a"]["mos"], abs=1e-4)
    assert (told["low"], told["high"]) == pytest.approx(
        (told["difference"] - 0.01, told["difference"] + 0.01)
    )
    assert told["larger_than_interval"] is True
    assert "B would be rated above A" in found.stderr
    assert found.stdout.splitlines()[-1].split("\t")[2] == str(told["difference"])
    turned = mos("compare", high, low, "--reference", source)
    assert "A would be rated above B" in turned.stderr


def test_a_head_that_needs_no_reference_compares_what_shows_the_same(encodes: Encodes, mos) -> None:
    low, high = encodes.clips / "park_low.mp4", encodes.clips / "park_high.mkv"
    found = mos("compare", low, high)
    assert found.exit_code == 0, found.output
    assert "no interval of the difference can be promised" in found.stderr
    other = mos("compare", low, encodes.clips / "sub" / "lake.mp4")
    assert (other.exit_code, other.stdout) == (4, "")
    assert "are no encodes of one source" in other.stderr


def test_a_ladder(encodes: Encodes, ladders: Path, tmp_path: Path, mos) -> None:
    output, plot = tmp_path / "found.json", tmp_path / "found.png"
    given = ("ladder", ladders / "a", ladders / "b", "--reference", encodes.references / "park.mkv")
    found = mos(*given, "--output", output, "--plot", plot)
    assert found.exit_code == 0, found.output
    told = json.loads(output.read_text())
    # Pictures that are all coded alone need more.
    assert told["bd_rate_percent"] < 0
    assert told["low"] <= told["bd_rate_percent"] <= told["high"]
    for side in "ab":
        kbps = [row["kbps"] for row in told[side]]
        assert kbps == sorted(kbps)
        assert len(kbps) == 5
    assert len(found.stdout.splitlines()) == 11
    assert f"{ladders / 'b'} needs" in found.stderr
    with Image.open(plot) as picture:
        assert picture.format == "PNG"
    before = plot.read_bytes(), output.read_bytes(), found.stdout
    again = mos(*given, "--output", output, "--plot", plot)
    assert (plot.read_bytes(), output.read_bytes(), again.stdout) == before


def test_what_pushed_a_score(encodes: Encodes, tmp_path: Path, mos) -> None:
    output, plot = tmp_path / "found.json", tmp_path / "found.png"
    given = encodes.clips / "park_low.mp4", "--reference", encodes.references / "park.mkv"
    found = mos("explain", *given, "--output", output, "--plot", plot)
    assert found.exit_code == 0, found.output
    told = json.loads(output.read_text())
    total = told["mean_score"] + sum(push["mos"] for push in told["pushes"])
    assert total == pytest.approx(told["clip"]["mos"], abs=5e-4)
    assert {push["features"][0]["name"] for push in told["pushes"]} == {
        *("adm2", "motion2", "saliency_mean")
    }
    assert told["timeline"] is None
    assert plot.stat().st_size > 0
    strongest = told["pushes"][0]["features"][0]["name"]
    assert found.stdout.splitlines()[1].split("\t")[1] == strongest


def test_a_long_clip_has_a_timeline(ffmpeg: Ffmpeg, tmp_path: Path, mos) -> None:
    """Its second half is blurred, and the detail is seen to go there."""
    source, clip, output = (tmp_path / name for name in ("source.mkv", "clip.mkv", "found.json"))
    pattern = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=6,format=yuv420p"]
    for path, filters in ((source, "null"), (clip, "gblur=6:enable='gte(t,3)'")):
        rendered = run_ffmpeg(ffmpeg, [*pattern, "-vf", filters, "-c:v", "ffv1", f"file:{path}"])
        assert rendered.returncode == 0, rendered.stderr
    given = ("explain", clip, "--reference", source, "--output", output)
    found = mos(*given, "--plot", tmp_path / "plot.png")
    assert found.exit_code == 0, found.output
    told = json.loads(output.read_text())["timeline"]
    assert told["indicative"] is True
    assert told["varying"] == ["adm2", "motion2"]
    sharp, blurred = told["mos_by_second"][:3], told["mos_by_second"][3:]
    assert len(blurred) == 3
    assert min(sharp) > max(blurred)
    assert "indicative" in found.stderr
    without = mos(*given, "--no-timeline")
    assert without.exit_code == 0
    assert json.loads(output.read_text())["timeline"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["compare", "{low}", "{low}"], 4, "hold the same bytes and differ in nothing"),
        (["compare", "{low}", "{root}/none.mp4"], 4, "none.mp4: there is no such file"),
        (["compare", "{low}", "{root}"], 4, "it is a folder"),
        (["compare", "{low}", "{lake}", "--reference", "{park}"], 4, "something else than its"),
        (["compare", "{low}", "{high}", "--reference", "{root}/none.mkv"], 4, "no such file"),
        (["compare", "{low}", "{high}", "--head", PAIRS], 4, "--reference"),
        (["compare", "{low}", "{high}", "--head", "mine_mos_head_v1"], 4, f"There: {ALONE}"),
        (["compare", "{low}", "{high}", "--output", "found.csv"], 2, "end it in .json"),
        (["compare", "{low}", "{high}", "--output", "{root}/none/a.json"], 4, "Make its folder"),
        (["explain", "{low}", "--plot", "/proc/a.png"], 4, "--plot /proc/a.png: it cannot be"),
        (["compare", "{low}", ""], 2, "it is empty"),
        (["ladder", "{a}", "{a}/."], 4, "are one folder"),
        (["compare", "{low}", "{high}", "--no-cache"], 2, "exclude each other"),
        (["ladder", "{root}/clips", "{root}/none"], 4, "there is no such folder"),
        (["ladder", "{a}", "{root}/clips", "--reference", "{park}"], 4, "something else than"),
        (["ladder", "{a}", "{root}/empty", "--reference", "{park}"], 4, "holds 0 encodes"),
        (["ladder", "{a}", "{root}/clips"], 4, "are no encodes of one source"),
        (["ladder", "{a}", "{root}", "--plot", "found.pdf"], 2, "end it in .png"),
        (["explain", "{root}/text.mkv"], 4, "no video can be read"),
        (["explain", "{low}", "--head", PAIRS], 4, "--reference"),
    ],
)
def test_what_cannot_be_done_is_said_once(
    encodes: Encodes, ladders: Path, mos, arguments: list[str], code: int, said: str
) -> None:
    places = {
        "{low}": encodes.clips / "park_low.mp4",
        "{high}": encodes.clips / "park_high.mkv",
        "{lake}": encodes.clips / "sub" / "lake.mp4",
        "{park}": encodes.references / "park.mkv",
        "{a}": ladders / "a",
        "{root}": encodes.root,
    }
    for name, place in places.items():
        arguments = [each.replace(name, str(place)) for each in arguments]
    found = mos(*arguments)
    assert found.exit_code == code, found.output
    assert sum(said in line for line in found.stderr.splitlines()) == 1, found.output
    assert found.stdout == ""
    assert "Traceback" not in found.output


def test_the_codec_rule_compares_nothing(encodes: Encodes, tmp_path: Path) -> None:
    clips = encodes.clips / "park_low.mp4", encodes.clips / "park_high.mkv"
    call = ["compare", *map(str, clips), "--model", str(tmp_path), "--head", HEAD_ID, "--no-cache"]
    found = CliRunner().invoke(main, call)
    assert found.exit_code == 4
    assert "No head" in found.stderr
