"""A recipe lays its own files over those of the owners, and these fit what it declares."""

import importlib.util
from pathlib import Path

import pytest

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.pipeline.declared import require_declarations

RECIPES = Path(__file__).parents[1] / "recipes"
SHARED = Path(__file__).parents[1] / "../shared/data/corpora"


@pytest.mark.parametrize(("name", "clips"), [("avt-vqdb-uhd-1", 660), ("avt-vqdb-uhd-1-nvc", 216)])
def test_a_recipe_fits_the_corpus_as_published(name: str, clips: int, tmp_path: Path) -> None:
    data = SHARED / name
    if not data.is_dir():
        pytest.skip(f"../shared/data/corpora/{name} is not on this machine")
    spec = importlib.util.spec_from_file_location("rebuild", RECIPES / "rebuild.py")
    assert spec is not None
    assert spec.loader is not None
    rebuild = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rebuild)
    own = RECIPES / "avt-vqdb-uhd-1" / rebuild.CORPORA / name
    corpus = rebuild.lay_out(data, own, tmp_path / name)
    for path in own.rglob("*.toml"):
        assert (corpus / path.relative_to(own)).read_bytes() == path.read_bytes()
    require_declarations(name, tmp_path)
    loaded = load_corpus(CorpusRequest(name, tmp_path), workers=1, progress=lambda _: None)
    assert not loaded.rejected
    assert len(loaded.clips) == clips
