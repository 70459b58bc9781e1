"""What an import loads: a predictor starts fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "dagster", "duckdb", "onnx", "sklearn", "scipy", "pandas", "pyarrow", "cv2", "av")
LATER = ("onnxruntime", "pydantic", "pydantic_settings", "mos_assets.release.manifest")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """Modules that a fresh process has loaded by then."""
    shown = f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", shown, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout))


def test_the_import_of_a_predictor_loads_what_a_score_needs_and_no_more() -> None:
    loaded = loaded_after("from mos_assets import MosPrediction, MosPredictions, Predictor")
    assert not loaded & {*HEAVY, *LATER}
    assert "numpy" in loaded


def test_scores_need_onnxruntime_and_a_manifest_and_no_more(model_folder: Path) -> None:
    code = (
        "import sys, numpy as np; from mos_assets import Predictor; p = Predictor(sys.argv[1])\n"
        "assert p.fallback_reason is None, p.fallback_reason\n"
        "p.predict_many({name: [0.1] for name in p.manifest.feature_order}, 'libx264')"
    )
    loaded = loaded_after(code, str(model_folder))
    assert not loaded & set(HEAVY)
    assert set(LATER) - {"pydantic_settings"} <= loaded
