"""What network.toml may say of frames and views: the choices that an input has."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    model_validator,
)

MOST_PICTURES = 512
"""Frames of a clip that one input looks at."""
LARGEST_SIDE = 4096
"""Pixels of one side of what a network is fed."""

Count = Annotated[StrictInt, Field(ge=1, le=MOST_PICTURES)]
Pixels = Annotated[StrictInt, Field(ge=1, le=LARGEST_SIDE)]


def _twice(value: object) -> object:
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def _in_words(size: tuple[int, int]) -> str:
    return f"{size[1]} by {size[0]}"


Size = Annotated[tuple[Pixels, Pixels], BeforeValidator(_twice)]
"""(lines, columns); one number stands for both."""


class TomlTable(BaseModel):
    """A table that has no other keys than are declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Uniform(TomlTable):
    """`count` frames, one of each of as many equal stretches of the clip."""

    choose: Literal["uniform"]
    count: Count
    at: Literal["centre", "start", "ends"] = "centre"
    """Which of a stretch: its middle or its first frame; `ends`: the first and the last frame of
    the clip, and the others evenly between."""

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.count} frames evenly ({self.at})"


class PerSecond(TomlTable):
    """Frames at a rate, from the first on."""

    choose: Literal["rate"]
    per_second: Annotated[float, Strict(), Field(gt=0, le=60)] = 1.0
    most: Count = 64
    """Where a clip would give more, the step between two frames grows until it gives as many."""

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.per_second:g} frames a second, at most {self.most}"


class Runs(TomlTable):
    """Several runs of `length` frames, `stride` apart."""

    choose: Literal["clips"]
    clips: Count
    length: Count
    stride: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    at: Literal["centre", "start"] = "centre"
    """Where they lie: in the middle of equal shares of all beginnings that are possible, as
    FAST-VQA does it for tests, or each at the start of an equal stretch of the clip."""
    short: Literal["loop", "hold", "refuse"] = "loop"
    """What a clip gives that is too short: it begins again, its last frame stays, or nothing."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.clips * self.length > MOST_PICTURES:
            raise ValueError(
                f"clips × length is {self.clips * self.length}; at most {MOST_PICTURES} frames of "
                "a clip are looked at"
            )
        return self

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.clips} runs of {self.length} frames, {self.stride} apart ({self.at})"


class Whole(TomlTable):
    """The whole picture, resized."""

    kind: Literal["whole"]
    size: Size
    aspect: Literal["squash", "pad", "crop"] = "squash"
    """How a picture of another shape fits: stretched; inside, with borders; or to cover, the middle
    being used."""
    scaler: Literal["nearest", "bilinear", "bicubic", "lanczos", "box"] = "bilinear"
    antialias: StrictBool = True
    """Whether the filter widens as a picture shrinks, as in Pillow and torchvision; false is
    torch's `interpolate`, and there only for `bilinear`."""
    border: Annotated[StrictInt, Field(ge=0, le=255)] = 0
    """Level of the borders of `pad`, in every channel."""

    @model_validator(mode="after")
    def _known_filter(self) -> Self:
        if not self.antialias and self.scaler != "bilinear":
            raise ValueError(
                f'antialias = false is there for scaler = "bilinear" alone, not {self.scaler!r}'
            )
        if self.border and self.aspect != "pad":
            raise ValueError(f'border is for aspect = "pad", and it is {self.aspect!r}')
        return self

    @property
    def words(self) -> str:
        """For a reader."""
        return f"the whole picture at {_in_words(self.size)} ({self.aspect}, {self.scaler})"


class Crops(TomlTable):
    """Parts of the picture at its own size."""

    kind: Literal["crops"]
    size: Size
    where: Literal["centre", "corners", "five", "seeded"] = "centre"
    """`five` is the four corners, then the centre; `seeded`: `count` places that follow from the
    clip's bytes, the same over time."""
    count: Annotated[StrictInt, Field(ge=1, le=64)] | None = None
    small: Literal["refuse", "enlarge"] = "refuse"
    """What becomes of a picture that is smaller: no figures, or enlarged just enough (bilinear)."""

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if (self.count is not None) != (self.where == "seeded"):
            raise ValueError('count is for where = "seeded", which needs it, and for nothing else')
        return self

    @property
    def words(self) -> str:
        """For a reader."""
        return f"{self.number} crops of {_in_words(self.size)} ({self.where})"

    @property
    def number(self) -> int:
        """Crops of one picture."""
        return {"centre": 1, "corners": 4, "five": 5}.get(self.where, self.count or 1)


class Fragments(TomlTable):
    """FAST-VQA's fragments (Wu et al. 2022, arXiv 2207.02595): the picture cut into a grid of
    cells, from each cell one patch at its own size, at the same place over time, put together."""

    kind: Literal["fragments"]
    grid: Annotated[StrictInt, Field(ge=1, le=64)] = 7
    patch: Pixels = 32
    place: Literal["seeded", "centre"] = "seeded"
    """Where in its cell a patch lies: at a place that follows from the clip's bytes, where the
    paper draws one, or in the middle."""
    small: Literal["refuse", "enlarge"] = "enlarge"
    """As of crops; the authors' program enlarges."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.grid * self.patch > LARGEST_SIDE:
            raise ValueError(f"grid × patch is {self.grid * self.patch}, above {LARGEST_SIDE}")
        return self

    @property
    def words(self) -> str:
        """For a reader."""
        return f"fragments: {self.grid} by {self.grid} of {self.patch} pixels ({self.place})"

    @property
    def size(self) -> tuple[int, int]:
        """(lines, columns) of what the network sees."""
        return self.grid * self.patch, self.grid * self.patch
