"""The one ffmpeg command that decodes a clip once and feeds every part that was asked for.

File names reach ffmpeg as input arguments only; filter graphs hold fixed names, and the
command runs inside an empty folder of its own.

Frames are renumbered as they are decoded, so that frame n of the clip always meets frame n
of its reference, whatever the timestamps (variable frame rate, gaps) say; `reference.py` says
where time decides instead. Rotation in the container is applied, as players do: the figures
describe the picture that people saw.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mos_assets.features import interlaced
from mos_assets.features.colour_tags import TAGGED_PICTURE, TAGS_FILE
from mos_assets.features.extractors.base import PairTap, PictureExtractor, picture_extractors
from mos_assets.features.frame_logs import CLIP_FRAMES, CLIP_TIMES, REFERENCE_TIMES
from mos_assets.features.libvmaf_filters import LibvmafFilters
from mos_assets.features.loopback import TRANSCODES
from mos_assets.features.outputs import NO_FILE
from mos_assets.features.stride import EVERY, Stride
from mos_assets.media.ffmpeg import input_arguments
from mos_assets.records import Probe
from mos_assets.settings import Loopback, ReferencePolicy

FIRST_PICTURE, FIRST_TAGS = "first_{}.txt", "first_{}.mkv"
"""Size and shape of the first decoded picture of an input, by its number, and its colour tags."""
TICKS = 1_000_000
"""Ticks a second of the clock by which frames of different rates are paired."""

_COMPARABLE = "|".join(
    f"yuv{sampling}p{depth}"
    for depth in ("", "10le", "12le", "16le")
    for sampling in (420, 422, 444)
)
"""What libvmaf takes; everything else it would convert itself."""
_EVEN = "crop=floor(iw/2)*2:floor(ih/2)*2:0:0"
"""x264 takes even sizes only in 4:2:0: an odd picture loses its last column or row."""
_CODED_RATE = 25
"""Pictures a second for an encoder of single pictures, whose quantiser follows their durations: the
same picture is coded alike, whatever the rate of its clip and however few are compared."""
_NULL = NO_FILE[2:]
_KEEP_FRAMES = ["-fps_mode", "passthrough"]


@dataclass(frozen=True, slots=True)
class Held:
    """How a clip is laid along a reference of another rate: by time, pictures held or left out."""

    slack_s: Fraction
    """Seconds by which a picture may begin after a reference frame and count as begun."""
    width: int
    """Pixels of the reference's decoded picture, to which the clip's is scaled."""
    height: int


def sampling_step(fps: float) -> int:
    """Frames from one sampled frame to the next: one sample a second."""
    return max(1, round(fps))


def exact_rate(fps: float) -> Fraction:
    """The rational frame rate that a container most likely means: 30000/1001 for 29.97003."""
    if fps < 1:
        return 1 / Fraction(1 / fps).limit_denominator(1001)
    return Fraction(fps).limit_denominator(1001)


def command(
    clip: Path,
    reference: Path | None,
    parts: Set[str],
    policy: ReferencePolicy,
    fps: float,
    streams: tuple[int, int] = (0, 0),
    held: Held | None = None,
    probe: Probe | None = None,
    compared: Stride = EVERY,
    loopback: Loopback = Loopback.ONE,
    matrices: tuple[int | None, int | None] = (None, None),
) -> list[str]:
    """Arguments for `run_ffmpeg`; outputs appear under the names above in its working folder.

    `reference` is given exactly where a comparison is wanted under the source policy. Frames are
    then paired by their number or, where `held` is given, by their time. `streams` are the numbers
    of the measured streams of the clip and of its reference, `probe` what is known of the clip.
    `compared` are the pairs that libvmaf compares; its motion is that of all pictures. `matrices`
    are what clip and reference are compared in under the source policy, None as they are tagged.
    """
    rate = exact_rate(fps)
    time_base = f"{rate.denominator}/{rate.numerator}"
    clock = f"settb={time_base},setpts=N"
    extractors = _extractors(parts)
    libvmaf = LibvmafFilters.of(extractors, compared)
    compare = libvmaf is not None
    step = sampling_step(fps)
    wanted = (e.tap(step) if probe is None else e.tap_of_clip(step, probe) for e in extractors)
    taps = [tap for tap in wanted if tap is not None]
    transcode = TRANSCODES[loopback] if compare and policy is ReferencePolicy.LOOPBACK else None
    source = compare and policy is ReferencePolicy.SOURCE
    found = (each.pair_tap(step, compared) for each in extractors if source)
    pairs = [pair for pair in found if pair is not None]

    branches = ["count", "woven"]
    chains = [interlaced.look("woven", interlaced.CLIP_FIELDS)]
    later_chains: list[str] = []
    if libvmaf is not None:
        if transcode is not None and transcode.alone:
            branches += ["pristine", *(["moving"] if libvmaf.moved else [])]
            shown = f"{_EVEN},format={_COMPARABLE}"
            steady = f"settb=1/{_CODED_RATE},setpts=N,fps={_CODED_RATE}"
            chains.append(f"[pristine]{libvmaf.thinned}{shown},{steady},split[coding][even]")
            # x264 gives its very first picture a finer quantiser than it would later.
            chains.append("[coding]tpad=start=1:start_mode=clone[counted]")
            chains += libvmaf.motion(shown)
            later_chains.append(f"[dec:0]select=gt(n\\,0),settb=1/{_CODED_RATE},setpts=N[coded]")
            later_chains.append(libvmaf.compare("coded", "even"))
        elif transcode is not None:
            branches.append("pristine")
            chains.append(f"[count]{_EVEN}[counted]")
            later_chains += [f"[pristine]{_EVEN}[even]", *libvmaf.pair("dec:0", "even")]
        elif source and held is not None:
            chains += _held_chains(held, streams[1], matrices)
            chains += _pair_chains("shown", "pristine", libvmaf, pairs)
        elif source:
            branches.append("distorted")
            chains += [
                f"[1:{streams[1]}]{clock},{_taken(matrices[1])}split=3[reference][size][fielded]",
                f"[distorted]{_taken(matrices[0])}null[asked]",
                "[asked][size]scale=w=rw:h=rh:flags=bicubic[resized]",
                *_pair_chains("resized", "reference", libvmaf, pairs),
            ]
        else:
            branches += ["left", "right"]
            chains += libvmaf.pair("left", "right")
    if source:
        chains.append(interlaced.look("fielded", interlaced.REFERENCE_FIELDS))
    for tap in taps:
        branches.append(tap.branch)
        chains += tap.chains
    labels = "".join(f"[{name}]" for name in branches)
    if source and held is not None:
        clock = f"split[timed][own];[own]{clock}"
    chains.insert(0, f"[0:{streams[0]}]{clock},split={len(branches)}{labels}")

    arguments = ["-y", "-xerror", "-filter_complex_threads", "1"]
    arguments += ["-threads", "1", *input_arguments(clip)]
    if source:
        if reference is None:
            raise ValueError("the source policy needs a reference")
        arguments += ["-threads", "1", *input_arguments(reference)]
    arguments += ["-filter_complex", ";".join(chains)]
    # Otherwise outputs run on the clock of the stated rate, which may be too slow for the frames.
    keep = [*_KEEP_FRAMES, "-enc_time_base", time_base.replace("/", ":")]
    count: list[str] = []
    log = [*_log_frames(CLIP_FRAMES), *_NULL]
    if transcode is None or transcode.alone:
        count = ["-map", "[count]", *keep, "-c:v", "wrapped_avframe", *log]
        log = [*_NULL]
    if transcode is not None:
        # The first output, by whose number the decoder of what was coded goes.
        coded = [*_KEEP_FRAMES, "-enc_time_base", f"1:{_CODED_RATE}"] if transcode.alone else keep
        arguments += ["-map", "[counted]", *coded, *transcode.arguments, *log]
        arguments += ["-dec", "0:0", "-filter_complex", ";".join(later_chains)]
    arguments += count
    if libvmaf is not None:
        for label in libvmaf.outputs:
            arguments += ["-map", f"[{label}]", *keep, *NO_FILE]
    tapped = [tap.outputs for tap in taps] + [pair.outputs for pair in pairs]
    for output in (output for outputs in tapped for output in outputs):
        arguments += ["-map", f"[{output.label}]", *keep, *output.arguments]
    if source:
        for number, name in enumerate((CLIP_TIMES, REFERENCE_TIMES)):
            arguments += ["-map", f"{number}:{streams[number]}", *_KEEP_FRAMES]
            arguments += ["-c:v", "wrapped_avframe", "-enc_time_base", "demux"]
            arguments += ["-stats_enc_pre:v", name]
            arguments += ["-stats_enc_pre_fmt:v", "{pts} {tb}", *_NULL]
    return arguments


def first_pictures(*files: tuple[Path, int]) -> list[str]:
    """Arguments that write size, shape and tags of the first picture of each stream of a file."""
    arguments = ["-y", "-xerror"]
    for path, _ in files:
        arguments += ["-threads", "1", *input_arguments(path)]
    for number, (_, stream) in enumerate(files):
        arguments += ["-map", f"{number}:{stream}", *_KEEP_FRAMES, "-frames:v", "1"]
        arguments += ["-c:v", "rawvideo", "-f", "framecrc", FIRST_PICTURE.format(number)]
        arguments += ["-map", f"{number}:{stream}", *_KEEP_FRAMES, "-frames:v", "1"]
        arguments += ["-vf", TAGGED_PICTURE, *TAGS_FILE, FIRST_TAGS.format(number)]
    return arguments


def _extractors(parts: Set[str]) -> list[PictureExtractor]:
    """In one order, whatever that of `parts`: the same parts are the same command."""
    known = picture_extractors()
    return [known[part] for part in sorted(parts, reverse=True)]


def _taken(matrix: int | None) -> str:
    """The beginning of a chain whose pictures are taken for this matrix, untagged as they are."""
    return "" if matrix is None else f"setparams=colorspace={matrix},"


def _pair_chains(
    clip: str, reference: str, libvmaf: LibvmafFilters, taps: Sequence[PairTap]
) -> list[str]:
    """From two labels of pictures that are numbered alike to libvmaf and to what takes of them."""
    if not taps:
        return list(libvmaf.pair(clip, reference))
    # Converted once, so that both sides come to what takes of them in one format.
    copies = f"format={_COMPARABLE},split={len(taps) + 1}"
    ours = f"[{clip}]{copies}[judged]" + "".join(f"[{tap.clip}]" for tap in taps)
    theirs = f"[{reference}]{copies}[held]" + "".join(f"[{tap.reference}]" for tap in taps)
    chains = [chain for tap in taps for chain in tap.chains]
    return [ours, theirs, *libvmaf.pair("judged", "held"), *chains]


def _held_chains(held: Held, stream: int, matrices: tuple[int | None, int | None]) -> list[str]:
    """From [timed] and the reference's stream to [shown] and [pristine]: each reference frame with
    what the clip shows then.

    The reference leads, and `blend` puts the clip's latest picture in the place of its own: at
    opacity 0 it copies the second input. Stamps are compared in whole microseconds.
    """
    relative = f"setpts=PTS-STARTPTS,settb=1/{TICKS}"
    return [
        f"[1:{stream}]{relative},{_taken(matrices[1])}split[fielded][film]",
        f"[film]format={_COMPARABLE},split[leading][reference]",
        f"[timed]{_taken(matrices[0])}{relative},setpts=PTS-{round(held.slack_s * TICKS)},"
        f"scale=w={held.width}:h={held.height}:flags=bicubic,setsar=1[resized]",
        "[leading]setsar=1[square]",
        "[square][resized]blend=all_mode=normal:all_opacity=0,setpts=N[shown]",
        "[reference]setpts=N[pristine]",
    ]


def _log_frames(name: str) -> list[str]:
    return ["-stats_enc_pre:v", name, "-stats_enc_pre_fmt:v", "{ptsi} {tbi} {pts}"]
