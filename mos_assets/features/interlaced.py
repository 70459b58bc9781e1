"""Interlaced pictures: two fields of two instants in one, which people see deinterlaced.

libvmaf, transcodes and every figure of a picture take the combs for detail: under loopback, woven
clips have a `vif_scale0` .01 to .13 lower and an `nr_noise` up to 2.4 times as high as the same
film progressive. What players do with fields differs and is not in the file, so such clips are
refused by name, with the command that deinterlaces them.

A flag alone says little: progressive film is often coded as interlaced (PsF). FFmpeg's idet is
asked of the pictures that are flagged whether their lines are of two instants. Pictures that are
not flagged are shown as they are, combs and all, and are measured so. idet is wrong about film in
fields that scrolls by two lines a picture over a plain ground, such as end credits.
"""

from __future__ import annotations

from pathlib import Path

from mos_assets.errors import ClipError, MachineError

WOVEN_SHARE = 0.1
"""Of a clip's pictures, from which on it is refused."""
THRESHOLD = 1.2
"""By how much lines differ more within a picture than between pictures, for idet. At its own 1.04
test charts without any field are woven; at 1.5 a fifth of real fields is not."""
CLIP_FIELDS, REFERENCE_FIELDS = "clip_fields.txt", "reference_fields.txt"
_KEY = "lavfi.idet.multiple.current_frame"
_WOVEN = frozenset({"tff", "bff"})


def look(label: str, log: str) -> str:
    """The chain that logs what idet says of each picture of [label] that is flagged interlaced; the
    others cost nothing."""
    return (
        f"[{label}]select=not(eq(interlace_type\\,PROGRESSIVE)),idet=intl_thres={THRESHOLD},"
        f"metadata=print:key={_KEY}:file={log},nullsink"
    )


def require_progressive(folder: Path, log: str, pictures: int) -> None:
    """Raise ClipError where a tenth of a file's pictures or more are woven of two fields.

    `folder` is where the command ran; `pictures` were decoded of that file.
    """
    path = folder / log
    if not path.exists():
        raise MachineError("what is interlaced could not be written")
    with path.open() as file:
        found = sum(
            line.startswith(f"{_KEY}=") and line.strip().partition("=")[2] in _WOVEN
            for line in file
        )
    if found and found >= WOVEN_SHARE * pictures:
        whose = "its" if log == CLIP_FIELDS else "its reference's"
        raise ClipError(
            f"{whose} pictures are interlaced, {found} of {pictures}; give it as it was shown, "
            "deinterlaced: ffmpeg -i IN -vf bwdif -c:v ffv1 OUT.mkv"
        )
