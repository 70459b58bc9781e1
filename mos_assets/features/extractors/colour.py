"""The block `colour-v1`: colour with untagged HD taken for BT.709.

`nr-v1` has the same figure with untagged pictures of every size taken for BT.601, as FFmpeg does.
"""

from __future__ import annotations

import math

from mos_assets.errors import DoubtfulClipError
from mos_assets.features.colour_tags import (
    BT709_NAME,
    TAGGED_PICTURE,
    TAGS_FILE,
    UNTAGGED_RULE,
    is_taken_for_bt709,
    read_tags,
)
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.libraries import OPENCV
from mos_assets.features.outputs import colour_pictures
from mos_assets.features.picture_figures import colourfulness

LINES = 270
_AS_TAGGED, _AS_HD, _TAGS = "as_tagged.ppm", "as_hd.ppm", "colour_tags.mkv"


class Colour(PictureExtractor):
    """Colour by the clip's tags; untagged HD is BT.709, as players take it."""

    name, version, block = "colour", 1, "colour-v1"
    columns = (
        Column(
            "colourfulness",
            "levels",
            (0.0, math.inf),
            "Hasler & Süsstrunk 2003, sRGB levels; untagged: BT.709 from 1280x720 on, else BT.601",
            "mean over pictures, one a second",
        ),
    )
    libraries, settings, compares = (OPENCV,), (UNTAGGED_RULE, "mean-1fps"), ()

    def tap(self, step: int) -> Tap:
        """One frame a second, small, in RGB by the tags and by BT.709."""
        small = f"scale=-2:{LINES}:flags=bicubic"
        chains = (
            "[hued]split[first][each]",
            f"[first]{TAGGED_PICTURE}[tags]",
            f"[each]select=not(mod(n\\,{step})),split[told][guessed]",
            f"[told]{small},format=rgb24[astold]",
            f"[guessed]{small}:in_color_matrix={BT709_NAME},format=rgb24[ashd]",
        )
        ppm = ("-c:v", "ppm", "-f", "image2pipe")
        outputs = (
            Output("astold", (*ppm, _AS_TAGGED)),
            Output("ashd", (*ppm, _AS_HD)),
            Output("tags", (*TAGS_FILE, _TAGS)),
        )
        return Tap("hued", chains, outputs)

    def read(self, decoded: Decoded) -> Columns:
        """Mean over the sampled frames."""
        tags = read_tags(decoded.folder / _TAGS)
        name = _AS_HD if is_taken_for_bt709(tags, decoded.probe) else _AS_TAGGED
        found = [colourfulness(picture) for picture in colour_pictures(decoded.folder / name)]
        due = len(range(0, decoded.frames, decoded.step))
        if len(found) != due:
            raise DoubtfulClipError(f"{len(found)} colour pictures were made where {due} were due")
        return Columns({self.columns[0].name: math.fsum(found) / due}, None)
