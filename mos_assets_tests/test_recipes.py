"""A recipe lays its own files over those of the owners, and these fit what it declares."""

import importlib.util
from pathlib import Path

import pytest

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.pipeline.declared import require_declarations

RECIPES = Path(__file__).parents[1] / "recipes"
SHARED = Path(__file__).parents[1] / "../shared/data/corpora"


@pytest.mark.parametrize("recipe", [path.parent for path in RECIPES.glob("*/settings.env")])
def test_a_recipe_fits_the_corpus_as_published(recipe: Path, tmp_path: Path) -> None:
    data = SHARED / recipe.name
    if not data.is_dir():
        pytest.skip(f"../shared/data/corpora/{recipe.name} is not on this machine")
    spec = importlib.util.spec_from_file_location("rebuild", RECIPES / "rebuild.py")
    assert spec is not None
    assert spec.loader is not None
    rebuild = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rebuild)
    corpus = rebuild.lay_out(data, recipe, tmp_path / recipe.name)
    assert (corpus / "corpus.toml").read_bytes() == (recipe / "corpus.toml").read_bytes()
    assert not (corpus / "settings.env").exists()
    require_declarations(recipe.name, tmp_path)
    loaded = load_corpus(
        CorpusRequest(recipe.name, tmp_path), known={}, workers=1, progress=lambda _: None
    )
    assert not loaded.rejected
    assert len(loaded.clips) == 660
