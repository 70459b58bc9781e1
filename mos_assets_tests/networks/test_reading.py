"""Networks that cannot be used: one sentence each that names file, key and remedy."""

from collections.abc import Callable, Sequence
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from mos_assets.errors import NetworkError
from mos_assets.features import BLOCKS, load_networks
from mos_assets.networks import read_network
from mos_assets_tests.networks.making import Write, write_onnx

FRAMES = 'frames = {choose = "uniform", count = 4}'
VIEW = 'view = {kind = "whole", size = 16}'
COLUMNS = 'columns = ["red", "green", "blue"]'


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('licence = "CC0-1.0"\n', "", "licence: it is missing"),
        ('licence = "CC0-1.0"', 'license = "CC0-1.0"', "license: there is no such key"),
        ("scale = 1", 'scale = "1/255"', r'inputs\[1\].scale = "1/255": .*valid number'),
        ("scale = 1", "scale = true", r"inputs\[1\].scale = true"),
        ("scale = 1", "scale = nan", r"inputs\[1\].scale = NaN: .*finite"),
        ("scale = 1", "std = [1, 0, 1]", "std holds 0"),
        ("scale = 1", 'scale = 1\ndtype = "uint8"', "an input of uint8 takes levels"),
        ("scale = 1", "mean = [1, 2]", "mean has 2 numbers, and RGB has 3 channels"),
        ("scale = 1", 'colour = "rgb"', r"inputs\[1\].colour"),
        (FRAMES, 'frames = {choose = "some"}', r"inputs\[1\].frames: .*'uniform', 'rate', 'clips'"),
        (FRAMES, 'frames = {choose = "uniform", count = 4.0}', r"frames.count = 4.0"),
        (FRAMES, 'frames = {choose = "uniform", count = 600}', "frames.count = 600: .*512"),
        (FRAMES, 'frames = {choose = "uniform"}', "frames.count: it is missing"),
        (FRAMES, 'frames = {choose = "clips", clips = 20, length = 32}', "clips × length is 640"),
        (VIEW, 'view = {kind = "whole", size = 16, zoom = 2}', "view.zoom: there is no such key"),
        (VIEW, 'view = {kind = "whole", size = 0}', r"view.size\[1\] = 0"),
        (VIEW, 'view = {kind = "crops", size = 16, count = 2}', "count is for where"),
        (VIEW, 'view = {kind = "fragments", grid = 64, patch = 65}', "grid × patch is 4160"),
        (
            VIEW,
            'view = {kind = "whole", size = 16, scaler = "box", antialias = false}',
            "antialias = false",
        ),
        (COLUMNS, 'columns = ["red", "red", "blue"]', "columns name 'tiny_red' twice"),
        (COLUMNS, 'columns = ["red", "green", "blue_mean"]', "ends in _mean"),
        (COLUMNS, 'columns = ["red", "green", "Blue"]', r"columns\[3\] = \"Blue\""),
        (COLUMNS, "", "either columns, or prefix and count"),
        (COLUMNS, 'prefix = "c"', "prefix and count go together"),
        (COLUMNS, 'prefix = "c"\ncount = 3\npool = ["mean", "std", "min"]', None),
        (COLUMNS, f"{COLUMNS}\npool = []", "at least one statistic"),
        (COLUMNS, 'columns = ["red"]', "does not give floating-point numbers for 1 columns"),
        ('name = "y"', 'name = "z"', "it has no output 'z'; it has y float32"),
        ('name = "x"', 'name = "z"', "it needs an input 'x', which network.toml does not have"),
        ("size = 16", "size = [16, 24]", r"\[batch, 3, 16, 16\], and network.toml makes it "),
        ("scale = 1", 'layout = "NHWC"', r"makes it x float32 \[batch, 16, 16, 3\] \(NHWC\)"),
        ("scale = 1", 'dtype = "float16"', "makes it x float16"),
        ('name = "tiny"', 'name = "huge"', "name = 'huge' is not the folder's name, 'tiny'"),
        ('onnx = "tiny.onnx"', 'onnx = "../tiny.onnx"', "onnx = "),
        ('onnx = "tiny.onnx"', 'onnx = "other.onnx"', "other.onnx' is not in the folder"),
        ('source = "the tests"', 'source = "the tests', "is not TOML"),
        ('source = "the tests"', "source = 1979-05-27", "source = "),
        ('source = "the tests"', f"source = {'1' * 5000}", "is not TOML"),
    ],
)
def test_what_network_toml_may_not_say(
    means: Write, before: str, after: str, told: str | None
) -> None:
    folder = means("tiny", (before, after))
    if told is None:
        read_network(folder)
        return
    with pytest.raises(NetworkError, match=told) as caught:
        read_network(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message.strip() or "TOML" in message


def _loop() -> onnx.NodeProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["m"], ["y_"])],
        "then",
        [],
        [helper.make_tensor_value_info("y_", TensorProto.FLOAT, ["n", 3])],
    )
    return helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)


def _elsewhere() -> onnx.NodeProto:
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    tensor.ClearField("float_data")
    return helper.make_node("Constant", [], ["w"], value=tensor)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([helper.make_node("Gelu", ["m"], ["y"], domain="com.microsoft")], "com.microsoft::Gelu"),
        ([_loop()], "a loop or a branch, If"),
        ([helper.make_node("RandomNormalLike", ["m"], ["y"], seed=1.0)], "another figure each"),
        ([_elsewhere(), helper.make_node("Mul", ["m", "w"], ["y"])], "'w' lies in another file"),
    ],
)
def test_what_a_graph_may_not_hold(
    means: Write, nodes: Sequence[onnx.NodeProto], told: str
) -> None:
    with pytest.raises(NetworkError, match=told):
        read_network(means("tiny", nodes=nodes))


@pytest.mark.parametrize(
    ("layout", "shape", "told"),
    [
        ("NCHW", [2, 3, 16, 16], "the ONNX file takes 2 at a time"),
        ("NCHW", [1, 3, 16, 16], None),
        ("NTCHW", [1, 8, 3, 16, 16], "takes runs of 8 frames"),
        ("NTCHW", [1, "t", 3, 16, 16], None),
    ],
)
def test_a_rate_feeds_no_fixed_number(
    means: Write, layout: str, shape: Sequence[int | str], told: str | None
) -> None:
    """Clips of some lengths would run, and others stop the run."""
    folder = means(
        "tiny",
        (FRAMES, 'frames = {choose = "rate"}'),
        ("scale = 1", f'scale = 1\nlayout = "{layout}"'),
    )
    axes = [axis for axis, letter in enumerate(layout) if letter in "THW"]
    mean = helper.make_node("ReduceMean", ["x"], ["y"], axes=axes, keepdims=0)
    write_onnx(folder / "tiny.onnx", {"x": shape}, [mean], {"y": [shape[0], 3]})
    if told is None:
        read_network(folder)
        return
    with pytest.raises(NetworkError, match=told):
        read_network(folder)


def test_a_file_that_is_no_network(means: Write) -> None:
    file = means() / "tiny.onnx"
    whole = file.read_bytes()
    for content in (b"", b"version https://git-lfs.github.com/spec/v1\n", whole[:-7]):
        file.write_bytes(content)
        with pytest.raises(NetworkError, match=r"tiny\.onnx: "):
            read_network(file.parent)


def test_names_that_are_taken(means: Write, as_block: Callable[[Path], str]) -> None:
    before = dict(BLOCKS)
    taken = means("saliency", ('["red"', '["mean_"'), ('"green"', '"var"'))
    load_networks(["saliency"], taken.parent)
    assert before == BLOCKS
    with pytest.raises(NetworkError, match="the column clip_id is one of every table"):
        as_block(means("clip", ('"red"', '"id"')))
    with pytest.raises(NetworkError, match="no network can be called 'DOVER'"):
        as_block(means("DOVER"))
    with pytest.raises(NetworkError, match="nr_blur, which is taken"):
        as_block(means("nr", ('"red"', '"blur"')))
    assert before == BLOCKS


def test_what_changes_is_read_again(means: Write, as_block: Callable[[Path], str]) -> None:
    folder = means()
    as_block(folder)
    first = BLOCKS["tiny"]
    load_networks(["tiny"], folder.parent)
    assert BLOCKS["tiny"] is first
    means("tiny", ("size = 16", 'size = 16, scaler = "bicubic"'))
    load_networks(["tiny"], folder.parent)
    assert BLOCKS["tiny"] is not first
    means("tiny", ("CC0-1.0", "MIT"), ("size = 16", 'size = 16, scaler = "bicubic"'))
    second = BLOCKS["tiny"]
    load_networks(["tiny"], folder.parent)
    assert BLOCKS["tiny"].settings == second.settings != first.settings  # type: ignore[attr-defined]
