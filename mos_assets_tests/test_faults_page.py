"""The table of faults names tests that exist."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"


def test_every_fault_names_its_tests() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`([a-z_/]+\.py)::(\w+)`", row.split("|")[3])
        assert named or "bench/" in row, row
        for file, test in named:
            text = (Path(__file__).parent / file).read_text()
            assert f"def {test}(" in text, f"{file} has no {test}"
