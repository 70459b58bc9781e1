"""Tables between corpus and training stand where nothing that they are made of has changed."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mos_assets.errors import SettingsError
from mos_assets.pipeline import assemble, shots, split
from mos_assets.pipeline.assemble import Assembled, LeakFindings, find_leaks
from mos_assets.pipeline.materials import materials
from mos_assets.pipeline.shots import ShotsFound
from mos_assets.pipeline.split import Split
from mos_assets.settings import RunSettings
from mos_assets.store.contents import contents_digest
from mos_assets.store.schema import (
    DECLARED_FEATURES,
    FOLD_GROUPS,
    SHOT_METADATA,
    quote,
)
from mos_assets_tests.corpora.making import write_tree
from mos_assets_tests.pipeline.chain import ROWS, Chain, settings_in, write_corpus

STEPS = (shots.STEP, assemble.STEP, split.STEP)
MARK = 7654321
WRITTEN = tuple(table for step in STEPS for table in step.writes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    root = tmp_path_factory.mktemp("standing")
    write_corpus(root, "mine", ROWS)
    write_corpus(root, "other", 12)
    ssim = "".join(f"mine{n},{n / 99}\n" for n in range(ROWS))
    write_tree(root / "corpora" / "mine", {"features/theirs.csv": f"clip_name,ssim\n{ssim}"})
    write_tree(
        root / "corpora" / "mine",
        {"shots/s.csv": "clip_name,shot_count,shot_avg_duration_sec\nmine1,x,1\n"},
    )
    return Chain(
        root, settings_in(root, test_corpus="other", features="own", folds=2, workers=1)
    ).prepare()


@pytest.fixture
def chain(made: Chain, tmp_path: Path) -> Chain:
    return made.copied(tmp_path / "copy")


def rows(chain: Chain) -> Mapping[str, list[dict[str, object]]]:
    return {
        name: chain.database.fetch(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
        for name in WRITTEN
    }


def mark(chain: Chain) -> None:
    """Write into what steps have said before something that none of them would say again."""
    with chain.database.connect() as connection:
        for told in ("complete", "known", "clips"):
            connection.execute(
                "UPDATE steps SET told = regexp_replace(told, ?, ?)",
                [f'"{told}":[0-9]+', f'"{told}":{MARK}'],
            )


def test_what_stands_is_not_written_again_and_says_the_same(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    run, paths, database = chain.settings.run, chain.settings.paths, chain.database
    caplog.set_level(logging.WARNING)
    leaks = find_leaks(run, paths, database)

    def told(run: RunSettings) -> tuple[ShotsFound, Assembled, Split, LeakFindings, str]:
        caplog.clear()
        return (
            shots.find_shots(run, paths, database, logging.getLogger()),
            assemble.assemble(run, paths, database),
            split.split(run, database),
            find_leaks(run, paths, database),
            caplog.text,
        )

    stands = told(run)
    # A row of a shot file that is refused is named by every run, whoever made the table.
    assert "shots/s.csv, line 2" in stands[-1]
    assert (stands[1].complete, stands[2].clips, stands[3]) == (ROWS, ROWS, leaks)
    mark(chain)
    caplog.set_level(logging.INFO)
    again = told(run)
    assert again[-1].count("has changed, so it stands") == len(STEPS) + 1
    caplog.set_level(logging.WARNING)
    assert (again[0].known, again[1].complete, again[2].clips) == (MARK, MARK, MARK)
    anew = told(chain.using(retrain=True).settings.run)
    assert anew == stands


@pytest.mark.parametrize("table", sorted({*WRITTEN} - {DECLARED_FEATURES, FOLD_GROUPS}))
def test_a_row_that_was_altered_is_mended(
    chain: Chain, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = rows(chain)
    column = next(reversed(whole[table][0]))
    with chain.database.connect() as connection:
        connection.execute(
            f"UPDATE {table} SET {quote(column)} = NULL "
            f"WHERE rowid = (SELECT max(rowid) FROM {table})"
        )
    assert rows(chain) != whole
    assert rows(chain.prepare_from_rows()) == whole
    assert "a row that it wrote is not as it was left" in caplog.text


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def a_shot_file(folder: Path) -> None:
    (folder / "shots" / "t.csv").write_text(
        "clip_name,shot_count,shot_avg_duration_sec\nmine2,3,2.5\n"
    )


def metrics(folder: Path) -> None:
    path = folder / "corpus.toml"
    path.write_text(f'{path.read_text()}\n[metrics]\nother = "own.noise"\n')


OUTSIDE: Mapping[str, Callable[[Path], None]] = {
    "a figure of a table": edited("features/own.csv", "mine3,3.5", "mine3,3.25"),
    "a table more": lambda folder: (
        shutil.copy(folder / "features" / "own.csv", folder / "features" / "vmaf.csv") and None
    ),
    "a shot file": a_shot_file,
    "what a metric is called": metrics,
}


@pytest.mark.parametrize("kind", OUTSIDE)
def test_what_lies_outside_of_the_store_counts(chain: Chain, kind: str) -> None:
    """The tables are those that a store without memory comes to."""
    OUTSIDE[kind](chain.root / "corpora" / "mine")
    before = rows(chain)
    after = rows(chain.prepare_from_rows())
    with chain.database.connect() as connection:
        connection.execute("DELETE FROM steps")
    assert rows(chain.prepare_from_rows()) == after
    if kind != "a table more":
        assert after != before


def test_a_table_that_has_gone_is_named(chain: Chain) -> None:
    (chain.root / "corpora" / "mine" / "features" / "own.csv").unlink()
    with pytest.raises(SettingsError, match="'own', which is neither"):
        chain.prepare_from_rows()


def test_a_table_that_is_moved_among_the_shots_counts(chain: Chain) -> None:
    """Under the same name and with the same bytes."""
    folder = chain.root / "corpora" / "mine"
    table = "clip_name,shot_count,shot_avg_duration_sec\n"
    (folder / "features" / "t.csv").write_text(table + "mine2,3,2.5\n")
    before = rows(chain.prepare_from_rows())[SHOT_METADATA]
    (folder / "features" / "t.csv").rename(folder / "shots" / "t.csv")
    after = rows(chain.prepare_from_rows())[SHOT_METADATA]
    assert [row["source"] for row in before if row["clip_id"] == "mine/mine2"] != ["shots/t.csv"]
    assert [row["source"] for row in after if row["clip_id"] == "mine/mine2"] == ["shots/t.csv"]


def test_what_is_no_table_counts_for_nothing(chain: Chain) -> None:
    run, paths, database = chain.settings.run, chain.settings.paths, chain.database
    mark(chain)
    for name in ("features/notes.txt", "shots/.nfs01", "features/own.csv.part"):
        write_tree(chain.root / "corpora" / "mine", {name: "not for us\n"})
    assert assemble.assemble(run, paths, database).complete == MARK


def test_rows_and_what_they_were_made_under_are_one(chain: Chain) -> None:
    """Other settings that give the same rows leave their stamp, and going back that of before; so
    does what stands after an earlier version wrote the same rows under others."""
    chain.using(reference="self").prepare_from_rows()
    chain.prepare_from_rows()
    with chain.database.connect() as connection:
        connection.execute(
            "UPDATE stamps SET under = 'others' WHERE made IN ('extracted_features', 'folds')"
        )
    materials(chain.prepare_from_rows().settings.run, chain.database)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE steps SET told = '{'",
        "UPDATE steps SET told = NULL",
        "DROP TABLE extracted_features",
        "DROP TABLE test_features",
    ],
)
def test_what_somebody_broke_is_made_anew(chain: Chain, sql: str) -> None:
    whole = rows(chain)
    with chain.database.connect() as connection:
        connection.execute(sql)
    assert rows(chain.prepare_from_rows()) == whole


def test_another_library_that_reads_headers_counts(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version stands in the fingerprint of rows whose figures come from headers."""
    told = tmp_path / "site" / "av-99.0.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: av\nVersion: 99.0\n")
    mark(chain)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    run, paths, database = chain.settings.run, chain.settings.paths, chain.database
    assert assemble.assemble(run, paths, database).complete == ROWS


def test_names_that_are_no_text_are_told_alike(chain: Chain) -> None:
    """A table whose name is not UTF-8, of which the log and the metadata speak."""
    folder = chain.root / "corpora" / "mine"
    name = os.fsdecode(b"odd\xff")
    (folder / "features" / f"{name}.csv").write_text("clip_name,mos,x\nmine1,1,2\nnobody,2,1\n")
    (folder / "features" / "z.jsonl").write_text('{"name": "mine1", "\\ud83d": "x", "q": 1}\n')
    (folder / "shots" / f"{name}.csv").write_text(
        "clip_name,shot_count,shot_avg_duration_sec\na,x,1\n"
    )
    run, paths, database = chain.settings.run, chain.settings.paths, chain.database
    log = logging.getLogger()

    def told() -> tuple[ShotsFound, Assembled, LeakFindings]:
        return (
            shots.find_shots(run, paths, database, log),
            assemble.assemble(run, paths, database),
            find_leaks(run, paths, database),
        )

    first = told()
    assert told() == first
    assert "odd" in str(first[0].warnings) and "odd" in str(first[1].strays)


def test_a_split_that_moved_clips_is_said_once(chain: Chain) -> None:
    """The run after it finds every group where it was put, and has nothing to say of it."""
    with chain.database.connect() as connection:
        connection.execute("UPDATE fold_groups SET fold = 0")
    run, database = chain.settings.run, chain.database
    first, second = split.split(run, database), split.split(run, database)
    assert any("afresh" in note for note in first.notes)
    assert not second.notes and second.sha256 == first.sha256
    assert split.split(run, database) == second


def test_a_digest_of_tables(chain: Chain) -> None:
    """It moves with a cell, a column, a row that stands twice; not with the order of rows."""
    database = chain.database

    def digest() -> str:
        return contents_digest(database, ["t"])

    def do(sql: str) -> str:
        with database.connect() as connection:
            connection.execute(sql)
        return digest()

    seen = [
        do("CREATE TABLE t AS SELECT i AS a, i / 2 AS b FROM range(9) r(i)"),
        do("UPDATE t SET b = b + 1e-9 WHERE a = 3"),
        do("UPDATE t SET b = NULL WHERE a = 3"),
        do("INSERT INTO t SELECT * FROM t WHERE a = 4"),
        do("INSERT INTO t SELECT * FROM t WHERE a = 4"),
        do("ALTER TABLE t RENAME b TO c"),
        do("DELETE FROM t"),
    ]
    assert len(set(seen)) == len(seen)
    first = do("INSERT INTO t VALUES (1, 2), (3, 4)")
    do("DELETE FROM t")
    assert do("INSERT INTO t VALUES (3, 4), (1, 2)") == first
    assert do("UPDATE t SET a = 4 - a") != first
    # Rows that swap their last cells, for which DuckDB's hash of a row alone is blind.
    swapped = [
        do("CREATE OR REPLACE TABLE t (a VARCHAR, b DOUBLE)")
        + do(f"INSERT INTO t VALUES ('mine/clip5418', {one}), ('mine/clip8769', {other})")
        for one, other in ((2.63, 3.884), (3.884, 2.63))
    ]
    assert swapped[0] != swapped[1]
