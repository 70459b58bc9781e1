"""Scenes that ffmpeg draws, and natural ones where their files are given, spoilt in many ways.

A scene is a filter graph; a distortion is a filter chain and the coder that stores its result. What
is rendered is the same, picture for picture, with the same ffmpeg.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib

from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg

WIDTH, HEIGHT, RATE, FRAMES = 480, 270, 25, 60
FONT = "font.ttf"
_S = f"s={WIDTH}x{HEIGHT}:r={RATE}"
_NOISE = (
    "perlin={}:octaves={}:persistence={}:xscale={}:yscale={}:tscale={}"
    ":random_mode=seed:random_seed={}"
)


def _perlin(octaves: int, persistence: float, scale: float, speed: float, seed: int) -> str:
    return _NOISE.format(_S, octaves, persistence, scale * 1.78, scale, speed, seed)


def _tint(red: str, green: str, blue: str) -> str:
    return f"format=gbrp,curves=r='{red}':g='{green}':b='{blue}'"


def _still(seed: int, persistence: float = 0.7) -> str:
    """One large picture with detail down to its pixels, for a camera to move over."""
    return (
        f"perlin=s=1440x810:r={RATE}:octaves=9:persistence={persistence}:xscale=7:yscale=4"
        f":tscale=0.1:random_mode=seed:random_seed={seed},trim=end_frame=1,loop={FRAMES}:1,"
        f"setpts=N/{RATE}/TB"
    )


_EARTH = _tint("0/.05 .5/.45 1/.95", "0/.1 .45/.5 1/.9", "0/.05 .5/.25 1/.8")
_SKY = _tint("0/.15 .5/.45 1/1", "0/.35 .5/.6 1/1", "0/.7 .5/.85 1/1")
_TEXT = f"fontfile={FONT}:expansion=none:fontcolor"
_PAGE = ",".join(
    f"drawtext={_TEXT}=0x202020:fontsize={11 + row % 3}:x=12:y={8 + 19 * row}-t*{{speed}}"
    f":text='{row} {text}'"
    for row, text in enumerate(
        ("opinions are scored by people who look at pictures for some seconds",
         "def mean(values) = sum(values) / len(values)   # and so it goes",
         "The quick brown fox jumps over twelve lazy dogs and 1 234 567 others",
         "Inbox (12)  Drafts  Sent  Archive  Spam (403)  Settings  Help") * 6
    )
)  # fmt: skip
_BOXES = ",".join(
    f"drawbox=x=mod({37 * i}+t*{60 + 23 * i}\\,{WIDTH}):y=mod({53 * i}+t*{17 * (i % 5)}\\,{HEIGHT})"
    f":w={14 + 9 * i}:h={10 + 7 * i}:color={colour}:t=fill"
    for i, colour in enumerate(("0xd04030", "0x3060c0", "0xe0c040", "0x40a060", "0xf0f0f0"))
)
GENERATED = {
    "dive": f"mandelbrot={_S}:maxiter=300:start_scale=0.9:end_scale=0.05:end_pts=80",
    "filigree": f"mandelbrot={_S}:maxiter=400:start_x=-0.7436:start_y=0.1318:start_scale=0.012"
    ":end_scale=0.006:end_pts=90,hue=h=150:s=1.3",
    "chart": f"testsrc2={_S}",
    "life": f"life={_S}:mold=30:ratio=0.2:seed=5:life_color=0xd8f0a0:death_color=0x143018"
    ":mold_color=0x5c8a3a,gblur=sigma=0.7",
    "coral": f"life=s=160x90:r={RATE}:mold=40:ratio=0.18:seed=17:rule=B3678/S34678"
    ":life_color=0xffb090:death_color=0x102a50:mold_color=0xb05070,scale=480:270:flags=bicubic",
    "lace": f"cellauto={_S}:rule=30:seed=7:scroll=1,gblur=sigma=0.6,format=gbrp,"
    "lutrgb=r=40+val*0.8:g=24+val*0.7:b=60+val*0.4",
    "iris": f"gradients={_S}:n=5:c0=0x224411:c1=0x88cc22:c2=0x113355:c3=0x66aaff:c4=0x332211"
    ":type=circular:seed=21:speed=0.04",
    "clouds": f"{_perlin(7, 0.55, 1.2, 0.5, 11)},{_SKY}",
    "moor": f"{_perlin(9, 0.72, 3, 0.15, 31)},{_EARTH}",
    "pan": f"{_still(3)},{_EARTH},crop={WIDTH}:{HEIGHT}:n*4:n*2",
    "zoom": f"{_still(8, 0.62)},{_SKY},zoompan=z='1.2+on/40':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2'"
    f":d=1:s={WIDTH}x{HEIGHT}:fps={RATE}",
    "shake": f"{_still(5, 0.66)},crop={WIDTH}:{HEIGHT}"
    ":400+14*sin(n*1.7)+6*sin(n*0.6):300+9*cos(n*1.3)",
    "shapes": f"{_still(12, 0.5)},crop={WIDTH}:{HEIGHT}:40:40,{_BOXES}",
    "grain": f"{_perlin(6, 0.5, 1, 0.3, 23)},{_SKY},noise=alls=10:allf=t:all_seed=77,"
    "vignette=a=0.9",
    "dark": f"{_perlin(8, 0.66, 2, 0.25, 41)},{_tint('0/0 1/.22', '0/0 1/.2', '0/.02 1/.3')},"
    "noise=alls=4:allf=t:all_seed=9",
    "snow": f"color=gray:{_S},noise=alls=60:allf=t:all_seed=4,gblur=sigma=1.6,eq=contrast=2.2",
    "page": f"color=0xf4f4f0:{_S},{_PAGE.format(speed=0)}",
    "credits": f"{_perlin(5, 0.5, 1, 0.2, 6)},{_tint('0/0 1/.4', '0/0 1/.3', '0/.1 1/.5')},"
    + _PAGE.format(speed=40).replace("0x202020", "white"),
    "rings": f"zoneplate={_S}:kx2=70:ky2=70:kt2=5:xo=-40:precision=10",
    "orbit": f"{_still(17, 0.6)},{_EARTH},crop=700:480:100:100,rotate=a=t*0.5:bilinear=1,"
    f"crop={WIDTH}:{HEIGHT}",
    "carpet": f"sierpinski={_S}:seed=8:jump=30:type=carpet,hue=h=40:s=2,gblur=sigma=0.5",
    "cuts": f"{_perlin(8, 0.7, 3, 0.2, 51)},{_EARTH},format=yuv420p,trim=end_frame=17[a];"
    f"testsrc2={_S},format=yuv420p,trim=end_frame=19[b];"
    f"mandelbrot={_S}:maxiter=300:start_scale=0.2:end_scale=0.1,format=yuv420p,trim=end_frame=24[c];"
    "[a][b][c]concat=n=3",
}  # fmt: skip
"""Scene → graph."""

_X264, _FINE = "-c:v libx264 -preset medium", "-c:v libx264 -preset veryfast -crf 12"


def _down(by: float) -> str:
    small = f"{2 * round(WIDTH / by / 2)}:{2 * round(HEIGHT / by / 2)}"
    return f"scale={small}:flags=bicubic,scale={WIDTH}:{HEIGHT}:flags=bicubic"


@dataclass(frozen=True)
class Distortion:
    """One way to spoil a scene."""

    name: str
    filters: str
    coders: tuple[str, ...]
    """Arguments of the coders that it goes through, one after the other."""


def _kind(name: str, *levels: tuple[str, str | tuple[str, ...]]) -> Iterator[Distortion]:
    for number, (filters, coders) in enumerate(levels, start=1):
        yield Distortion(
            f"{name}{number}", filters, (coders,) if isinstance(coders, str) else coders
        )


_X265 = "-c:v libx265 -preset fast -x265-params log-level=error:pools=1 -crf"
_VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 7 -b:v 0 -crf"
_AV1 = "-c:v libsvtav1 -preset 10 -svtav1-params lp=1 -crf"
DISTORTIONS = (
    *_kind("x264-", *(("null", f"{_X264} -crf {q}") for q in (20, 26, 32, 38, 44))),
    *_kind("down-", *((_down(by), _FINE) for by in (1.5, 2, 3, 4.5))),
    *_kind("x265-", *(("null", f"{_X265} {q}") for q in (26, 33, 41))),
    *_kind("noise-", *((f"noise=alls={a}:allf=t:all_seed={a}", _FINE) for a in (5, 12, 25))),
    *_kind("mpeg4-", *(("null", f"-c:v mpeg4 -q:v {q}") for q in (4, 10, 24))),
    *_kind("blur-", *((f"gblur=sigma={sigma}", _FINE) for sigma in (0.7, 1.4, 3))),
    *_kind(
        "ladder-", *((_down(by), f"{_X264} -crf {q}") for by, q in ((1.5, 28), (2, 34), (3, 30)))
    ),
    *_kind("vp9-", *(("null", f"{_VP9} {q}") for q in (34, 48, 62))),
    *_kind(
        "blocks-", *(("null", f"{_X264} -qp {q} -x264-params no-deblock=1") for q in (32, 38, 44))
    ),
    *_kind("av1-", *(("null", f"{_AV1} {q}") for q in (35, 50, 62))),
    *_kind(
        "twice-",
        ("null", (f"{_X264} -crf 26", f"{_X264} -crf 30")),
        ("null", ("-c:v mpeg4 -q:v 8", f"{_X264} -crf 28")),
        ("null", (f"{_X264} -crf 38", f"{_X264} -crf 22")),
    ),
    *_kind(
        "grainy-",
        *(
            (f"noise=alls={a}:allf=t:all_seed={a}", f"{_X264} -crf {q}")
            for a, q in ((8, 26), (16, 34))
        ),
    ),
    *_kind("mjpeg-", *(("null", f"-c:v mjpeg -q:v {q}") for q in (8, 20))),
    *_kind(
        "smear-", ("tmix=frames=3", f"{_X264} -crf 20"), ("unsharp=7:7:1.5", f"{_X264} -crf 30")
    ),
)
"""Forty-odd, neighbours alike: a scene takes some, far apart, so that each is met by several."""


@dataclass(frozen=True)
class Spoilt:
    """One distorted clip and its source."""

    scene: str
    distortion: str
    clip: Path
    source: Path


MOVES = (
    "crop={w}:{h}:(iw-ow)*(.3+.4*n/{n}):(ih-oh)*(.1+.8*n/{n})",
    "rotate=a=.02*sin(n/5):bilinear=1,crop={w}:{h}:(iw-ow)/2+6*sin(n/3):(ih-oh)/2",
    "scale=w='2*trunc(iw*(1+.003*n)/2)':h=-2:eval=frame:flags=bicubic,crop={w}:{h}",
    "crop={w}:{h}:(iw-ow)/2+5*sin(n*1.7)+2*sin(n*.6):(ih-oh)/2+4*cos(n*1.3)",
)
"""What a camera does over a photograph: a pan, a sway, a zoom, a shake."""
SHORT = 40
"""Frames of a natural scene."""


@dataclass(frozen=True)
class Scene:
    """A filter graph and the frames that it is drawn for."""

    name: str
    graph: str
    frames: int


def drawn_scenes() -> list[Scene]:
    """All that ffmpeg draws by itself."""
    return [Scene(name, graph, FRAMES) for name, graph in GENERATED.items()]


def natural_scenes(data: Path | None, photos: Path | None) -> list[Scene]:
    """Pans over photographs and rated stills, and films, as far as they are given."""
    found = []
    pictures = sorted(photos.iterdir()) if photos else []
    sized = "scale=w='2*trunc(iw*max(max(540/iw\\,330/ih)\\,min(1\\,700/iw))/2)':h=-2:flags=bicubic"
    found += [_moved(path, path.stem, sized, number) for number, path in enumerate(pictures)]
    stills = sorted((data / "corpora/avt-image-pairs/clips").glob("src_*")) if data else []
    for number, path in enumerate(stills):
        shape = f"crop=900:600:{300 * (number + 1)}:{350 * number + 200},scale=600:400"
        found.append(_moved(path, f"still{number}", shape, number))
    for name, fit in (("bigbuckbunny", "scale"), ("bikes", "crop")):
        path = data / "clips" / f"{name}.mp4" if data else None
        if path is not None and path.is_file():
            cut = f"trim=start_frame=60:end_frame={60 + SHORT},setpts=N/{RATE}/TB"
            found.append(Scene(name, f"movie='{path}',{cut},{fit}={WIDTH}:{HEIGHT}", SHORT))
    return found


def _moved(path: Path, name: str, shape: str, number: int) -> Scene:
    move = MOVES[number % len(MOVES)].format(w=WIDTH, h=HEIGHT, n=SHORT)
    grain = "" if number % 3 else f",noise=alls=3:allf=t:all_seed={number + 1}"
    once = f"movie='{path}',{shape},format=yuv420p,loop={SHORT}:1,setpts=N/{RATE}/TB"
    return Scene(name, f"{once},{move}{grain}", SHORT)


def render(ffmpeg: Ffmpeg, folder: Path, scene: Scene, picks: range) -> list[Spoilt]:
    """The lossless source of a scene and these distortions of it, as far as they are not there."""
    shutil.copyfile(
        Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans-Bold.ttf", folder / FONT
    )
    source = folder / f"{scene.name}.mkv"
    plain = f"setsar=1,format=yuv420p,setparams=colorspace=smpte170m:range=tv,fps={RATE}"
    drawn = f"{scene.graph},{plain},trim=end_frame={scene.frames}"
    lossless = ["-c:v", "ffv1", "-threads", "1"]
    _make(ffmpeg, source, ["-f", "lavfi", "-i", drawn, *lossless])
    found = []
    for pick in picks:
        each = DISTORTIONS[pick % len(DISTORTIONS)]
        clip = source
        for number, coder in enumerate(each.coders):
            last = number == len(each.coders) - 1
            made = folder / f"{scene.name}_{each.name}{'' if last else '_first'}.mkv"
            filters = each.filters if number == 0 else "null"
            words = ["-i", str(clip), "-vf", f"{filters},format=yuv420p", *coder.split()]
            _make(ffmpeg, made, [*words, "-threads", "1"])
            clip = made
        found.append(Spoilt(scene.name, each.name, clip, source))
    return found


def _make(ffmpeg: Ffmpeg, path: Path, arguments: list[str]) -> None:
    if path.exists():
        return
    part = path.with_suffix(".part.mkv")
    done = run_ffmpeg(
        ffmpeg,
        ["-y", "-filter_threads", "1", *arguments, "-fflags", "+bitexact", str(part)],
        cwd=path.parent,
    )
    if done.returncode != 0:
        sys.exit(f"{path.name}: {done.stderr.decode()}")
    part.rename(path)
