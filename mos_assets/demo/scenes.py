"""What the demo corpus shows: each scene as a chain of FFmpeg's own picture sources.

A scene is one or more shots with hard cuts between them. Every source carries its own seed,
and every gradient its colours (ffmpeg draws those that are not given without regard to the
seed), so that a scene is the same picture for picture wherever it is rendered. Only strings live
here; nothing is run.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 320
HEIGHT = 180
FPS = 25
FRAMES = 50
"""Two seconds."""
FONT_FILE = "font.ttf"
"""The font beside the render's working folder: a relative name needs no quoting in a filter."""

_CLOUDS = (
    "perlin=s=160x90:r=25:octaves=7:persistence=0.62:xscale=1.6:yscale=2.4:tscale=0.7"
    ":random_mode=seed"
)
_ROCK = (
    "perlin=s=160x90:r=25:octaves=8:persistence=0.7:xscale=3:yscale=2:tscale=0.35:random_mode=seed"
)
_TEXT = f"fontfile={FONT_FILE}:expansion=none"


@dataclass(frozen=True, slots=True)
class Shot:
    """One uncut run of pictures."""

    source: str
    """A filter chain without labels that starts at a source of any size at 25 frames a second."""
    frames: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One content of the demo corpus; its renditions are one group of the folds."""

    name: str
    shots: tuple[Shot, ...]

    def graph(self, output: str) -> str:
        """The filter graph that renders the scene's 50 frames of 320x180 yuv420p to [output]."""
        chains = []
        for index, shot in enumerate(self.shots):
            chains.append(
                f"{shot.source},scale={WIDTH}:{HEIGHT}:flags=bicubic+accurate_rnd+bitexact,"
                f"setsar=1,format=yuv420p,trim=end_frame={shot.frames},"
                f"setpts=N/({FPS}*TB)[shot{index}]"
            )
        pads = "".join(f"[shot{index}]" for index in range(len(self.shots)))
        chains.append(f"{pads}concat=n={len(self.shots)}:v=1:a=0,fps={FPS}[{output}]")
        return ";".join(chains)


def _uncut(name: str, source: str) -> Scene:
    return Scene(name, (Shot(source, FRAMES),))


def _cut(name: str, *shots: tuple[str, int]) -> Scene:
    scene = Scene(name, tuple(Shot(source, frames) for source, frames in shots))
    if sum(shot.frames for shot in scene.shots) != FRAMES:
        raise AssertionError(f"the shots of {name} do not add up to {FRAMES} frames")
    return scene


def _tinted(source: str, red: str, green: str, blue: str) -> str:
    """A grey source through one curve a channel, each a list of x/y points in 0..1."""
    return f"{source},format=gbrp,curves=r='{red}':g='{green}':b='{blue}'"


_SKY = _tinted(
    f"{_CLOUDS}:random_seed=11", "0/.15 .5/.45 1/1", "0/.35 .5/.6 1/1", "0/.7 .5/.85 1/1"
)
_EMBERS = _tinted(
    f"{_CLOUDS}:random_seed=23", "0/0 .4/.6 1/1", "0/0 .6/.25 1/.95", "0/.05 .8/.1 1/.6"
)
_MOOR = _tinted(
    f"{_ROCK}:random_seed=31", "0/.05 .5/.35 1/.9", "0/.1 .45/.5 1/.95", "0/.05 .5/.2 1/.85"
)
_SLATE = _tinted(f"{_ROCK}:random_seed=47", "0/.05 1/.8", "0/.07 1/.85", "0/.12 1/.95")
_DIVE = (
    "mandelbrot=s=160x90:r=25:maxiter=400:start_scale=0.9:end_scale=0.02:end_pts=60"
    ":outer=normalized_iteration_count"
)
_FILIGREE = (
    "mandelbrot=s=320x180:r=25:maxiter=500:start_x=-0.7436:start_y=0.1318:start_scale=0.012"
    ":end_scale=0.004:end_pts=90,hue=h=150:s=1.3"
)
_MOSS = (
    "life=s=80x45:r=25:mold=12:ratio=0.28:seed=5:life_color=0xd8f0a0:death_color=0x143018"
    ":mold_color=0x5c8a3a,scale=320:180:flags=neighbor"
)
_CORAL = (
    "life=s=160x90:r=25:mold=40:ratio=0.18:seed=17:rule=B3678/S34678:life_color=0xffb090"
    ":death_color=0x102a50:mold_color=0xb05070"
)
_LACE = (
    "cellauto=s=160x90:r=25:rule=30:seed=7:scroll=1,format=gbrp,"
    "lutrgb=r=40+val*0.8:g=24+val*0.7:b=60+val*0.4"
)
_WEAVE = (
    "cellauto=s=80x45:r=25:rule=110:seed=3:ratio=0.4:scroll=1,format=gbrp,"
    "lutrgb=r=20+val*0.3:g=60+val*0.6:b=80+val*0.6,scale=320:180:flags=neighbor"
)
_DUSK = (
    "gradients=s=320x180:r=25:n=4:c0=0x1b1035:c1=0x8b2f5f:c2=0xf08a4b:c3=0xffd98a"
    ":type=linear:seed=9:speed=0.03"
)
_IRIS = (
    "gradients=s=320x180:r=25:n=5:c0=0x224411:c1=0x88cc22:c2=0x113355:c3=0x66aaff:c4=0x332211"
    ":type=circular:seed=21:speed=0.06"
)
_WHIRL = (
    "gradients=s=320x180:r=25:n=3:c0=0x0a3d62:c1=0xf6e58d:c2=0xeb4d4b:type=spiral:seed=4:speed=0.05"
)
_CARPET = "sierpinski=s=320x180:r=25:seed=8:jump=60:type=carpet,hue=h=40:s=2"
_GASKET = "sierpinski=s=320x180:r=25:seed=2:jump=40:type=triangle"
_CHART = "testsrc2=s=320x180:r=25"
_RINGS = "zoneplate=s=320x180:r=25:kx2=120:ky2=120:kt2=6:xo=-40:precision=10"
_BARS = "smptehdbars=s=320x180:r=25"
_CREDITS = (
    f"{_DUSK},drawtext={_TEXT}:text='The quick brown fox':fontsize=26:fontcolor=white"
    f":x=330-t*150:y=40,drawtext={_TEXT}:text='jumps over 12 lazy dogs':fontsize=17"
    f":fontcolor=0xfff0c0:x=-120+t*120:y=100,drawtext={_TEXT}"
    ":text='mean opinion score 1 2 3 4 5':fontsize=11:fontcolor=white:x=60:y=165-t*12"
)
_TICKER = (
    f"{_SLATE},drawbox=x=0:y=136:w=iw:h=iw:color=0x0a2050@0.85:t=fill,scale=320:180,"
    f"drawbox=x=0:y=140:w=iw:h=40:color=0x0a2050@0.9:t=fill,"
    f"drawtext={_TEXT}:text='Weather  Sports  Traffic  Markets  Weather':fontsize=20"
    ":fontcolor=0xffe080:x=300-t*110:y=150"
)
_GRAIN = f"{_EMBERS},scale=320:180,noise=alls=9:allf=t:all_seed=77,vignette=a=0.9"
_ORBIT = f"{_CHART},rotate=a=t*0.6:fillcolor=0x203040:bilinear=1"

SCENES: tuple[Scene, ...] = (
    _uncut("sky", _SKY),
    _uncut("dive", _DIVE),
    _uncut("moss", _MOSS),
    _uncut("credits", _CREDITS),
    _cut("newsreel", (_CHART, 14), (_MOOR, 20), (_TICKER, 16)),
    _uncut("lace", _LACE),
    _uncut("iris", _IRIS),
    _uncut("moor", _MOOR),
    _uncut("chart", _CHART),
    _cut("day-to-night", (_SKY, 27), (_GRAIN, 23)),
    _uncut("carpet", _CARPET),
    _uncut("filigree", _FILIGREE),
    _uncut("ticker", _TICKER),
    _uncut("rings", _RINGS),
    _cut("montage", (_WEAVE, 11), (_DUSK, 13), (_RINGS, 12), (_CORAL, 14)),
    _uncut("coral", _CORAL),
    _uncut("embers", _GRAIN),
    _uncut("whirl", _WHIRL),
    _uncut("orbit", _ORBIT),
    _cut("sign-off", (_GASKET, 30), (_BARS, 20)),
)
"""In this order a scene's index sets its levels of degradation and the bias of its labels."""
