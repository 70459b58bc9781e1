"""The video stream that a player shows, and the size at which it shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import LIMITS, MAX_PIXELS, MAX_SIDE, VIDEO_DECODERS
from mos_assets.media.pictures import length_bytes, says_orientation

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_ASPECT = 64
"""Ratio of the longer side to the shorter beyond which a clip is refused."""

_SIDE_DATA = re.compile(r"^ +Side data:\n((?: {6,}.*\n?)*)", re.MULTILINE)
_ROTATION = re.compile(r"Display Matrix: rotation of (-?[\d.]+) degrees")
_CROPPING = re.compile(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)")
"""Left, right, top, bottom."""
_UPRIGHT_DEGREES = 1.0
"""ffmpeg turns a picture by a quarter where its angle is this close to one."""


def shown_stream(container: InputContainer) -> VideoStream:
    """The video stream that is measured everywhere: the one that players show.

    Cover pictures and thumbnails along the timeline are no film, wherever they stand. Of the
    others: those that can be decoded here, of these those that the container marks as default,
    of these the one with the most pixels, as ffmpeg and ffplay choose, and of equals the first.
    Raises ClipError where there is none, or none that can be decoded.
    """
    import av

    Disposition = av.stream.Disposition  # noqa: N806 - a class
    streams = container.streams.video
    if not streams:
        raise ClipError("there is no video stream in it")
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    films = [stream for stream in streams if not stream.disposition & still]
    if not films:
        raise ClipError("there is a cover picture in it where the video should be")

    def rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
        context: av.VideoCodecContext | None = stream.codec_context
        pixels = 0 if context is None else context.width * context.height
        default = bool(stream.disposition & Disposition.default)
        return (_flaw(stream) is None and pixels > 0, default, pixels, -stream.index)

    best = max(films, key=rank)
    flaw = _flaw(best)
    if flaw is not None:
        raise ClipError(flaw)
    return best


def _flaw(stream: VideoStream) -> str | None:
    """Why a stream is not decoded here."""
    # The library has no decoder at all for some streams; its types do not say so.
    context: av.VideoCodecContext | None = stream.codec_context
    if context is None:
        return "its video is in a format that no decoder here knows"
    if context.name not in VIDEO_DECODERS.split(","):
        return f"its video is in a format that is not decoded here, {context.name}"
    return None


def shown_size(
    container: InputContainer, stream: VideoStream, degrees: float | None = None
) -> tuple[int, int]:
    """Columns and lines of a picture as it is shown: the one definition of a clip's size.

    Cropped as the stream and its container say (H.264 and HEVC cropping, `PixelCrop` of
    Matroska, `clap` of MP4), then turned as the container says, or by `degrees` where the
    pictures themselves say so (`turned_by`). Samples are counted as they are
    coded: pictures are not stretched to a sample aspect ratio, here or in any figure. Raises
    ClipError where a size is missing or beyond the bounds.
    """
    context = stream.codec_context
    width, height = context.width, context.height
    check_picture(width, height)
    told = _side_data(container, stream.index)
    crop = _CROPPING.search(told)
    if crop is not None:
        left, right, top, bottom = (int(amount) for amount in crop.groups())
        width, height = width - left - right, height - top - bottom
        if width <= 0 or height <= 0:
            raise ClipError("its container crops its pictures to nothing")
        check_picture(width, height)
    turn = _ROTATION.search(told)
    if degrees is None:
        degrees = 0.0 if turn is None else float(turn[1])
    return (height, width) if abs(degrees % 180 - 90) < _UPRIGHT_DEGREES else (width, height)


def turned_by(path: Path, stream: VideoStream, first: bytes) -> float | None:
    """Degrees by which the pictures of a stream are turned as they themselves say, else None.

    `first` is its first packet. One picture is decoded, and only where that packet holds a
    message on orientation.
    """
    import av

    context = stream.codec_context
    codec = context.codec.canonical_name
    if not says_orientation(codec, first, length_bytes(codec, context.extradata)):
        return None
    with av.open(f"file:{path.absolute()}", options=dict(LIMITS)) as container:
        again = next(each for each in container.streams.video if each.index == stream.index)
        frame = next(iter(container.decode(again)), None)
        return None if frame is None else float(frame.rotation)


def check_picture(width: int, height: int) -> None:
    """Raise ClipError for a picture size that is missing or beyond the bounds."""
    if not width or not height:
        raise ClipError("its video stream names no picture size")
    shape = f"its pictures claim {width} by {height}"
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ClipError(f"{shape}; more than {MAX_SIDE} on a side or {MAX_PIXELS} are refused")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ClipError(f"{shape}; more than {MAX_ASPECT} to 1 is refused")


def _side_data(container: InputContainer, index: int) -> str:
    """What the library prints of a stream's side data, which it exposes in no other way."""
    import av.logging

    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        told: str = container.dumps_format()  # type: ignore[attr-defined] # its stubs lack it
    finally:
        av.logging.set_level(before)
    # Titles are a stranger's words: only lines under the mark of the stream itself are read.
    _, _, rest = told.partition(f"\n  Stream #0:{index}")
    stream, _, _ = rest.partition("\n  Stream #")
    found = _SIDE_DATA.findall(stream)
    return found[-1] if found else ""
