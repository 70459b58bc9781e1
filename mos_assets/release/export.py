"""A released head as one folder that hubs and model servers read.

`README.md`, which is the card, makes it a repository of Hugging Face's hub; `MLmodel` and the files
that it names make it a model of MLflow (flavours `onnx` and `python_function`). The three files of
the release lie in it as they are, so that `mos predict --model` reads the folder too.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from mos_assets.errors import ReleaseError
from mos_assets.io.writing import write_whole
from mos_assets.records import ENCODER_INPUT, FEATURES_INPUT, MOS_OUTPUT
from mos_assets.release.loading import Release, read_current
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles

HUB_CARD = "README.md"
LICENCE = "LICENSE"
MLFLOW_MODEL = "MLmodel"
REQUIREMENTS = "requirements.txt"
PYTHON_ENVIRONMENT = "python_env.yaml"
PROVIDER = "CPUExecutionProvider"
"""Of onnxruntime; docs/runtimes.md has the others."""


def export(model_folder: Path, head_id: str, to: Path) -> tuple[Path, ...]:
    """Write the head that is released there into a new or empty folder; returns its files.

    The same head gives the same bytes under the same numpy, onnx and onnxruntime, which the folder
    names. Raises ReleaseError where the head is damaged or the folder holds something already or
    cannot be written; then nothing is written.
    """
    released = read_current(model_folder, head_id)
    # What a link leads to is the folder.
    place = Path(os.path.realpath(to))
    if place == Path.cwd():
        raise ReleaseError(f"{place} is the folder that this runs in. Name a new folder.")
    files = sorted(_files(released).items())
    try:
        _place(files, place)
    except OSError as error:
        raise ReleaseError(
            f"{to} cannot be written ({error.strerror}). Name a new folder where you may write."
        ) from error
    return tuple(to / name for name, _ in files)


def _place(files: list[tuple[str, bytes]], to: Path) -> None:
    """Write the files under another name, then give the folder its own."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ReleaseError(f"{to} holds something already. Name a new folder.")
    arriving = to.with_name(f".{to.name}.arriving")
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        arriving.mkdir(parents=True)
        for name, content in files:
            write_whole(arriving / name, content)
        arriving.rename(to)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def _files(released: Release) -> dict[str, bytes]:
    manifest = released.manifest
    names = ReleaseFiles(Path(), manifest.id)
    requirements = [f"{name}=={version(name)}" for name in ("numpy", "onnx", "onnxruntime")]
    python = str(manifest.versions["python"])
    return {
        names.onnx.name: released.onnx,
        names.manifest.name: released.files.manifest.read_bytes(),
        names.card.name: released.card,
        HUB_CARD: released.card,
        LICENCE: _licence(manifest).encode(),
        MLFLOW_MODEL: _yaml(_mlflow(manifest, python)),
        REQUIREMENTS: "".join(f"{line}\n" for line in requirements).encode(),
        PYTHON_ENVIRONMENT: _yaml({"python": python, "dependencies": [f"-r {REQUIREMENTS}"]}),
    }


def _licence(manifest: Manifest) -> str:
    """What is known of the right to pass the weights on, and no more."""
    lines = [
        "The weights were trained on ratings and clips under the licences below. Whether they may",
        "be passed on, and for what they may be used, is for these to say.",
        "",
        *(f"{corpus.name}: {corpus.licence}" for corpus in manifest.data.corpora),
    ]
    return "\n".join(lines) + "\n"


def _mlflow(manifest: Manifest, python: str) -> dict[str, Any]:
    """The file `MLmodel` of MLflow 3; a signature's dimension of -1 is open."""
    inputs = [
        _tensor(FEATURES_INPUT, [-1, len(manifest.feature_order)]),
        _tensor(ENCODER_INPUT, [-1, len(manifest.encoder_vocab)]),
    ]
    return {
        "flavors": {
            "onnx": {
                "code": None,
                "data": manifest.onnx,
                "onnx_version": version("onnx"),
                "providers": [PROVIDER],
            },
            "python_function": {
                "data": manifest.onnx,
                "env": {"virtualenv": PYTHON_ENVIRONMENT},
                "loader_module": "mlflow.onnx",
                "python_version": python,
            },
        },
        "metadata": {
            "head": manifest.id,
            "status": str(manifest.status),
            "features": list(manifest.feature_order),
            "feature_units": list(manifest.interface.feature_units) if manifest.interface else None,
            "seal": manifest.checksum,
        },
        "signature": {
            "inputs": json.dumps(inputs),
            "outputs": json.dumps([_tensor(MOS_OUTPUT, [-1])]),
            "params": None,
        },
    }


def _tensor(name: str, shape: list[int]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "tensor",
        "tensor-spec": {"dtype": "float32", "shape": shape},
    }


def _yaml(told: dict[str, Any]) -> bytes:
    text: str = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
