"""The network that comes along: its graph against torch, and its folder, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from mos_assets.cli import main
from mos_assets.errors import NetworkError
from mos_assets.networks import read_network
from mos_assets.networks.shipped import SHIPPED, add_network
from mos_assets.networks.shipped.efficientnet import CHANNELS, MIXTURES, Tensor, signs, trunk_onnx

DEEP = SHIPPED["deep-v1"]
BLOCKS = (
    (3, 1, 32, 32, 16), (3, 2, 16, 96, 24), (3, 1, 24, 144, 24), (5, 2, 24, 144, 40),
    (5, 1, 40, 240, 40), (3, 2, 40, 240, 80), (3, 1, 80, 480, 80), (3, 1, 80, 480, 80),
    (5, 1, 80, 480, 112), (5, 1, 112, 672, 112), (5, 1, 112, 672, 112), (5, 2, 112, 672, 192),
    (5, 1, 192, 1152, 192), (5, 1, 192, 1152, 192), (5, 1, 192, 1152, 192), (3, 1, 192, 1152, 320),
)  # fmt: skip
"""Kernel, stride, and channels into, within and out of each block, as the weights' shapes say."""


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Weights of chance by the names of the PyTorch port, which keep figures in a sane range."""
    rng = np.random.default_rng(3)
    made: dict[str, Tensor] = {}

    def convolution(conv: str, norm: str, out: int, within: int, kernel: int) -> None:
        scale = np.sqrt(2 / (within * kernel * kernel))
        shape = (out, within, kernel, kernel)
        made[f"{conv}.weight"] = rng.normal(0, scale, shape).astype(np.float32)
        for what, low, high in (
            ("weight", 0.7, 1.3), ("bias", -0.3, 0.6), ("running_mean", -0.3, 0.3),
            ("running_var", 0.5, 1.5),
        ):  # fmt: skip
            made[f"{norm}.{what}"] = rng.uniform(low, high, out).astype(np.float32)

    convolution("_conv_stem", "_bn0", 32, 3, 3)
    for n, (kernel, _, into, wide, out) in enumerate(BLOCKS):
        block = f"_blocks.{n}."
        if wide != into:
            convolution(f"{block}_expand_conv", f"{block}_bn0", wide, into, 1)
        convolution(f"{block}_depthwise_conv", f"{block}_bn1", wide, 1, kernel)
        convolution(f"{block}_project_conv", f"{block}_bn2", out, wide, 1)
    return made


def by_torch(weights: dict[str, Tensor], pictures: Tensor) -> Tensor:
    """Channels of the last block, mean over the picture, [pictures, 320]."""
    held = torch.from_numpy(pictures)

    def convolution(conv: str, norm: str, stride: int = 1, groups: int = 1) -> torch.Tensor:
        kernel = torch.from_numpy(weights[f"{conv}.weight"])
        side, size = held.shape[-1], kernel.shape[-1]
        over = max((-(-side // stride) - 1) * stride + size - side, 0)
        sides = (over // 2, over - over // 2) * 2
        parts = [weights[f"{norm}.{w}"] for w in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(
            functional.conv2d(functional.pad(held, sides), kernel, None, stride, groups=groups),
            *map(torch.from_numpy, parts),
            eps=0.001,
        )

    held = functional.relu6(convolution("_conv_stem", "_bn0", 2))
    for n, (_, stride, into, wide, out) in enumerate(BLOCKS):
        block, before = f"_blocks.{n}.", held
        if wide != into:
            held = functional.relu6(convolution(f"{block}_expand_conv", f"{block}_bn0"))
        held = functional.relu6(
            convolution(f"{block}_depthwise_conv", f"{block}_bn1", stride, wide)
        )
        held = convolution(f"{block}_project_conv", f"{block}_bn2")
        if stride == 1 and into == out:
            held = held + before
    return held.mean((2, 3)).numpy()


@pytest.fixture(scope="module")
def onnx(weights: dict[str, Tensor]) -> bytes:
    return trunk_onnx(weights, ("whole", "crops"), {"licence": "none"})


def test_graph_says_what_torch_says(weights: dict[str, Tensor], onnx: bytes) -> None:
    pictures = np.random.default_rng(4).uniform(-1, 1, (3, 3, 224, 224)).astype(np.float32)
    expected = by_torch(weights, pictures)
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    whole, mixtures, crops, _ = session.run(None, {"whole": pictures, "crops": pictures[1:]})
    assert expected.std() > 0.1
    np.testing.assert_allclose(whole, expected, atol=1e-4)
    np.testing.assert_allclose(crops, expected[1:], atol=1e-4)
    np.testing.assert_allclose(mixtures, expected @ signs(), atol=1e-3)


def test_signs_are_those_of_another_reading() -> None:
    """`printf 'mixture 0/0' | sha256sum` begins with 39, which is 0011 1001."""
    assert signs().shape == (CHANNELS, MIXTURES)
    assert {float(each) for each in np.abs(signs()).ravel()} == {float(np.float32(320**-0.5))}
    assert (signs()[:8, 0] > 0).tolist() == [each == "1" for each in "00111001"]


def test_same_weights_are_the_same_bytes(weights: dict[str, Tensor], onnx: bytes) -> None:
    turned = dict(reversed(weights.items()))
    assert trunk_onnx(turned, ("whole", "crops"), {"licence": "none"}) == onnx


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("_bn0.bias", None, r"_bn0\.bias is missing, and not of shape \[32\]"),
        ("_bn0.bias", np.zeros(31, np.float32), r"of shape \[31\], and not of shape \[32\]"),
        ("_bn0.bias", np.full(32, np.nan, np.float32), "is not finite"),
    ],
)
def test_wrong_weights_are_refused(
    weights: dict[str, Tensor], name: str, other: Tensor | None, told: str
) -> None:
    spoilt = {key: each for key, each in weights.items() if key != name}
    if other is not None:
        spoilt[name] = other
    with pytest.raises(ValueError, match=told):
        trunk_onnx(spoilt, ("whole",), {})


def test_declaration_fits_the_graph(onnx: bytes, tmp_path: Path) -> None:
    """Also where the package of the weights is not installed."""
    folder = tmp_path / DEEP.name
    with resources.as_file(resources.files("mos_assets.networks.shipped") / DEEP.name) as own:
        shutil.copytree(own, folder)
    (folder / DEEP.onnx).write_bytes(onnx)
    network = read_network(folder)
    assert len(network.declaration.columns) == 2 * (CHANNELS + MIXTURES)
    assert (folder / "NOTICE").read_text().startswith(DEEP.onnx)


@pytest.fixture
def other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Python finds the package of the weights first; empty."""
    module = tmp_path / "site" / DEEP.module
    (module / "models").mkdir(parents=True)
    (module / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(module.parent))
    yield module


@pytest.mark.parametrize("content", [None, b"", b"other bytes"])
def test_other_weights_leave_nothing(
    other_weights: Path, content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        (other_weights / DEEP.weights).write_bytes(content)
    told = "cannot be read" if content is None else "has SHA-256"
    with pytest.raises(NetworkError, match=f"{told}.*pip install"):
        add_network(DEEP.name, tmp_path / "networks")
    assert not (tmp_path / "networks").exists()


def test_unknown_name_is_told_what_there_is() -> None:
    answer = CliRunner().invoke(main, ["networks", "add", "deep-v0"])
    assert answer.exit_code == 1
    assert "'deep-v0'" in answer.output
    assert "deep-v1 does" in answer.output


@pytest.mark.skipif(
    find_spec(DEEP.module) is None, reason=f"{DEEP.package} (the extra [deep]) is not installed"
)
def test_folder_is_written_once_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOS_NETWORKS", str(tmp_path / "networks"))
    killed = tmp_path / "networks" / f".{DEEP.name}.partial"
    killed.mkdir(parents=True)
    (killed / "network.toml").write_text("half")
    told = CliRunner().invoke(main, ["networks", "add", DEEP.name])
    assert told.exit_code == 0, told.output
    assert f"672 columns, sha256 {DEEP.sha256}" in told.output
    assert not add_network(DEEP.name, tmp_path / "networks").written
    folder = tmp_path / "networks" / DEEP.name
    (folder / "network.toml").write_text("")
    with pytest.raises(NetworkError, match="there already with other files"):
        add_network(DEEP.name, tmp_path / "networks")
    assert [each.name for each in folder.parent.iterdir()] == [DEEP.name]
