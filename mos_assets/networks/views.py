"""What an input sees of one picture: resized, cropped, or put together from fragments.

Pictures are [lines, columns, channels] of whole levels 0..255. Pillow resizes with the arithmetic
that torchvision has for its pictures; grey is Pillow's `L` (ITU-R BT.601 luma of RGB).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.networks.choices import Crops, Fragments, Whole
from mos_assets.networks.declaration import NetworkInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]

Place = tuple[int, int]
"""(line, column) of the upper left corner."""


def coloured(input_: NetworkInput, picture: Picture) -> Picture:
    """The picture [lines, columns, 3] of RGB in the input's colours."""
    if input_.colour == "RGB":
        return picture
    if input_.colour == "BGR":
        return picture[:, :, ::-1]
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(picture).convert("L"))[:, :, None]


def views_of(input_: NetworkInput, picture: Picture, item: int, clip_sha256: str) -> list[Picture]:
    """Every view of one frame, all of the input's size.

    picture: in the input's colours. item: number of the picture or run among those of its clip; a
    run has one place for all of its frames, and so have all pictures.
    Raises ClipError where the picture is too small and the input refuses such.
    """
    view, size = input_.view, input_.view.size
    if isinstance(view, Whole):
        return [_whole(view, picture)]
    picture = _large_enough(picture, size, view.small)
    if isinstance(view, Fragments):
        seed = f"{clip_sha256}/{input_.name}/{item if input_.runs else 0}"
        return [_fragments(view, picture, seed)]
    seed = f"{clip_sha256}/{input_.name}"
    return [_part(picture, place, size) for place in _crop_places(view, picture.shape, seed)]


def seeded(seed: str, what: str, choices: int) -> int:
    """A whole number from 0 to choices - 1 that follows from the texts alone: the first eight bytes
    of the sha256 of `<seed>/<what>`, as one big-endian number, modulo `choices`."""
    digest = hashlib.sha256(f"{seed}/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % choices


def _whole(view: Whole, picture: Picture) -> Picture:
    import numpy as np

    (lines, columns), (height, width) = picture.shape[:2], view.size
    if view.aspect == "squash":
        return _resized(view, picture, (height, width))
    fits = [height / lines, width / columns]
    factor = min(fits) if view.aspect == "pad" else max(fits)
    # Both sides of one are exact: the side that decides is the wanted one.
    inner = max(1, round(lines * factor)), max(1, round(columns * factor))
    resized = _resized(view, picture, inner)
    if view.aspect == "crop":
        place = (inner[0] - height) // 2, (inner[1] - width) // 2
        return _part(resized, place, (height, width))
    canvas = np.full((height, width, picture.shape[2]), view.border, resized.dtype)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    canvas[top : top + inner[0], left : left + inner[1]] = resized
    return canvas


def _resized(view: Whole, picture: Picture, size: tuple[int, int]) -> Picture:
    if not view.antialias:
        return interpolate(picture, size)
    return _by_pillow(picture, size, view.scaler)


def _by_pillow(picture: Picture, size: tuple[int, int], scaler: str) -> Picture:
    import numpy as np
    from PIL import Image

    resample = Image.Resampling[scaler.upper()]
    image = Image.fromarray(np.ascontiguousarray(picture.squeeze(2) if picture.shape[2] == 1
                                                 else picture))  # fmt: skip
    resized = np.asarray(image.resize((size[1], size[0]), resample))
    return resized.reshape(*size, picture.shape[2])


def interpolate(picture: Picture, size: tuple[int, int]) -> Picture:
    """Bilinear between the four nearest pixels, however much the picture shrinks, and rounded: what
    torchvision's `Resize` makes of tensors of levels without antialiasing."""
    import numpy as np

    levels = picture.astype(np.float32)
    for axis, wanted in enumerate(size):
        given = levels.shape[axis]
        at = np.maximum((np.arange(wanted) + 0.5) * (given / wanted) - 0.5, 0.0)
        low = np.minimum(at.astype(np.int64), given - 1)
        high = np.minimum(low + 1, given - 1)
        shape = [1, 1, 1]
        shape[axis] = wanted
        weight = (at - low).astype(np.float32).reshape(shape)
        levels = levels.take(low, axis) * (1 - weight) + levels.take(high, axis) * weight
    return np.rint(levels).astype(np.uint8)


def _large_enough(picture: Picture, size: tuple[int, int], small: str) -> Picture:
    lines, columns = picture.shape[:2]
    factor = max(size[0] / lines, size[1] / columns)
    if factor <= 1:
        return picture
    if small == "refuse":
        raise ClipError(
            f"its pictures of {columns} by {lines} are smaller than the {size[1]} by {size[0]} "
            'that the network sees (small = "refuse")'
        )
    larger = max(size[0], round(lines * factor)), max(size[1], round(columns * factor))
    return _by_pillow(picture, larger, "bilinear")


def _fragments(view: Fragments, picture: Picture, seed: str) -> Picture:
    import numpy as np

    grid, patch = view.grid, view.patch
    lines, columns = picture.shape[:2]
    made = np.empty((*view.size, picture.shape[2]), np.uint8)
    for i in range(grid):
        for j in range(grid):
            line = _in_cell(view, lines, i, f"{seed}/{i}/{j}", "line")
            column = _in_cell(view, columns, j, f"{seed}/{i}/{j}", "column")
            made[i * patch : (i + 1) * patch, j * patch : (j + 1) * patch] = _part(
                picture, (line, column), (patch, patch)
            )
    return made


def _in_cell(view: Fragments, side: int, index: int, seed: str, axis: str) -> int:
    """Where the patch of a cell begins along one axis, as `get_spatial_fragments` of FAST-VQA lays
    cells: side // grid long, and the last patches within the picture."""
    cell = side // view.grid
    begin = min(cell * index, side - view.patch)
    room = cell - view.patch
    if room <= 0:
        return begin
    return begin + (room // 2 if view.place == "centre" else seeded(seed, axis, room))


def _crop_places(view: Crops, shape: Sequence[int], seed: str) -> list[Place]:
    room = shape[0] - view.size[0], shape[1] - view.size[1]
    centre = room[0] // 2, room[1] // 2
    corners = [(0, 0), (0, room[1]), (room[0], 0), room]
    if view.where == "seeded":
        return [
            (
                seeded(seed, f"{index}/line", room[0] + 1),
                seeded(seed, f"{index}/column", room[1] + 1),
            )
            for index in range(view.number)
        ]
    return {"centre": [centre], "corners": corners, "five": [*corners, centre]}[view.where]


def _part(picture: Picture, place: Place, size: tuple[int, int]) -> Picture:
    return picture[place[0] : place[0] + size[0], place[1] : place[1] + size[1]]
