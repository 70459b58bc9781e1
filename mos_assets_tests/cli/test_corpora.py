"""`mos corpus check`: what a folder holds, said before anything runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mos_assets.cli import main
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree

SHARED = Path(__file__).parents[2] / "../shared/data/corpora"


def check(folder: Path) -> Result:
    return CliRunner().invoke(main, ["corpus", "check", str(folder)])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Three labels, two of them good; one clip that is there, and one that is not a clip."""
    labels = "clip,mos\na,3\nb,7.5\nc,2\n"
    root = write_tree(
        tmp_path,
        {"mine/corpus.toml": MINIMAL_TOML, "mine/labels.csv": labels, "mine/clips/c.mp4": "text"},
    )
    run = run_ffmpeg(
        find_ffmpeg(),
        [
            *("-f", "lavfi", "-i", "testsrc=s=64x48:d=0.2", "-c:v", "libx264"),
            str(root / "mine/clips/a.mp4"),
        ],
    )
    assert run.returncode == 0, run.stderr.decode()
    return root / "mine"


def test_what_is_there_and_what_would_be_rejected(mine: Path) -> None:
    before = sorted(mine.rglob("*"))
    found = check(mine)
    assert found.exit_code == 2, found.output
    assert "clips       1 found and readable, 0 labels without a clip" in found.stdout
    assert "labels.csv:3: b: MOS is 7.5, outside the declared range 1..5" in found.stdout
    assert "labels.csv:4: c.mp4: the clip cannot be used: no video can be read" in found.stdout
    assert sorted(mine.rglob("*")) == before, "it writes nothing"


def test_tables_that_do_not_fit_or_know_the_answer(mine: Path) -> None:
    write_tree(
        mine,
        {
            "labels.csv": "clip,mos\na,3\n",
            "features/good.csv": "clip_name,x,kind\na,1,u\nstranger,2,v\n",
            "features/told.csv": "clip_name,x,Mos\nother,1,3\n",
            "shots/s.csv": "clip_name,shot_count,shot_avg_duration_sec\na,2,1.0\n",
        },
    )
    (mine / "clips/c.mp4").unlink()
    found = check(mine)
    assert found.exit_code == 2, found.output
    assert "good, 1 columns: 1 clips, 0 clips without a row, 1 rows without a clip" in found.stdout
    assert "1 column left out, no features (kind)" in found.stdout
    assert "shots      : 1 clips, 0 clips without a row" in found.stdout
    assert "warning: table told has a column 'Mos', a name of ratings" in found.stdout
    assert "warning: no row of told fits a clip" in found.stdout


def test_labels_that_nothing_stands_for_and_labels_as_features(mine: Path) -> None:
    """Figures stand for clips where there are none; a column called as the labels is none."""
    toml = (mine / "corpus.toml").read_text().replace('clips = "clips"\n', "")
    table = "clip_name,x,mos\n" + "".join(f"c{at},{at % 3},{at % 4}\n" for at in range(8))
    labels = "clip,mos\n" + "".join(f"c{at},{1 + at % 4}\n" for at in range(8))
    tree = {"corpus.toml": toml, "labels.csv": labels, "features/t.csv": table}
    write_tree(mine, {**tree, "labels.csv": labels + "Keseluruhan,3\n"})
    found = check(mine)
    assert found.exit_code == 2, found.output
    assert "missing     labels.csv: Keseluruhan.mp4: it has neither" in found.stdout
    assert "t, 1 columns: 8 clips, 1 clips without a row, 1 column left out" in found.stdout
    assert "warning: table t has a column 'mos', which is what the corpus calls" in found.stdout
    write_tree(mine, {**tree, "features/t.csv": table.replace("mos", "y")})
    found = check(mine)
    assert found.exit_code == 0, found.output


def test_where_a_run_would_stop(tmp_path: Path) -> None:
    found = check(tmp_path / "nowhere")
    assert found.exit_code == 1
    assert "nowhere" in found.output
    assert "Traceback" not in found.output


def test_names_cannot_steer_the_terminal(mine: Path) -> None:
    with (mine / "labels.csv").open("a") as labels:
        labels.write("x\x1b[2J,3\n")
    assert "\x1b" not in check(mine).output


def test_the_real_one_is_sound() -> None:
    folder = SHARED / "avt-vqdb-uhd-1"
    if not folder.is_dir():
        pytest.skip("../shared/data/corpora/avt-vqdb-uhd-1 is not on this machine")
    found = check(folder)
    assert found.exit_code == 0, found.output
    assert "660 clips in labels.csv" in found.stdout
    assert "contents    16 groups" in found.stdout


def test_downloads_by_manifest_from_a_real_server(mine: Path, tmp_path: Path, server: str) -> None:
    """Refused as private first; allowed, one comes and one is not there."""
    rows = f"a.mp4,{server}/a.mp4,3\ngone.mp4,{server}/gone.mp4,2\n"
    write_tree(tmp_path, {"konvid-150k/manifest.csv": f"file_name,url,MOS\n{rows}"})
    environment = {
        "MOS_CORPUS_ROOT": str(tmp_path),
        "MOS_STORE": str(tmp_path / "store"),
        "MOS_KONVID_150K_FLOOR": "1",
    }

    def fetch(*options: str, **more: str) -> Result:
        arguments = ["corpus", "fetch", "konvid-150k", *options]
        return CliRunner().invoke(main, arguments, env={**environment, **more})

    refused = fetch()
    assert refused.exit_code == 2, refused.output
    assert "missing     a.mp4: refused: " in refused.stdout
    assert "MOS_DOWNLOAD_PRIVATE" in refused.stdout
    allowed = fetch(MOS_DOWNLOAD_PRIVATE="true")
    assert allowed.exit_code == 2, allowed.output
    assert "1 clips downloaded" in allowed.stdout
    assert "missing     gone.mp4: " in allowed.stdout
    assert "--again" in allowed.stdout
    assert (tmp_path / "konvid-150k/clips/a.mp4").read_bytes() == (
        mine / "clips/a.mp4"
    ).read_bytes()
    write_tree(
        tmp_path, {"konvid-150k/manifest.csv": f"file_name,url,MOS\n{rows[: rows.find('g')]}"}
    )
    shorter = fetch()
    assert shorter.exit_code == 0, shorter.output
    assert "missing" not in shorter.stdout.split("are missing")[1]


def test_what_has_nothing_to_download_is_named(mine: Path) -> None:
    environment = {"MOS_CORPUS_ROOT": str(mine.parent), "MOS_STORE": str(mine.parent / "store")}
    for name, said in (("konvid-150x", "is not there"), ("mine", "has no manifest")):
        found = CliRunner().invoke(main, ["corpus", "fetch", name], env=environment)
        assert (found.exit_code, said in found.output) == (1, True), found.output


def test_a_demo_that_is_not_there_is_not_rendered(tmp_path: Path) -> None:
    found = check(tmp_path / "demo")
    assert (found.exit_code, "There is no folder" in found.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_shots_that_are_rejected_and_a_last_line_without_an_end(mine: Path) -> None:
    shots = "clip_name,shot_count,shot_avg_duration_sec\na,2,1.0\nb,-1,1\n"
    write_tree(mine, {"labels.csv": "clip,mos\na,3\n", "shots/s.csv": shots})
    (mine / "clips/c.mp4").unlink()
    found = check(mine)
    assert found.exit_code == 2, found.output
    assert "rejected    shots/s.csv:3: b: shot_count is -1" in found.stdout
    assert "warning" not in found.stdout
    write_tree(mine, {"labels.csv": "clip,mos\na,3", "shots/s.csv": shots[: shots.find("b,")]})
    found = check(mine)
    assert found.exit_code == 2, found.output
    assert "warning: labels.csv: the last line has no line end" in found.stdout


def test_votes_names_raters_and_clips_to_look_at(tmp_path: Path) -> None:
    toml = MINIMAL_TOML.replace('labels = ["labels.csv"]\n', "").replace('mos = "mos"\n', "")
    toml = toml.replace('clips = "clips"\n', "") + '[votes]\nfiles = ["votes.csv"]\n'
    rows = [[n % 5 + 1, (n + n // 5 % 2) % 5 + 1, 5 - n % 5, n % 5 + 1] for n in range(30)]
    table = "clip,ann,=bob,eve,kim\n" + "".join(
        f"c{n},{','.join(map(str, row))}\n" for n, row in enumerate(rows)
    )
    write_tree(tmp_path, {"mine/corpus.toml": toml, "mine/votes.csv": table})

    def votes() -> Result:
        return CliRunner().invoke(main, ["corpus", "votes", str(tmp_path / "mine")])

    found = votes()
    assert found.exit_code == 0, found.output
    assert "estimator   p913: bias removed" in found.stdout
    (eve,) = [line for line in found.stdout.splitlines() if line.startswith("eve ")]
    assert "goes against the panel" in eve
    assert "label ceiling" in found.stdout
    write_tree(tmp_path, {"mine/votes.csv": table + "d,1,2,9,x\n"})
    odd = votes()
    assert odd.exit_code == 2
    assert "rejected    votes.csv:32: d: column 'eve': vote is 9, outside" in odd.stdout
    write_tree(tmp_path, {"mine/corpus.toml": MINIMAL_TOML})
    none = votes()
    assert none.exit_code == 1
    assert "names no votes" in none.stderr
    assert "Traceback" not in none.output


@pytest.fixture
def server(mine: Path) -> Iterator[str]:
    """The clips of `mine`, served on the loopback address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(mine / "clips"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()
        thread.join()
