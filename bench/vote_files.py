"""What reading 769,205 votes of 153,841 clips costs, beside DuckDB doing it: CPU seconds.

One file of a row a vote, five votes a clip by 2,000 raters. In each round all take their turn in
one process; the table shows the middle round. `read and average` is what `DuckDB` does too: each
clip with the mean of its votes. The further rows join them to 153,841 labels with deviations, and
load a whole corpus with raters, checks of every label and corpus rows.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np

from mos_assets.corpora import CorpusRequest, load_corpus
from mos_assets.corpora.layouts.konvid_150k_votes import add_votes
from mos_assets.processes.collector import collector_paused
from mos_assets.records import Label
from mos_assets.tables.interned import read_interned

CLIPS, VOTES, RATERS, ROUNDS = 153_841, 5, 2_000, 5
TOML = """\
name = "many"
version = "1"
licence = "made up"
scale = [1, 5]

[columns]
clip = "video_name"

[votes]
files = ["votes.csv"]
rater = "worker"
vote = "video_score"
estimator = "mean"
"""


def main() -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="mos-bench-") as name:
        folder = Path(name, "many")
        folder.mkdir()
        names = write_votes(folder / "votes.csv")
        (folder / "corpus.toml").write_text(TOML)
        path = folder / "votes.csv"
        labels = [
            Label(clip, 3.0, None, None, "a", None, None, "scores.csv", line)
            for line, clip in enumerate(names, 2)
        ]
        request = CorpusRequest("many", Path(name))

        def whole() -> int:
            return len(load_corpus(request, workers=1, progress=lambda _: None).clips)

        cases: dict[str, Callable[[], int]] = {
            "DuckDB: read and average": lambda: by_duckdb(path),
            "read and average": lambda: by_columns(path),
            "add_votes: joined to labels": lambda: len(add_votes("many", labels, path)[0]),
            "load_corpus by corpus.toml, `mean`": whole,
        }
        spent: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, work in cases.items():
                gc.collect()
                with collector_paused():
                    began = time.process_time()
                    found = work()
                    spent[case].append(time.process_time() - began)
                if found != CLIPS:
                    raise SystemExit(f"{case}: {found} clips, not {CLIPS}")
        base = statistics.median(spent["DuckDB: read and average"])
        print("| | CPU s | of DuckDB's |\n|---|---:|---:|")
        for case, seconds in spent.items():
            middle = statistics.median(seconds)
            print(f"| {case} | {middle:.2f} | {middle / base:.2f} |")


def write_votes(path: Path) -> list[str]:
    """Five votes a clip; the names of the clips."""
    draw = random.Random(2)
    workers = [str(draw.randrange(10**31, 10**32)) for _ in range(RATERS)]
    names = [f"orig_{draw.randrange(10**9, 10**10)}_{at}_5s.mp4" for at in range(CLIPS)]
    with path.open("w") as file:
        file.write("video_name,worker,video_score\n")
        for name in names:
            file.writelines(
                f"{name},{worker},{draw.randint(1, 5)}\n" for worker in draw.sample(workers, VOTES)
            )
    return names


def by_duckdb(path: Path) -> int:
    """Clips with the mean of their votes, as DuckDB has them."""
    rows = duckdb.connect().execute(
        "SELECT video_name, avg(video_score) FROM read_csv(?) GROUP BY 1", [str(path)]
    )
    return len(rows.fetchall())


def by_columns(path: Path) -> int:
    """The same by the columns that the corpora room reads."""
    clip, vote = read_interned(path, lambda columns: (0, 2)).chosen
    values = np.array([float(word) for word in vote.words])
    mean = np.bincount(clip.codes, values[vote.codes]) / np.bincount(clip.codes)
    return len(list(zip(clip.words, mean.tolist(), strict=True)))


if __name__ == "__main__":
    main()
