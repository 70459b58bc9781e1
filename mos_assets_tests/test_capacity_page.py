"""The page of capacity holds what the script computes."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_holds_the_tables_of_the_script() -> None:
    page = (ROOT / "docs" / "capacity.md").read_text()
    script = runpy.run_path(str(ROOT / "bench" / "capacity.py"))
    for heading, table in script["tables"]().items():
        assert f"## {heading}\n" in page
        assert table in page, f"python bench/capacity.py says otherwise:\n{table}"
    # Where pieces are few enough to be simulated, the two bounds are about met.
    work, pieces = 40_000 * 20.0, 40_000
    for workers in (64, 2_000):
        bound = max(work / workers, pieces * 0.024)
        assert bound <= script["simulated"](pieces, 20.0, 0.024, workers) <= 1.1 * bound
