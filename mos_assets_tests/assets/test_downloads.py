"""raw_corpus downloads what a manifest names, says so, and counts what did not come."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.store import corpus_rows
from mos_assets_tests.assets.conftest import Ran, World, make_world
from mos_assets_tests.corpora.download.serving import Site, body, serve

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
