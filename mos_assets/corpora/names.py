"""Names of clips: which are safe to look up, which mean the same clip, and joining by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.records import Clip
from mos_assets.tables.cells import CellError

VIDEO_SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("mp4", "m4v", "mov", "qt", "3gp", "3g2", "f4v", "mj2"),
        *("mkv", "mk3d", "webm", "avi", "divx", "flv", "ogv", "ogg", "ogm", "wmv", "asf"),
        *("mpg", "mpeg", "vob", "mod", "ts", "m2t", "mts", "m2ts", "tod", "mxf", "nut"),
        *("y4m", "ivf", "obu", "av1", "h264", "264", "avc", "hevc", "265", "h265", "mp4v"),
    )
)
"""Suffixes of files that `media.ffmpeg.CONTAINER_FORMATS` can open; nothing else is a clip."""
_WRAP = "wrap it: ffmpeg -fflags +genpts -i {name} -c copy {stem}.mkv"
_RAW = (
    "raw pictures state neither size nor rate nor format; make it .y4m: ffmpeg -f rawvideo "
    "-pixel_format yuv420p -video_size 1920x1080 -framerate 25 -i {name} {stem}.y4m, with its own "
    "format, size and rate"
)
_NO_CLIPS = {
    **dict.fromkeys((".yuv", ".rgb", ".raw", ".nv12", ".i420", ".yuv420p"), _RAW),
    **dict.fromkeys((".dv", ".dif", ".m2v", ".m1v", ".mpv", ".wtv", ".mjpeg", ".mjpg"), _WRAP),
    **dict.fromkeys((".drc", ".vc2"), _WRAP),
    **dict.fromkeys((".part", ".crdownload", ".tmp", ".partial"), "it is not complete yet"),
    **dict.fromkeys((".zip", ".tar", ".gz", ".7z", ".rar"), "it is an archive; unpack it"),
    **dict.fromkeys((".mpd", ".m3u8"), "it is a playlist, which is not followed"),
}

_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".avif"))


def no_clip(name: str) -> str:
    """Why a file of this name is not looked at, and what would make it a clip."""
    dot, slash = name.rfind("."), name.rfind("/")
    suffix = name[dot:] if dot > slash + 1 else ""
    if not suffix:
        return "it has no suffix; name it after its container, such as .mp4"
    said = _NO_CLIPS.get(suffix.lower(), "{suffix} is no suffix of a clip")
    return said.format(name=name, stem=name[:dot], suffix=suffix)


def looks_like_suffix(suffix: str) -> bool:
    """Whether `.mp4`, `.yuv`, `.png` and the like say what kind of file it is, in small letters."""
    return suffix in VIDEO_SUFFIXES or suffix in _NO_CLIPS or suffix in _PICTURES


KONVID_CROPS = ("_original_centercrop_960x540_8s", "_cut_centercrop_960x540_8s")
"""What follows the id in the names of KonViD-1k's clips, in the order of looking."""
_KONVID_CROP = re.compile(rf"(\d+)(?:{'|'.join(KONVID_CROPS)})")
_PLAIN = re.compile(r"\w[\w.-]{0,200}", re.ASCII)
"""Safe beyond doubt, as nearly all names are; the rest is looked at more closely."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character: bytes that are not UTF-8, or a broken escape in JSON."""


def safe_name(text: str) -> str:
    """A clip's file name relative to its folder; a bare stem (`0001`) means `0001.mp4`.

    Raises CellError for a name that is empty, absolute, leads out of the folder, is not UTF-8,
    or holds a backslash or control character: such a name is never opened.
    """
    if _PLAIN.fullmatch(text):
        return text if video_suffix(text) else text + ".mp4"
    if not text:
        raise CellError("the clip name is empty")
    if _CONTROL.search(text):
        raise CellError(f"the clip name {text!r} holds a control character")
    if _SURROGATE.search(text):
        raise CellError(f"the clip name {text!r} is not UTF-8")
    if "\\" in text:
        raise CellError(f"the clip name {text!r} holds a backslash; separate folders by '/'")
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:/", text):
        raise CellError(f"the clip name {text!r} is not relative to the corpus")
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise CellError(f"the clip name {text!r} leads outside its folder or is not plain")
    if any(len(part.encode()) > 255 - len(".mp4") for part in parts):
        raise CellError(f"the clip name {text[:60]!r}… is too long for a file")
    return text if video_suffix(text) else text + ".mp4"


def foreign_name(text: str) -> str | None:
    """The path inside another machine's folder that a name gives (`C:\\x\\a.mp4`, `/x/a.mp4`,
    `./x/a.mp4`), as a safe name; None where it is none.

    Such a name is never opened. It may still say which of the files here is meant.
    """
    plain = (
        re.sub(r"^[A-Za-z]:", "", text.replace("\\", "/"))
        if "\\" in text or ":" in text[:2]
        else text
    )
    if plain == text and not text.startswith(("/", "./")):
        return None
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if not parts or "//" in plain.lstrip("/") or ":" in plain or ".." in parts or parts[0] == "~":
        return None
    try:
        safe_name("/".join(parts))
    except CellError:
        return None
    return "/".join(parts)


_USUAL = ".mp4"
"""How nearly all names end, of which there may be 150,000."""
_USUAL_LENGTH = len(_USUAL)


def video_suffix(name: str) -> str:
    """The suffix of a video file, as written, or ''."""
    if name.endswith(_USUAL) and name != _USUAL:
        return _USUAL
    dot = name.rfind(".")
    suffix = name[dot:]
    return suffix if dot > 0 and suffix.lower() in VIDEO_SUFFIXES else ""


def stem(name: str) -> str:
    """The name without its video suffix; dots that are part of the name stay."""
    if name.endswith(_USUAL) and name != _USUAL:
        return name[:-_USUAL_LENGTH]
    suffix = video_suffix(name)
    return name[: -len(suffix)] if suffix else name


def join_key(name: str) -> str:
    """What two spellings of one clip have in common: no suffix, a KonViD crop by its id."""
    plain = stem(name)
    crop = _KONVID_CROP.fullmatch(plain)
    return crop[1] if crop else plain


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How the rows of an external table meet the clips of a corpus."""

    row_of_clip: tuple[int | None, ...]
    """Per clip, in the order given: index of its row, or None."""
    unmatched_rows: tuple[str, ...]
    """Names in the table that no clip has."""
    repeated: tuple[str, ...]
    """Names of clips that have more than one row: none of those rows is joined."""


def match_names(row_names: Sequence[str], clips: Sequence[Clip]) -> NameMatch:
    """Join rows to clips by clip id, or file name with or without suffix.

    The id of a KonViD-1k clip and the name of its crop (KONVID_CROPS) are the same.
    """
    clip_keys = [join_key(clip.clip_id.removeprefix(f"{clip.corpus}/")) for clip in clips]
    known = set(clip_keys)
    prefixes = {f"{clip.corpus}/" for clip in clips}

    def key_of(name: str) -> str:
        plain = join_key(name)
        if plain not in known:
            for prefix in prefixes:
                if name.startswith(prefix):
                    return join_key(name.removeprefix(prefix))
        return plain

    row_keys = [key_of(name) for name in row_names]
    times = Counter(row_keys)
    row_of_key = {key: row for row, key in enumerate(row_keys) if times[key] == 1}
    return NameMatch(
        row_of_clip=tuple(row_of_key.get(key) for key in clip_keys),
        unmatched_rows=tuple(
            sorted({n for n, key in zip(row_names, row_keys, strict=True) if key not in known})
        ),
        repeated=tuple(sorted(key for key, count in times.items() if count > 1 and key in known)),
    )
