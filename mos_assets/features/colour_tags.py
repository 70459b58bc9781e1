"""What a clip says of its own colours, from one small picture that the command leaves.

Numbers are those of ITU-T H.273. Two rules for what is not said stand here too. Turned into RGB,
untagged pictures are BT.709 where they are HD, as players have it, and BT.601 below; FFmpeg, PyAV
and OpenCV have BT.601 for every size. Compared with a source, an untagged side is taken for what
the other is: FFmpeg takes it for BT.601 and converts, so that an encode of BT.709 without its tags
had a `vif_scale3` of .79 in place of .99.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import MachineError
from mos_assets.records import Probe

RGB, UNSPECIFIED = 0, 2
BT709_NAME = "bt709"
HD_LONG_SIDE, HD_SHORT_SIDE = 1280, 720
"""Pixels from which on a picture is HD: by its longer side or its shorter one, so that a turned
picture is what it was."""
UNTAGGED_RULE = "untagged-hd-bt709-1"
"""Name of the rule in fingerprints; its number is raised whenever another matrix would be taken."""
COMPARED_RULE = "untagged-as-other-1"
"""The same of the rule for pairs."""
TAGGED_PICTURE = "select=eq(n\\,0),crop=min(16\\,iw):min(16\\,ih):0:0"
"""Filters that leave of a stream what `read_tags` needs."""
TAGS_FILE = ("-c:v", "ffv1", "-level", "1", "-f", "matroska")
"""Arguments of an output that it reads, before the name of its file."""


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Tags of a clip's first picture."""

    matrix: int
    """MatrixCoefficients: 1 BT.709, 5 and 6 BT.601, 9 BT.2020, 0 RGB."""
    transfer: int
    """TransferCharacteristics: 1 BT.709, 13 sRGB, 16 PQ, 18 HLG."""


def read_tags(path: Path) -> ColourTags:
    """The tags of a TAGS_FILE. Raises MachineError where it was not written."""
    import av

    try:
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            return ColourTags(int(context.colorspace), int(context.color_trc))
    except (OSError, IndexError) as error:
        raise MachineError(f"the tags of its colours were not written ({error})") from error


def is_taken_for_bt709(tags: ColourTags, probe: Probe) -> bool:
    """Whether the rule, and no tag, says that the pictures are BT.709."""
    sides = sorted((probe.width, probe.height))
    return tags.matrix == UNSPECIFIED and (sides[0] >= HD_SHORT_SIDE or sides[1] >= HD_LONG_SIDE)


def matrices_taken(clip: ColourTags, reference: ColourTags) -> tuple[int | None, int | None]:
    """The matrices that a clip and its reference are compared in where they say none: that of the
    other. None where they say one, and where neither does or the other is RGB."""

    def taken(own: ColourTags, other: ColourTags) -> int | None:
        lends = own.matrix == UNSPECIFIED and other.matrix not in (RGB, UNSPECIFIED)
        return other.matrix if lends else None

    return taken(clip, reference), taken(reference, clip)
