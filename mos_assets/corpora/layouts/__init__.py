"""How each kind of corpus lies on disk: one file a kind, found by the name of the corpus.

Nothing else asks for the name of a corpus.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.layouts.custom import Custom
from mos_assets.corpora.layouts.demo import Demo, DemoSource
from mos_assets.corpora.layouts.konvid_1k import Konvid1k
from mos_assets.corpora.layouts.konvid_150k import Konvid150k
from mos_assets.corpora.layouts.synthetic import Synthetic
from mos_assets.corpora.request import CORPUS_TOML, CorpusRequest, corpus_folder, folder_errors
from mos_assets.errors import CorpusError

LAYOUTS: tuple[Layout, ...] = (Demo(), DemoSource(), Konvid1k(), Konvid150k(), Synthetic())
"""Corpora with a layout of their own; every other name is a folder with a corpus.toml."""
_CUSTOM = Custom()


def layout_of(corpus: str) -> Layout:
    """How the corpus of this name lies on disk."""
    for layout in LAYOUTS:  # asked for each of 150,000 clips
        if layout.name == corpus:
            return layout
    return _CUSTOM


def require_folder(name: str, root: Path) -> Path:
    """The corpus's folder. Raises CorpusError naming it, its root and what is there instead."""
    folder = corpus_folder(name, root)
    names = [layout.name for layout in LAYOUTS]
    with folder_errors():
        if folder.is_dir():
            return folder
        there = sorted(
            entry.name
            for entry in (root.iterdir() if root.is_dir() else ())
            if entry.is_dir() and (entry.name in names or (entry / CORPUS_TOML).is_file())
        )
    found = f"corpora there: {', '.join(there)}" if there else "no corpus is there"
    if not root.is_dir():
        found = "that root does not exist"
    made = ", ".join(repr(layout.name) for layout in LAYOUTS if layout.made_here)
    raise CorpusError(
        f"Corpus {name!r} was looked for in {folder} and is not there "
        f"(MOS_CORPUS_ROOT={root.absolute()}; {found}). Put the corpus there, or set "
        f"MOS_CORPUS_ROOT or MOS_CORPUS; {made} need no files."
    )


def has_manifest(request: CorpusRequest) -> bool:
    """Whether the corpus says by manifest where its clips are.

    Raises CorpusError where the corpus is not there, or a manifest is named that is not there or
    lies outside its folder.
    """
    layout = layout_of(request.name)
    if layout.manifest_file is None:
        return False
    require_folder(request.name, request.root)
    return layout.manifest(request) is not None


def manifest_places() -> tuple[str, ...]:
    """`<corpus>/<file>` of the manifests that corpora may have."""
    return tuple(f"{each.name}/{each.manifest_file}" for each in LAYOUTS if each.manifest_file)


def is_test_part(corpus: str, part: str | None) -> bool:
    """Whether clips of this part are only tested."""
    return part is not None and part == layout_of(corpus).test_part


def is_whole(request: CorpusRequest) -> bool:
    """Whether the request takes no corpus that is smaller than it is published."""
    return layout_of(request.name).is_whole(request)


def head_name(corpus: str) -> str:
    """What stands for the corpus in the id of a head: its family, or its own name."""
    return layout_of(corpus).head_family or corpus


def head_family(corpora: Iterable[str]) -> str | None:
    """The family that all of them are of; None where they are of several, or of none."""
    families = {layout_of(corpus).head_family for corpus in corpora}
    return families.pop() if len(families) == 1 else None
