"""The demo corpora: rendered on first use, then with a corpus.toml like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from mos_assets import demo
from mos_assets.corpora.corpus_toml import read_toml
from mos_assets.corpora.layouts.custom import Custom, load_custom
from mos_assets.corpora.request import CORPUS_TOML, CorpusRequest, LabelSet
from mos_assets.errors import CorpusError
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.records import LabelOrigin


class Demo(Custom):
    """Clips that the platform renders itself, with simulated labels."""

    kind: ClassVar[demo.Demo] = demo.DEMO
    name = kind.name
    made_here = True
    self_described = False

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        if not (request.folder / CORPUS_TOML).is_file():
            raise CorpusError(f"{self.name} is not rendered yet; the first run does that.")
        return super().label_files(request)

    def is_settled_by_files(self, request: CorpusRequest) -> bool:
        return False

    def prepare(
        self, request: CorpusRequest, workers: int, progress: Callable[[str], None]
    ) -> None:
        """Render it, where nothing is there. Raises ToolError where there is no ffmpeg."""
        folder = request.folder
        if not folder.exists():
            progress(f"rendering the corpus {self.name} into {folder}, once")
            ffmpeg = find_ffmpeg(request.ffmpeg)
            root = request.root.absolute()
            demo.render_demo(root, ffmpeg, self.kind, workers=workers, progress=progress)

    def load(self, request: CorpusRequest) -> LabelSet:
        folder = request.folder
        flaw = _flaw(folder, self.kind)
        if flaw:
            raise CorpusError(
                f"{folder} is not a whole demo corpus of version {self.kind.version}: {flaw}. "
                "Delete that folder and run again; it is rendered anew."
            )
        return load_custom(folder)


class DemoSource(Demo):
    """The same clips with their pristine sources, rated by what they lack of them."""

    kind = demo.DEMO_SOURCE
    name = kind.name


def _flaw(folder: Path, kind: demo.Demo) -> str | None:
    """What keeps a folder from being the demo as rendered, or None."""
    if not (folder / CORPUS_TOML).is_file():
        return f"it has no {CORPUS_TOML}"
    try:
        toml = read_toml(folder)
        if toml.version != kind.version:
            return f"its version is {toml.version}"
        if toml.label_origin is not LabelOrigin.SIMULATED:
            return "its labels are not marked as simulated"
        labels = load_custom(folder)
    except CorpusError as error:
        return str(error).rstrip(".")
    if labels.rejected:
        row = labels.rejected[0]
        return f"{row.source}, line {row.line}: {row.reason}"
    if toml.clips is None:
        return "it names no folder of clips"
    missing = [
        label.clip_name
        for label in labels.labels
        if not (folder / toml.clips / label.clip_name).is_file()
        or (label.reference is not None and not (folder / label.reference).is_file())
    ]
    return f"{len(missing)} clips are missing, such as {missing[0]}" if missing else None
