"""Tables that stand as they are: a step whose inputs and rows are those that it left behind.

Between the corpus and training, a step reads tables and files and writes tables. What it reads is
told by digests that DuckDB takes of whole tables, so that nothing is read into Python to learn that
nothing has changed; so are the rows that it wrote, which are taken only where every one of them is
as it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from mos_assets.corpora import table_files
from mos_assets.errors import CorpusError
from mos_assets.io.hashing import hash_file
from mos_assets.media.probe import probe_version
from mos_assets.pipeline.measure import fingerprints
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.unchanged import inputs_digest, say_again
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, step_rows
from mos_assets.store.contents import contents_digest
from mos_assets.store.step_rows import StepRow

Told = TypeVar("Told")
_NO_INPUTS = frozenset({"retrain", "workers", "cluster"})
"""Settings that say how something is made, and not what."""
_MOST_HASHED = 1 << 30
"""Bytes. A larger file may be one of holes, which whoever reads it refuses at a glance."""


@dataclass(frozen=True, slots=True)
class Step(Generic[Told]):
    """What one asset, or one check, reads and writes in the store."""

    made: str
    told: type[Told]
    """A data class of plain values: what it says beside its rows."""
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()

    def unless_it_stands(
        self,
        run: RunSettings,
        database: Database,
        make: Callable[[], Callable[[], Told]],
        log: Log,
        *,
        outside: Callable[[], object] = lambda: None,
        settled: Callable[[Told], bool] = lambda _: True,
        stamp: Callable[[Told], None] = lambda _: None,
    ) -> Told:
        """Make it, unless it was made of the same and stands whole; what it says in either case.

        make: reads and computes, and gives what writes its rows, which is called in the transaction
        that notes what they were made of. outside: what it reads that is not in the store. settled:
        whether the same would come of it again. stamp: writes under which settings the rows hold,
        in either case, since others may have given the same ones. A run with MOS_RETRAIN makes it
        anew. Where something moves while it is made, nothing is remembered.
        """
        around = outside()
        with database.held():
            inputs = self._inputs(run, database, around)
            known = None if run.retrain else step_rows.find_step(database, self.made, inputs)
            if known is not None:
                told = self._told(known, database)
                if told is not None:
                    log.info(f"nothing that {self.made} is made of has changed, so it stands")
                    stamp(told)
                    return told
                say_again(log, self.made, "a row that it wrote is not as it was left.")
        write = make()
        same = outside() == around
        with database.held():
            same = same and self._inputs(run, database, around) == inputs
            found = write()
            stamp(found)
            step_rows.forget_step(database, self.made)
            if same and settled(found):
                text = TypeAdapter(self.told).dump_json(found).decode()
                outcome = contents_digest(database, self.writes)
                step_rows.write_step(database, StepRow(self.made, inputs, outcome, text))
        return found

    def _told(self, known: StepRow, database: Database) -> Told | None:
        """What it said; None where a row that it wrote is another, or none can be read."""
        if known.outcome != contents_digest(database, self.writes):
            return None
        try:
            return TypeAdapter(self.told).validate_json(known.told or "")
        except ValidationError:
            return None

    def _inputs(self, run: RunSettings, database: Database, outside: object) -> str:
        told = run.model_dump(mode="json", exclude=set(_NO_INPUTS))
        tables = contents_digest(database, self.reads)
        return inputs_digest(self.made, run=told, tables=tables, outside=outside)


def told_by_files(run: RunSettings, paths: PathSettings) -> object:
    """What is measured how, what reads headers, and every table file by its bytes. Raises
    CorpusError."""
    prints = fingerprints(run, paths)
    return prints, probe_version(), told_by_tables(run.all_corpora, paths)


def told_by_tables(corpora: Sequence[str], paths: PathSettings) -> list[list[str]]:
    """(corpus, file, its bytes) of every file that tables are read from. Raises CorpusError."""
    return [
        [name, place, _bytes_of(path)]
        for name in corpora
        for place, path in table_files(name, paths.corpus_folder).items()
    ]


def _bytes_of(path: Path) -> str:
    """Moves with them; what is too large to be hashed is never the same."""
    try:
        return hash_file(path) if path.stat().st_size <= _MOST_HASHED else uuid4().hex
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be read: {error.strerror or error}. Make it readable for this user, or "
            "move it away."
        ) from error
