"""What a layout is asked: everything in which corpora of one kind differ from the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from mos_assets.corpora.request import ClipDir, CorpusRequest, LabelSet
from mos_assets.records import FeatureTable


class Layout(ABC):
    """A kind of corpus: where its files lie and what they mean.

    Methods are called where the folder of the corpus is there, unless it is `made_here`. They
    raise CorpusError, with the remedy, for a folder that does not hold such a corpus.
    """

    name: ClassVar[str]
    """Of the corpus, in MOS_CORPUS, and of its folder in MOS_CORPUS_ROOT."""
    head_family: ClassVar[str | None] = None
    """Corpora of one family train heads of one id, `<family>_mos_head_v1`; None: it has its own."""
    test_part: ClassVar[str | None] = None
    """Value of `Label.part` whose clips never train, since the authors set them apart."""
    clips_optional: ClassVar[bool] = False
    """Whether labels without a clip are normal, since more were rated than are published."""
    manifest_file: ClassVar[str | None] = None
    """Usual name of a file that says where each clip is to be downloaded, if there may be one."""
    made_here: ClassVar[bool] = False
    """Whether the platform makes it, so that its folder need not be there."""
    has_files: ClassVar[bool] = True
    self_described: ClassVar[bool] = False
    """Whether its owner declares scale and columns, which are then held against the ratings."""

    @abstractmethod
    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        """Files that are there now and say something of labels, absolute."""

    @abstractmethod
    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        """Folders that are there now in which clips and pristine files are looked for."""

    @abstractmethod
    def load(self, request: CorpusRequest) -> LabelSet:
        """The labels, at most one a clip, and every row that became none with its reason."""

    def prepare(
        self, request: CorpusRequest, workers: int, progress: Callable[[str], None]
    ) -> None:
        """Make what is not there and can be made; before `load`."""
        return

    def manifest(self, request: CorpusRequest) -> Path | None:
        """The file that says where clips are to be downloaded; None where there is none.

        `load` then fills `LabelSet.urls`.
        """
        return None

    def content_key(self, clip_name: str) -> str | None:
        """Name of the content that a clip shares with clips of other corpora, if it tells."""
        return None

    def generated_tables(self, request: CorpusRequest) -> tuple[FeatureTable, ...]:
        """Feature tables that are computed and not read from the folder; () for none."""
        return ()

    def is_whole(self, request: CorpusRequest) -> bool:
        """Whether the request takes no corpus that is smaller than this one is published."""
        return True

    def is_settled_by_files(self, request: CorpusRequest) -> bool:
        """Whether `label_files`, and names, sizes and times in `clip_dirs`, settle its rows."""
        return not self.made_here
