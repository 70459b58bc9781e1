"""What is not done again: a step whose inputs, code and libraries are those that it had before.

Training and judging always give the same bytes for the same of these, so what they made before is
taken once it has been read again and is found whole. Whatever can move a byte belongs into
`inputs_digest`; what cannot be told apart raises there.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from mos_assets.io.digest import digest_of
from mos_assets.pipeline.progress import Log
from mos_assets.store import Database, result_rows
from mos_assets.store.result_rows import Result

APART = (
    *("adapting", "assets", "automation", "cli", "comparing", "definitions.py", "extraction.py"),
    *("predictor", "scoring", "watching"),
)
"""Of the package, what neither training nor judging runs; a test looks."""
LIBRARIES = (
    *("duckdb", "jinja2", "markupsafe", "matplotlib", "numpy", "onnx", "onnxruntime", "pillow"),
    *("pyarrow", "pydantic", "pydantic-core", "scikit-learn", "scipy", "threadpoolctl", "torch"),
)
"""Of the packages in constraints.txt, those that training and judging compute or write with."""
_BYTECODE = "__pycache__"


@cache
def made_with() -> str:
    """Digest of this package's code, as it lies on the disk, of the libraries and of Python."""
    libraries = {name: version(name) for name in LIBRARIES}
    python = (platform.python_implementation(), platform.python_version(), platform.machine())
    return digest_of(code_digest(Path(__file__).parents[1]), libraries, python)


def code_digest(package: Path) -> str:
    """sha256 over every file of the package that training and judging may run or read."""
    found = {
        path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for place in sorted(package.iterdir())
        if place.name not in (*APART, _BYTECODE)
        for path in ([place] if place.is_file() else sorted(place.rglob("*")))
        if path.is_file() and _BYTECODE not in path.parts
    }
    return digest_of(found)


def inputs_digest(made: str, **inputs: object) -> str:
    """Digest of everything that an asset is made of. Raises TypeError where that cannot be told."""
    return digest_of(made, made_with(), inputs)


def remember(database: Database, made: str, candidate_id: str, inputs: str, outcome: str) -> None:
    """Note that this asset is made whole of these inputs."""
    result_rows.write_result(database, Result(candidate_id, made, inputs, outcome))


def say_again(log: Log, made: str, why: str) -> None:
    """Tell a reader of the run why what was made before is not taken."""
    log.warning(f"{made} is made anew, though nothing it is made of has changed: {why}")
