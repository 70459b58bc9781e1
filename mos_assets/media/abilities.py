"""What an ffmpeg must be able to do here, and whether this one can: asked of it, not read off.

A list of filters does not say which extractors a libvmaf was built with, nor a version number
what a distribution took out. So each thing that measuring needs is done once, on two tiny pictures.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ToolError
from mos_assets.processes.child import ResourceLimits, run_limited

NEEDED = (
    "the libvmaf filter with the extractors adm, vif, motion and cambi (from 216 pixels on), the "
    "filter idet, the encoder libx264, loopback decoders (-dec, since FFmpeg 7.0) and filter "
    "graphs that feed one another (since 7.1)"
)
_SIDE = 240
"""Pixels; cambi takes nothing smaller than 216 on both sides."""
_FRAMES = 2
_SECONDS = 60.0
_LIBVMAF = "libvmaf=model=:feature=name={}:log_fmt=json:log_path={}.json:n_threads=0"
_IDET = "[f]idet,metadata=print:file=fields.txt,nullsink"
_EXTRACTORS = {
    "adm": "integer_adm2",
    "vif": "integer_vif_scale0",
    "motion": "integer_motion2",
    "cambi": "cambi",
}
"""libvmaf's extractors, and a figure that each leaves in the log."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that an ffmpeg cannot do."""

    what: str
    said: str
    """Its own words, in one line."""


def lacks(program: str) -> tuple[Lack, ...]:
    """What this ffmpeg lacks of `NEEDED`; empty where nothing. Raises ToolError where it hangs."""
    with tempfile.TemporaryDirectory(prefix="mos-ffmpeg-") as name:
        folder = Path(name)
        (folder / "in.y4m").write_bytes(_pictures())
        everything = [*_compared(), *_read_all()]
        if _does(program, everything, folder) is None and _figures(folder) == set(_EXTRACTORS):
            return ()
        return _one_by_one(program, folder)


def _one_by_one(program: str, folder: Path) -> tuple[Lack, ...]:
    found: list[Lack] = []
    for extractor, figure in _EXTRACTORS.items():
        log = folder / f"{extractor}.json"
        log.unlink(missing_ok=True)
        graph = f"[0:v]split[a][b];[a][b]{_LIBVMAF.format(extractor, extractor)}"
        said = _does(program, ["-i", "in.y4m", "-lavfi", graph, "-f", "null", "-"], folder)
        if said is None and figure not in _metrics(log):
            said = f"it gave no {figure}"
        if said is not None:
            found.append(Lack(f"libvmaf with the extractor {extractor}", said))
    encode = ["-i", "in.y4m", "-c:v", "libx264", "-preset", "veryfast", "-f", "null", "-"]
    said = _does(program, encode, folder)
    if said is not None:
        return (*found, Lack("the encoder libx264", said))
    graph = f"[0:v]split[f][v];{_IDET}"
    words = ["-i", "in.y4m", "-filter_complex", graph, "-map", "[v]", "-f", "null", "-"]
    said = _does(program, ["-y", *words], folder)
    if said is not None:
        found.append(Lack("the filter idet", said))
    for graph, what in (
        ("[dec:0]null[v]", "loopback decoders (-dec)"),
        ("[dec:0][r]hstack[v]", "filter graphs that feed one another"),
    ):
        said = _does(program, _encoded(graph, ["v"], chained="[r]" in graph), folder)
        if said is not None:
            found.append(Lack(what, said))
            break
    return tuple(found or [Lack("all of it in one command", "its log is not complete")])


def _compared() -> list[str]:
    """Encode, decode what was encoded, and compare with every extractor."""
    count = len(_EXTRACTORS)
    left = [f"[a{number}]" for number in range(count)]
    right = [f"[b{number}]" for number in range(count)]
    chains = [f"[dec:0]split={count}{''.join(left)}", f"[r]split={count}{''.join(right)}"]
    chains += [
        f"{a}{b}{_LIBVMAF.format(name, name)}[{name}]"
        for a, b, name in zip(left, right, _EXTRACTORS, strict=True)
    ]
    return _encoded(";".join(chains), _EXTRACTORS, chained=True)


def _encoded(graph: str, outputs: Iterable[str], *, chained: bool) -> list[str]:
    """Encode, and give what was encoded as [dec:0] to a graph; the picture itself as [r], and to
    what looks for fields."""
    split = ["-filter_complex", f"[0:v]split=3[e][r][f];{_IDET}", "-map", "[e]"]
    first = split if chained else ["-map", "0:v"]
    return [
        *("-y", "-xerror", "-i", "in.y4m", *first, "-c:v", "libx264", "-preset", "veryfast"),
        *("-crf", "35", "-threads", "1", "-f", "null", "-", "-dec", "0:0"),
        *("-filter_complex", graph),
        *(word for name in outputs for word in ("-map", f"[{name}]", "-f", "null", "-")),
    ]


def _read_all() -> list[str]:
    """What the frame logs need of it."""
    return [
        "-map",
        "0:v",
        "-stats_enc_pre:v",
        "log.txt",
        "-c:v",
        "wrapped_avframe",
        "-f",
        "null",
        "-",
    ]


def _pictures() -> bytes:
    luma = bytes((x * 3 + y * y) % 220 + 16 for y in range(_SIDE) for x in range(_SIDE))
    frame = b"FRAME\n" + luma + bytes([128]) * (_SIDE * _SIDE // 2)
    return f"YUV4MPEG2 W{_SIDE} H{_SIDE} F25:1 Ip C420jpeg\n".encode() + frame * _FRAMES


def _does(program: str, arguments: list[str], folder: Path) -> str | None:
    """None where it did; else what it complained of."""
    command = [program, "-nostdin", "-hide_banner", "-loglevel", "error", *arguments]
    try:
        run = run_limited(command, ResourceLimits(_SECONDS), cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{program} did not answer within {_SECONDS:.0f} s.") from error
    if run.returncode == 0:
        return None
    lines = run.stderr.decode("utf-8", "replace").split("\n")
    line = next((line.strip() for line in lines if line.strip()), f"exit code {run.returncode}")
    return re.sub(r" @ 0x[0-9a-f]+", "", line)[:200]


def _figures(folder: Path) -> set[str]:
    return {
        name for name, figure in _EXTRACTORS.items() if figure in _metrics(folder / f"{name}.json")
    }


def _metrics(log: Path) -> frozenset[str]:
    try:
        frames = json.loads(log.read_text())["frames"]
        return frozenset(frames[0]["metrics"]) if len(frames) == _FRAMES else frozenset()
    except (OSError, ValueError, KeyError, IndexError):
        return frozenset()
