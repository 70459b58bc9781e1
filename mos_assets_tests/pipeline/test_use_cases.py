"""The use cases follow one another without Dagster, and say what they did."""

import json
import subprocess
import sys
from pathlib import Path

from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree

WHOLE = """
import json, logging, sys
sys.modules["dagster"] = None  # whoever imports it fails
from mos_assets.evaluation import GATE
from mos_assets.pipeline import assemble, ingest, judge, measure, release, shots, split, train
from mos_assets.settings import Settings
from mos_assets.store import Database

root = sys.argv[1]
settings = Settings.of(
    corpus="mine", corpus_root=f"{root}/corpora", store=f"{root}/store", model_dir=f"{root}/model",
    features="own", seeds=2, folds=3, epochs=3, workers=1,
)
run, paths = settings.run, settings.paths
database, log = Database(paths.store_folder), logging.getLogger()
ingested = ingest.ingest(run, paths, database, log.info)
shards = measure.plan_shards(run, paths, database, log)
done = [measure.measure_shard(run, paths, shard, log) for shard in shards]
merged = measure.merge(run, paths, database, done, log)
found = shots.find_shots(run, paths, database, log)
features = assemble.assemble(run, paths, database)
folds = split.split(run, database)
trained = train.train(run, paths, database, log)
judged = judge.judge(run, paths, database, GATE)
released = release.release(run, paths, database)
print(json.dumps({
    "opened": ingested.opened, "shards": len(shards), "measured": merged.rows.num_rows,
    "shots": found.known, "complete": features.complete, "strays": features.strays,
    "folds": len(folds.sha256), "rows": trained.rows, "difference": trained.difference,
    "sound": trained.checksum_holds and not trained.strays and not trained.refused_operators,
    "one": len({trained.candidate, judged.report.candidate_id, released.candidate}),
    "released": released.promotion.released,
    "in place": release.check_release(run, paths).checksum == released.manifest.checksum,
}))
"""


def test_the_whole_chain_runs_without_dagster(tmp_path: Path) -> None:
    labels = "".join(f"c{n},{1 + n % 7 / 2}\n" for n in range(15))
    figures = "".join(f"c{n},{n % 7 + n / 100},{n % 3}\n" for n in range(16))
    write_tree(
        tmp_path / "corpora" / "mine",
        {
            "corpus.toml": MINIMAL_TOML,
            "labels.csv": f"clip,mos\n{labels}",
            "clips/none.txt": "tables only",
            "features/own.csv": f"clip_name,sharpness,noise\n{figures}",
        },
    )
    ran = subprocess.run(
        [sys.executable, "-c", WHOLE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found.pop("difference") < 1e-5
    assert found == {
        "opened": 0,
        "shards": 0,
        "measured": 0,
        "shots": 0,
        "complete": 15,
        "strays": {"mine/own": 1},
        "folds": 64,
        "rows": 15,
        "sound": True,
        "one": 1,
        "released": True,
        "in place": True,
    }
