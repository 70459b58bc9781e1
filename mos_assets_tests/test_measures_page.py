"""docs/measures.md has a row for every feature column and every figure of the gate."""

import re
from pathlib import Path

from mos_assets.evaluation import GATE
from mos_assets.evaluation.krasula import KrasulaFigures
from mos_assets.evaluation.p1401 import P1401Figures
from mos_assets.features import BLOCKS

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS = {name for block in BLOCKS.values() for name in block.column_names}
FIGURES = {criterion.name for criterion in GATE.criteria}
BESIDE = {
    name
    for shape in (P1401Figures, KrasulaFigures)
    for name, field in shape.model_fields.items()
    if field.annotation == float | None
}


def _rows() -> list[list[str]]:
    """The cells of every row whose first cell names figures."""
    lines = (DOCS / "measures.md").read_text(encoding="utf-8").splitlines()
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("| ")]
    return [row for row in rows if len(row) == 5]


def test_every_column_and_figure_has_one_row() -> None:
    named = [name for row in _rows() for name in re.findall(r"`([a-z0-9_]+)`", row[0])]
    assert sorted(COLUMNS - set(named)) == []
    assert sorted((FIGURES | BESIDE) - set(named)) == []
    assert len(set(named)) == len(named)


def test_scripts_and_pages_that_it_names_exist() -> None:
    for page in ("measures.md", "guesses.md"):
        for link in re.findall(r"\]\(([^)#]+)", (DOCS / page).read_text(encoding="utf-8")):
            assert (DOCS / link).is_file(), f"{page} links {link}"


def test_the_index_of_findings_lists_every_script() -> None:
    folder = DOCS.parent / "findings"
    page = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([a-z0-9-]+)\]\((\1)\.sh\)", page, re.M)
    assert sorted(name for name, _ in listed) == sorted(path.stem for path in folder.glob("*.sh"))
