"""Corpora in the store: what is unchanged stays as it lies, and comes back as it went in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mos_assets.records import Clip, Corpus, LabelOrigin, Probe, RejectedRow, SeenFile
from mos_assets.records.corpus_columns import LABEL_FIELDS, ClipColumns, FileColumns
from mos_assets.store import Database, corpus_rows

PROBE = Probe(64, 48, 29.97, 1.5, 45, "yuv420p", "h264", 9000, 0, 1700, 0, 29.97)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


def clip(name: str, mos: float = 3.0, corpus: str = "mine", seen: SeenFile | None = None) -> Clip:
    return Clip(
        clip_id=f"{corpus}/{name}",
        corpus=corpus,
        corpus_version="1",
        part=None,
        clip_name=f"{name}.mp4",
        path=seen.path if seen else None,
        sha256=seen.sha256 if seen else None,
        size_bytes=seen.size_bytes if seen else None,
        mtime_ns=seen.mtime_ns if seen else None,
        probe=seen.probe if seen else None,
        mos=mos,
        mos_std=None,
        n_ratings=None,
        label_origin=LabelOrigin.HUMAN,
        content_group=f"{corpus}/{name}",
        reference_path=None,
        reference_sha256=None,
    )


def corpus_of(*clips: Clip, name: str = "mine", files: tuple[SeenFile, ...] = ()) -> Corpus:
    """files: those that the clips are of."""
    ordered = sorted(clips, key=lambda clip: clip.clip_id)
    labels = {
        field: pa.array([getattr(clip, field) for clip in ordered], kind)
        for field, kind in LABEL_FIELDS
    }
    rows = [next((n for n, f in enumerate(files) if f.path == c.path), -1) for c in ordered]
    columns = FileColumns.of(files)
    made = ClipColumns(
        pa.table(labels),
        columns,
        corpus=name,
        version="1",
        origin=LabelOrigin.HUMAN,
        file_of=np.array(rows, np.int64),
        reference_of=np.full(len(rows), -1),
    )
    assert list(made) == ordered
    return Corpus(name, "1", "free", LabelOrigin.HUMAN, made, (), (), 0, columns)


def test_rows_that_are_as_they_were_keep_their_time(tmp_path: Path) -> None:
    store = Database(tmp_path)
    corpus_rows.write_corpora(store, [corpus_of(clip("a"), clip("b"), clip("c"))])
    first = {r["clip_id"]: r for r in corpus_rows.corpus_table(store, ["mine"]).to_pylist()}
    corpus_rows.write_corpora(store, [corpus_of(clip("a"), clip("b", 2.0), clip("d"))])
    second = {r["clip_id"]: r for r in corpus_rows.corpus_table(store, ["mine"]).to_pylist()}
    assert list(second) == ["mine/a", "mine/b", "mine/d"]
    assert second["mine/a"] == first["mine/a"]
    assert second["mine/b"]["mos"] == 2.0
    assert second["mine/b"]["ingested_at"] > first["mine/b"]["ingested_at"]


def test_other_corpora_are_left_alone(tmp_path: Path) -> None:
    store = Database(tmp_path)
    other = corpus_of(clip("a", corpus="other"), name="other")
    corpus_rows.write_corpora(store, [corpus_of(clip("a")), other])
    corpus_rows.write_corpora(store, [corpus_of()])
    assert corpus_rows.read_clips(store, ["mine"]) == ()
    assert corpus_rows.read_clips(store, ["other"]) == tuple(other.clips)


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_store_says_what_was_written_last(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever lay there before, and whichever of its rows are there still."""
    store = Database(tmp_path)
    for _ in range(2):
        names = data.draw(st.sets(st.sampled_from("abcdef")))
        files = tuple(
            SeenFile(
                tmp_path / name,
                data.draw(st.integers(0, 3)),
                5,
                name * 3,
                data.draw(st.sampled_from([PROBE, None])),
                data.draw(st.none() | texts),
            )
            for name in sorted(names)
        )
        clips = [
            clip(file.path.name, data.draw(st.sampled_from([1.0, 4.25])), seen=file)
            for file in files
        ]
        rejected = tuple(
            RejectedRow("mine", "labels.csv", line, text, text)
            for line, text in enumerate(data.draw(st.lists(st.none() | texts, max_size=3)))
            if text is not None
        )
        corpus = replace(corpus_of(*clips, files=files), rejected=rejected)
        corpus_rows.write_corpora(store, [corpus])
        assert corpus_rows.read_clips(store, ["mine"]) == tuple(corpus.clips)
        assert corpus_rows.rejected_table(store, ["mine"]).num_rows == len(rejected)
        assert set(corpus_rows.seen_files(store, "mine")) == set(files)
