"""What becomes of single-bit flips in shards and journals: `python bench/bit_flips.py [FLIPS]`.

Two shards, of 16 and of 300 clips, and one file of a journal are written; a bit anywhere is
flipped, and the file is read as the merge reads it. Children do it, since a reader may crash.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from mos_assets.errors import MosAssetsError
from mos_assets.features import measurement_table, picture_extractors, read_shard, write_shard
from mos_assets.records import Measurement

PARTS = ("libvmaf", "saliency", "shots")
CLIPS = {"shard of 16": 16, "shard of 300": 300, "journal": 1}


def measured(clips: int, dice: random.Random) -> list[Measurement]:
    rows = []
    for _ in range(clips):
        content = f"{dice.getrandbits(256):064x}"
        for part in PARTS:
            figures = {name: dice.random() for name in picture_extractors()[part].figure_names}
            print_ = f"{part}-1.2:ffmpeg-7.1:made"
            rows.append(Measurement(content, part, print_, figures=figures, reason=None))
    return rows


def child(path: Path) -> None:
    """Answer one line for each bit on standard input."""
    content, good = path.read_bytes(), measurement_table(read_shard(path))
    flipped = path.with_suffix(".flipped.parquet")
    for line in sys.stdin:
        bit = int(line)
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << (bit % 8)
        flipped.write_bytes(damaged)
        try:
            same = measurement_table(read_shard(flipped)).equals(good)
            outcome = "silent, the same rows" if same else "silent, other rows"
        except MosAssetsError:
            outcome = "redone"
        # The traceback that a user would see is what is counted.
        except Exception as error:
            outcome = f"traceback ({type(error).__name__})"
        print(json.dumps(outcome), flush=True)


def outcomes(path: Path, bits: list[int]) -> Counter[str]:
    found: Counter[str] = Counter()
    while bits:
        run = subprocess.run(
            [sys.executable, __file__, "--child", str(path)],
            input="".join(f"{bit}\n" for bit in bits),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        told = [json.loads(line) for line in run.stdout.splitlines()]
        found.update(told)
        bits = bits[len(told) :]
        if bits:
            found["the process died"] += 1
            bits = bits[1:]
    return found


def main(flips: int) -> None:
    dice, total = random.Random(11), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        for name, clips in CLIPS.items():
            path = Path(scratch) / f"{clips}.parquet"
            write_shard(path, measured(clips, dice))
            size, began = path.stat().st_size * 8, time.monotonic()
            found = outcomes(path, dice.sample(range(size), min(size, flips // len(CLIPS))))
            total.update(found)
            print(f"{name}: {size // 8} bytes, {dict(found)}, {time.monotonic() - began:.0f} s")
    print(f"all: {sum(total.values())} flips, {dict(total)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 12_000)
