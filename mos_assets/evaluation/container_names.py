"""Which columns tell no more than a container and its headers do, by their names.

Names are compared without case, signs, units and words that only say of what: `Video_Height_px`,
`avgBitrate (kbps)` and `log10_bits_per_pixel` are a height, a bit rate and bits per pixel.
"""

from __future__ import annotations

import re

_SIZES = frozenset(
    (
        *("height", "width", "pixels", "npixels", "numpixels", "pixelcount", "megapixels", "mpix"),
        *("resolution", "picturesize", "framesize", "imagesize", "area", "lines", "scanlines"),
    )
)
_HEADERS = frozenset(
    (
        # Bits, and what they are per.
        *("bitrate", "datarate", "bitspersecond", "bps", "kbps", "mbps", "bitsperpixel", "bpp"),
        *("bitsperframe", "bytesperframe", "filesize", "size", "filebytes", "codedbytes"),
        # Time.
        *("fps", "framerate", "framespersecond", "rframerate", "duration", "length", "framecount"),
        *("nframes", "numframes", "numberofframes", "nbframes", "frames"),
        # What an encoder was told, as headers hold it.
        *("crf", "cq", "qp", "qscale", "quantizer", "quantiser", "quantizationparameter"),
        *("codeclevel", "codecprofile", "gop", "gopsize", "goplength", "keyint"),
        *("keyframeinterval", "bframes", "refframes", "bitdepth", "aspectratio", "sar", "dar"),
    )
)
_BEFORE = (
    *("video", "frame", "picture", "image", "img", "display", "encoded", "coded", "stream", "clip"),
    *("container", "file", "codec", "source", "src", "average", "avg", "mean", "median", "target"),
    *("nominal", "log10", "log1p", "log2", "log", "ln"),
)
_AFTER = (
    *("kbps", "mbps", "bps", "kbits", "kbit", "mbit", "bits", "pixels", "pixel", "px", "khz", "hz"),
    *("seconds", "secs", "sec", "ms", "bytes", "kb", "mb", "gb", "kib", "mib", "s"),
    *("average", "avg", "mean", "median", "log10", "log2", "log"),
)


def tells_size(name: str) -> bool:
    """Whether a column of this name is the size of a picture."""
    return not _SIZES.isdisjoint(_forms(name))


def tells_container(name: str) -> bool:
    """Whether a column of this name is what a container or its headers say, sizes among them."""
    return not (_SIZES | _HEADERS).isdisjoint(_forms(name))


def _forms(name: str) -> set[str]:
    """The name, and what is left of it without words before and units after it."""
    waiting = [re.sub("[^a-z0-9]", "", name.casefold())]
    found: set[str] = set()
    while waiting:
        form = waiting.pop()
        if not form or form in found:
            continue
        found.add(form)
        waiting += [form.removeprefix(word) for word in _BEFORE if form.startswith(word)]
        waiting += [form.removesuffix(unit) for unit in _AFTER if form.endswith(unit)]
    return found
