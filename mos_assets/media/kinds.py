"""What a file is that holds no video of a kind that is read here, for the sentence that says so."""

from __future__ import annotations

from pathlib import Path

_HEAD = 64
_KINDS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"SDPX", "a DPX picture"),
    (0, b"XPDS", "a DPX picture"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (8, b"WAVE", "a WAV sound file"),
    (0, b"RF64", "a WAV sound file"),
    (0, b"fLaC", "a FLAC sound file"),
    (0, b"ID3", "a sound file (MP3 or the like)"),
    (0, b"\xff\xfb", "an MP3 sound file"),
    (0, b"\xff\xf3", "an MP3 sound file"),
    (0, b"\xff\xf2", "an MP3 sound file"),
    (0, b"\xff\xf1", "an AAC sound file"),
    (0, b"\xff\xf9", "an AAC sound file"),
    (8, b"AIFF", "an AIFF sound file"),
    (8, b"AIFC", "an AIFF sound file"),
    (0, b".snd", "an AU sound file"),
    (0, b"#!AMR", "an AMR sound file"),
    (0, b"caff", "a CAF sound file"),
    (0, b"\x0b\x77", "an AC-3 sound file"),
    (0, b"wvpk", "a WavPack sound file"),
    (0, b"MAC ", "a Monkey's Audio sound file"),
    (0, b"TTA", "a True Audio sound file"),
    (0, b"MThd", "a MIDI file"),
    (0, b".RMF", "a RealMedia file"),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "a WTV recording"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a list of files"),
)
"""Where a mark lies, the mark, and what bears it."""


def not_read(path: Path) -> str:
    """The sentence on a file of a kind that is not read here: what it is, where its mark tells."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    kind = next((name for at, mark, name in _KINDS if head[at : at + len(mark)] == mark), None)
    what = "in a format that is not read here" if kind is None else f"{kind} and no video clip"
    return f"it is {what}; convert it to MP4 or Matroska with ffmpeg where it holds a film"
