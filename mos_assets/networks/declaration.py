"""network.toml: what may stand in it, and what each key means."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, Strict, StrictInt, StrictStr, model_validator

from mos_assets.networks.choices import (
    MOST_PICTURES,
    Crops,
    Fragments,
    PerSecond,
    Runs,
    TomlTable,
    Uniform,
    Whole,
)

NETWORK_NAME = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
MOST_COLUMNS = 2048
"""Columns of one network: a row of the store has one cell for each."""
_COLUMN = r"[a-z0-9][a-z0-9_]*"
_CHANNELS = {"RGB": 3, "BGR": 3, "grey": 1}

Text = Annotated[StrictStr, Field(min_length=1, max_length=500)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]


def _alone(value: object) -> object:
    return (value,) if isinstance(value, int | float | str) else value


Numbers = Annotated[tuple[Number, ...], BeforeValidator(_alone)]
"""One a channel; one number stands for all."""


class NetworkInput(TomlTable):
    """`[[inputs]]`: one input of the network, and what it is fed.

    A number in it is (level · scale − mean) / std of a level in 0..255.
    """

    name: Text
    """As the ONNX file calls it."""
    layout: Literal["NCHW", "NHWC", "NCTHW", "NTCHW", "NTHWC"] = "NCHW"
    """N pictures, or N runs of T frames; C channels, H lines, W columns."""
    colour: Literal["RGB", "BGR", "grey"] = "RGB"
    dtype: Literal["float32", "float16", "uint8"] = "float32"
    scale: Number = 1 / 255
    mean: Numbers = (0.0,)
    std: Numbers = (1.0,)
    batch: Annotated[StrictInt, Field(ge=1, le=MOST_PICTURES)] | None = None
    """Items that one call is fed; else as many as the ONNX file says, or where it leaves that
    open 8 pictures, or one run."""
    frames: Annotated[Uniform | PerSecond | Runs, Field(discriminator="choose")]
    view: Annotated[Whole | Crops | Fragments, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for key, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, self.channels):
                raise ValueError(
                    f"{key} has {len(numbers)} numbers, and {self.colour} has {self.channels} "
                    "channels; give one number, or one a channel"
                )
        if not all(self.std):
            raise ValueError("std holds 0, by which nothing can be divided")
        if self.dtype == "uint8" and self.model_fields_set & {"scale", "mean", "std"}:
            raise ValueError("scale, mean and std are for floats; an input of uint8 takes levels")
        return self

    @property
    def channels(self) -> int:
        return _CHANNELS[self.colour]

    @property
    def runs(self) -> bool:
        """Whether an item is a run of frames and not a picture."""
        return "T" in self.layout

    @property
    def needs_pillow(self) -> bool:
        """Whether a picture may be resized by it, or made grey."""
        resized = (
            self.view.antialias if isinstance(self.view, Whole) else self.view.small != "refuse"
        )
        return resized or self.colour == "grey"

    @property
    def crops(self) -> int:
        """Views of one picture."""
        return self.view.number if isinstance(self.view, Crops) else 1


class NetworkOutput(TomlTable):
    """`[[outputs]]`: one output of the network, [items, …], and the columns that it gives."""

    name: Text
    """As the ONNX file calls it."""
    columns: Annotated[
        tuple[Annotated[StrictStr, Field(pattern=f"^{_COLUMN}$", max_length=60)], ...],
        BeforeValidator(_alone),
    ] = ()
    """One a number of an item, in their order; a single one may stand without brackets."""
    prefix: Annotated[StrictStr, Field(pattern=f"^{_COLUMN}$", max_length=40)] | None = None
    """In place of `columns`, for many: `<prefix>_0000` and so on, `count` of them."""
    count: Annotated[StrictInt, Field(ge=1, le=MOST_COLUMNS)] | None = None
    unit: Text = "1"
    description: Text = "output of a network"
    pool: Annotated[
        tuple[Literal["mean", "std", "min", "max", "last"], ...], BeforeValidator(_alone)
    ] = ("mean",)
    """What becomes of the items of a clip: `mean` keeps the column's name, another is put behind
    it; `std` is the population's."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if bool(self.columns) == (self.prefix is not None):
            raise ValueError("give either columns, or prefix and count")
        if (self.prefix is None) != (self.count is None):
            raise ValueError("prefix and count go together")
        if not self.pool or len(set(self.pool)) < len(self.pool):
            raise ValueError("pool names at least one statistic, and each once")
        return self

    @property
    def numbers(self) -> tuple[str, ...]:
        """Name of each number of an item."""
        if self.prefix is None:
            return self.columns
        return tuple(f"{self.prefix}_{index:04d}" for index in range(self.count or 0))


class Limits(TomlTable):
    """`[limits]`: what the network may use for one clip; figures do not depend on it."""

    seconds: Annotated[float, Strict(), Field(ge=1, le=10_800)] = 300.0
    memory_gb: Annotated[float, Strict(), Field(ge=0.5, le=256)] = 4.0


class Declaration(TomlTable):
    """All of network.toml."""

    name: Annotated[StrictStr, Field(pattern=f"^{NETWORK_NAME.pattern}$", max_length=60)]
    """That of the folder, and of the feature block."""
    onnx: Annotated[StrictStr, Field(pattern=r"^[^/\\]+\.onnx$", max_length=255)]
    """File beside this one."""
    licence: Text
    source: Text
    """Where it comes from: paper, repository, version."""
    description: Text = "A network of one's own."
    inputs: Annotated[tuple[NetworkInput, ...], Field(min_length=1, max_length=16)]
    outputs: Annotated[tuple[NetworkOutput, ...], Field(min_length=1, max_length=64)]
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (
            ("inputs", [each.name for each in self.inputs]),
            ("outputs", [each.name for each in self.outputs]),
            ("columns", [name for name, _, _, _ in self.columns]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} name {twice[0]!r} twice")
        if len(self.columns) > MOST_COLUMNS:
            raise ValueError(f"it has {len(self.columns)} columns, and at most {MOST_COLUMNS} fit")
        odd = [name for name, _, _, _ in self.columns if name.endswith("_mean")]
        if odd:
            raise ValueError(
                f"the column {odd[0]!r} ends in _mean, which feature tables read as another column"
            )
        return self

    @property
    def stem(self) -> str:
        """How the name begins that each column has."""
        return re.sub(r"[.-]", "_", self.name)

    @property
    def columns(self) -> tuple[tuple[str, NetworkOutput, int, str], ...]:
        """(column, its output, number of the item, statistic), in the order of the head's input."""
        return tuple(
            (f"{self.stem}_{name}{'' if pool == 'mean' else f'_{pool}'}", output, index, pool)
            for output in self.outputs
            for pool in output.pool
            for index, name in enumerate(output.numbers)
        )

    def figures_depend_on(self) -> str:
        """What of it the figures depend on, as text."""
        return "\n".join(
            [
                *(each.model_dump_json() for each in self.inputs),
                *(each.model_dump_json(exclude={"unit", "description"}) for each in self.outputs),
            ]
        )
