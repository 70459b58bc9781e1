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
    corpus="mine,other", align="corpora", weights="precision",
    corpus_root=f"{root}/corpora", store=f"{root}/store", model_dir=f"{root}/model",
    features="own", seeds=2, folds=3, epochs=3, workers=1,
)
run, paths = settings.run, settings.paths
database, log = Database(paths.store_folder), logging.getLogger()
ingested = ingest.ingest(run, paths, database, log.info)
merged = measure.measure(run, paths, database, log)
found = shots.find_shots(run, paths, database, log)
features = assemble.assemble(run, paths, database)
folds = split.split(run, database)
trained = train.train(run, paths, database, log)
judged = judge.judge(run, paths, database, GATE)
released = release.release(run, paths, database)
over_all = judged.report.alignment.figures[0]
torn = database.fetch(
    "SELECT split_part(clip_id, '/', 2) AS clip FROM folds GROUP BY clip "
    "HAVING count(DISTINCT fold) > 1"
)
print(json.dumps({
    "torn": torn.num_rows,
    "opened": ingested.opened, "pieces": merged.spread.pieces, "measured": merged.rows.num_rows,
    "shots": found.known, "complete": features.complete, "strays": features.strays,
    "folds": len(folds.sha256), "rows": trained.rows, "difference": trained.difference,
    "sound": trained.checksum_holds and not trained.strays and not trained.refused_operators,
    "one": len({trained.candidate, judged.report.candidate_id, released.candidate}),
    "recipe": [trained.manifest.training_recipe[name] for name in ("align", "weights")],
    "settings": trained.manifest.data.settings,
    "weighed": judged.report.weighed,
    "maps": [[one.corpus, round(one.slope, 1)] for one in judged.report.alignment.maps],
    "judged": [one.clips for one in judged.report.alignment.figures],
    "better": over_all.rmse < over_all.rmse_without,
    "released": released.promotion.released,
    "in place": release.check_release(run, paths).checksum == released.manifest.checksum,
}))
"""


def test_the_whole_chain_runs_without_dagster(tmp_path: Path) -> None:
    """Of two corpora, the second rated lower and within less of the scale."""
    for name, rows, slope in (("mine", 40, 1.0), ("other", 35, 0.6)):
        labels = "".join(
            f"c{n},{1.5 + slope * (n % 7) / 2},{n % 3 / 2},{n % 5 + 2}\n" for n in range(rows)
        )
        figures = "".join(f"c{n},{n % 7 + n / 100},{n % 3}\n" for n in range(rows + 1))
        write_tree(
            tmp_path / "corpora" / name,
            {
                "corpus.toml": f'{MINIMAL_TOML.replace("mine", name)}std = "std"\nn = "n"\n',
                "labels.csv": f"clip,mos,std,n\n{labels}",
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
        "torn": 0,  # both corpora have clips of one name, which are one content
        "opened": 0,
        "pieces": 0,
        "measured": 0,
        "shots": 0,
        "complete": 75,
        "strays": {"mine/own": 1, "other/own": 1},
        "folds": 64,
        "rows": 75,
        "sound": True,
        "one": 1,
        "recipe": ["corpora", "precision"],
        "settings": [
            *("MOS_CORPUS=mine,other", "MOS_FEATURES=own", "MOS_SEEDS=2", "MOS_FOLDS=3"),
            *("MOS_EPOCHS=3", "MOS_ALIGN=corpora", "MOS_WEIGHTS=precision"),
        ],
        "weighed": 75,
        "maps": [["mine", 1.0], ["other", 0.6]],
        "judged": [75, 40, 35],
        "better": True,
        "released": True,
        "in place": True,
    }
