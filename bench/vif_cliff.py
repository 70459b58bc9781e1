"""The cliff of VIF, drawn: docs/vif_cliff.svg, from figures measured here.

A checkerboard of two code values is erased to flat grey, and the other way round put onto it, at
distances of 1 to 8 codes. Prints the table of docs/measures.md and writes the picture anew.

    python bench/vif_cliff.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from mos_assets.features import ClipTask, measure_clip
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.settings import Comparison, ReferencePolicy

PICTURE = Path(__file__).parents[1] / "docs" / "vif_cliff.svg"
DISTANCES = range(1, 9)
LINES = ("vif_scale0", "vif_scale1", "adm2")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 520, 240, 46, 16, 120, 40
STYLE = (
    "text{font:12px sans-serif;fill:#444}.a{stroke:#888;fill:none}"
    ".l{fill:none;stroke-width:2}.s0{stroke:#c0392b}.s1{stroke:#2471a3}.s2{stroke:#7d8a2e}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.s0{stroke:#ff7a66}.s1{stroke:#6db8ea}"
    ".s2{stroke:#c6d65a}}"
)


def main() -> None:
    """Measure, print, draw."""
    names = (*LINES, *(f"exchanged_{name}" for name in LINES))
    print("| codes apart | " + " | ".join(f"erased: `{name}`" for name in names), end="")
    print(" | " + " | ".join(f"added: `{name}`" for name in names) + " |")
    drawn: dict[str, list[float]] = {name: [] for name in LINES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for distance in DISTANCES:
            flat = render(folder / f"flat{distance}.mkv", f"126+{distance}/2")
            squares = "mod(floor(X/2)+floor(Y/2)\\,2)"
            texture = render(folder / f"texture{distance}.mkv", f"126+{distance}*{squares}")
            erased, added = figures(flat, texture), figures(texture, flat)
            cells = [f"{found[each]:.3f}" for found in (erased, added) for each in names]
            print(f"| {distance} | " + " | ".join(cells) + " |")
            for each in LINES:
                drawn[each].append(erased[each])
    PICTURE.write_text(svg(drawn), encoding="utf-8")


def render(path: Path, luma: str) -> Path:
    """A clip of two pictures of this luma, losslessly."""
    made = f"color=s=256x256:r=25,format=yuv420p,geq=lum={luma}:cb=128:cr=128,trim=end_frame=2"
    words = ["-f", "lavfi", "-i", made, "-c:v", "ffv1", str(path)]
    run = run_ffmpeg(find_ffmpeg(), words)
    if run.returncode:
        raise SystemExit(run.stderr.decode())
    return path


def figures(clip: Path, source: Path) -> dict[str, float]:
    """Both ways round."""
    task = ClipTask(
        clip_id=clip.stem,
        path=clip,
        sha256=hash_file(clip),
        probe=probe(clip),
        parts=frozenset({"libvmaf", "exchanged"}),
        reference_path=source,
        reference_sha256=hash_file(source),
        comparison=Comparison(ReferencePolicy.SOURCE),
    )
    return {
        name: value for m in measure_clip(task, find_ffmpeg()) for name, value in m.figures.items()
    }


def svg(drawn: dict[str, list[float]]) -> str:
    """A line chart: codes apart against figures of 0 to 1."""
    across = (WIDTH - LEFT - RIGHT) / (len(DISTANCES) - 1)
    down = HEIGHT - TOP - BOTTOM

    def at(place: int, value: float) -> tuple[float, float]:
        return LEFT + place * across, TOP + (1 - value) * down

    parts = [f'<path class="a" d="M{LEFT} {TOP}V{TOP + down}H{WIDTH - RIGHT}"/>']
    parts += [
        f'<text x="{LEFT - 26}" y="{at(0, v)[1] + 4:.0f}">{v:.1f}</text>' for v in (0, 0.5, 1)
    ]
    parts += [
        f'<text x="{at(place, 0)[0] - 3:.0f}" y="{TOP + down + 16}">{distance}</text>'
        for place, distance in enumerate(DISTANCES)
    ]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">code values between the two greys</text>')
    for number, (name, values) in enumerate(drawn.items()):
        points = " ".join("{:.1f},{:.1f}".format(*at(i, v)) for i, v in enumerate(values))
        parts.append(f'<polyline class="l s{number}" points="{points}"/>')
        x, y = at(len(values) - 1, values[-1])
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4 + 12 * (number == 2):.0f}">{name}</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">'
    )
    return f"{head}<style>{STYLE}</style>" + "".join(parts) + "</svg>\n"


if __name__ == "__main__":
    main()
