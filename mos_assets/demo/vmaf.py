"""What the simulated viewers of `demo-source` go by: how far a clip falls short of its source."""

from __future__ import annotations

import json
from pathlib import Path

from mos_assets.errors import CorpusError
from mos_assets.media.ffmpeg import Ffmpeg, last_error, run_ffmpeg

MODEL = "vmaf_v0.6.1"
"""Netflix's VMAF (Li et al. 2016), as libvmaf has it built in; its scale is 0 to 100."""
_TIMEOUT_S = 300.0


def shortfall(work: Path, clip: str, source: str, ffmpeg: Ffmpeg) -> float:
    """1 - VMAF/100 of a clip, mean over its pictures, to four digits: 0 (as its source) to 1.

    clip, source: file names in the folder `work`, which the log is written to and taken from.
    Raises CorpusError where this ffmpeg cannot do it.
    """
    log = f"{Path(clip).stem}.json"
    graph = f"[0:v][1:v]libvmaf=model=version={MODEL}:n_threads=1:log_fmt=json:log_path={log}"
    wanted = ["-i", clip, "-i", source, "-lavfi", graph, "-f", "null", "-"]
    ran = run_ffmpeg(ffmpeg, wanted, timeout_s=_TIMEOUT_S, cwd=work)
    if ran.returncode != 0:
        raise CorpusError(
            f"ffmpeg {ffmpeg.version} cannot compare {clip} of the demo corpus with its source by "
            f"{MODEL}: {last_error(ran.stderr)}. Unset MOS_FFMPEG to use the bundled build."
        )
    told = json.loads((work / log).read_text(encoding="utf-8"))
    (work / log).unlink()
    return round(1.0 - float(told["pooled_metrics"]["vmaf"]["mean"]) / 100.0, 4)
