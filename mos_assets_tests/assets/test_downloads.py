"""raw_corpus downloads what a manifest names, says so, and counts what did not come."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.store import corpus_rows
from mos_assets_tests.assets.conftest import TOML, Ran, World, make_world
from mos_assets_tests.downloads.serving import Site, body, serve, status

CORPUS = "konvid-150k"


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, site: Site, write_clips: Callable[[Path], None]) -> World:
    """Fifteen clips of which the server has twelve."""
    write_clips(tmp_path / "made")
    rows = ["file_name,url,MOS"]
    for index, path in enumerate(sorted((tmp_path / "made").iterdir())):
        rows.append(f"{path.name},{site.url(f'/{path.name}')},{1.5 + index / 5}")
        if index >= 3:
            site.has(f"/{path.name}", body(path.read_bytes()))
    folder = tmp_path / "corpora" / CORPUS
    folder.mkdir(parents=True)
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return make_world(
        tmp_path, CORPUS, konvid_150k_floor=1, download_private=True, download_rate=1000.0
    )


def ingest(world: World) -> Ran:
    result = world.run("raw_corpus")
    assert result.success
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    return Ran(world, result, checks)


def test_clips_come_are_counted_and_come_only_once(world: World, site: Site) -> None:
    first = ingest(world)
    told = first.metadata("raw_corpus")
    counted = ("downloaded", "downloads_failed", "downloads_failed_permanently", "clips_opened")
    assert [told[name].value for name in counted] == [12, 0, 3, 12]
    assert told["clips_with_video"].value == 12
    check = first.checks["clips_present"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["without_usable_clip"].value == 3
    assert check.metadata["downloads_failed"].value == 3
    rows = corpus_rows.read_clips(world.database, [CORPUS])
    assert sum(clip.probe is not None for clip in rows) == 12

    asked = len(site.asked)
    told = ingest(world).metadata("raw_corpus")
    assert [told[name].value for name in counted] == [0, 0, 3, 0]
    assert len(site.asked) == asked


def test_a_download_of_which_nothing_came_is_no_corpus_without_clips(
    world: World, site: Site
) -> None:
    site.paths.clear()
    check = ingest(world).checks["clips_present"]
    assert not check.passed
    assert check.metadata["downloads_failed"].value == 15


def test_nothing_is_downloaded_for_features_from_tables(world: World, site: Site) -> None:
    table = world.folder(CORPUS) / "features" / "own.csv"
    table.parent.mkdir()
    table.write_text("clip_name,sharpness\nscene0_crf18,1\n")
    told = ingest(world.using(features="own")).metadata("raw_corpus")
    assert told["downloaded"].value == 0
    assert site.asked == []


def test_what_failed_for_now_is_asked_for_again_in_a_corpus_that_is_unchanged(
    world: World, site: Site
) -> None:
    """Then every clip is there or not to be had, and nothing is read or asked any more."""
    names = sorted(path.name for path in (world.root / "made").iterdir())
    site.has(f"/{names[0]}", status(404))
    whole = site.paths[f"/{names[5]}"]
    site.has(f"/{names[5]}", status(206))
    told = ingest(world).metadata("raw_corpus")
    assert (told["downloads_failed"].value, told["unchanged_corpora"].value) == (1, "none")
    site.paths[f"/{names[5]}"] = whole
    for unchanged in ("none", "none", CORPUS):
        told = ingest(world).metadata("raw_corpus")
        assert told["downloads_failed"].value == 0
        assert told["downloads_failed_permanently"].value == 3
        assert told["unchanged_corpora"].value == unchanged


def test_what_a_small_corpus_lacks_is_not_hidden_by_a_large_one(world: World) -> None:
    """Nor by features that need no more of a clip than its header."""
    whole = world.folder("whole")
    (whole / "clips").mkdir(parents=True)
    lines = ["clip,mos,scene"]
    for index in range(45):
        made = sorted((world.root / "made").iterdir())[index % 15]
        box = (16).to_bytes(4, "big") + b"free" + index.to_bytes(8, "big")
        (whole / "clips" / f"{index}.mp4").write_bytes(made.read_bytes() + box)
        lines.append(f"{index}.mp4,3,{index}")
    (whole / "labels.csv").write_text("\n".join(lines) + "\n")
    (whole / "corpus.toml").write_text(TOML.format(name="whole", clips='clips = "clips"'))
    both = world.using(corpus=f"{CORPUS},whole", features="container-v1")
    check = ingest(both).checks["clips_present"]
    assert not check.passed
    assert check.description == "konvid-150k: 3 of 15 labels have no usable clip"
    assert check.metadata["share"].value == {CORPUS: 0.2, "whole": 0.0}
    assert check.metadata["without_usable_clip"].value == 3
