"""What made `store_4.tar.xz`: a store and releases as the last commit of schema 4 wrote them.

Run in a checkout of commit 94dddb0 with its environment: `python make_store_4.py store_4.tar.xz`.
Everything in it is made up: two corpora of drawn clips and random tables, two candidates of one
head, and the journal of a run that was killed.
"""

import random
import sys
import tarfile
import tempfile
from pathlib import Path

import dagster as dg

from mos_assets.definitions import build_defs
from mos_assets.extraction import ClipTask, Journal, ReferencePolicy, measure_clips
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.settings import Settings

TOML = """
name = "{name}"
version = "1"
licence = "made by the tests"
labels = ["labels.csv"]
scale = [1.0, 5.0]
{clips}

[columns]
clip = "clip"
mos = "mos"
group = "scene"
"""
SCENES = (
    "mandelbrot=s=64x64:r=25",
    "testsrc2=s=64x64:r=25",
    "life=s=64x64:r=25:seed=3:ratio=0.3",
    "gradients=s=64x64:r=25:seed=7",
    "smptebars=s=64x64:r=25",
)
LATE = "late.mp4"
"""A clip that the killed run had measured, and no other."""


def write_filmed(folder: Path) -> None:
    (folder / "clips").mkdir(parents=True)
    lines = ["clip,mos,scene"]
    for index, scene in enumerate(SCENES):
        for crf in (20, 34, 46):
            name = f"scene{index}_crf{crf}.mp4"
            draw(scene, crf, folder / "clips" / name)
            lines.append(f"{name},{5.2 - crf / 12 + index / 20:.3f},scene{index}")
    write_labels(folder, lines, 'clips = "clips"')


def draw(scene: str, crf: int, path: Path) -> None:
    made = run_ffmpeg(
        find_ffmpeg(),
        [
            *("-f", "lavfi", "-i", scene, "-frames:v", "12", "-pix_fmt", "yuv420p"),
            *("-c:v", "libx264", "-crf", str(crf), "-threads", "1", str(path)),
        ],
    )
    assert made.returncode == 0, made.stderr.decode()


def write_tabled(folder: Path) -> None:
    (folder / "features").mkdir(parents=True)
    dice = random.Random(4)
    labels, rows = ["clip,mos,scene"], ["clip_name,sharpness,noise"]
    for index in range(24):
        mos = dice.uniform(1, 5)
        labels.append(f"c{index:02d}.mp4,{mos:.3f},scene{index // 2}")
        rows.append(f"c{index:02d},{mos + dice.gauss(0, 0.5):.4f},{dice.gauss(0, 1):.4f}")
    write_labels(folder, labels, "")
    (folder / "features" / "own.csv").write_text("\n".join(rows) + "\n")


def write_labels(folder: Path, lines: list[str], clips: str) -> None:
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder / "corpus.toml").write_text(TOML.format(name=folder.name, clips=clips))


def run(root: Path, *assets: str, **changes: object) -> None:
    settings = settings_of(root, **changes)
    job = build_defs(settings).resolve_implicit_global_asset_job_def()
    with dg.instance_for_test() as instance:
        assert job.execute_in_process(
            instance=instance,
            raise_on_error=True,
            asset_selection=[dg.AssetKey(name) for name in assets] or None,
        ).success


def settings_of(root: Path, **changes: object) -> Settings:
    settings = Settings(
        corpus_root=str(root / "corpora"),
        store=str(root / "store"),
        model_dir=str(root / "model"),
        seeds=2,
        folds=3,
        workers=2,
    )
    return settings.model_copy(update=changes)


def leave_a_journal(root: Path) -> None:
    """As a run leaves it that is killed after one clip."""
    path = root / "corpora" / "filmed" / "clips" / LATE
    draw("cellauto=s=64x64:r=25:rule=110:seed=5", 30, path)
    labels = root / "corpora" / "filmed" / "labels.csv"
    labels.write_text(labels.read_text() + f"{LATE},3.3,scene9\n")
    task = ClipTask(
        clip_id="filmed/late",
        path=path,
        sha256=hash_file(path),
        probe=probe(path),
        parts=frozenset({"libvmaf", "saliency"}),
        policy=ReferencePolicy.LOOPBACK,
        reference_path=None,
        reference_sha256=None,
    )
    journal = Journal(root / "store" / "shards" / "0123456789abcdef.parquet")
    measure_clips([task], find_ffmpeg(), workers=1, on_done=lambda _, found: journal.note(found))


def without_pictures(item: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if item.name.endswith(".png") else item


def main(archive: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_filmed(root / "corpora" / "filmed")
        write_tabled(root / "corpora" / "tabled")
        for epochs in (2, 3):
            run(root, corpus="tabled", features="own", epochs=epochs)
        made = ("raw_corpus", "clip_measurements", "shot_metadata", "extracted_features", "folds")
        run(root, *made, corpus="filmed", features="canonical-6+saliency")
        leave_a_journal(root)
        with tarfile.open(archive, "w:xz", preset=9) as tar:
            for name in ("corpora", "store", "model"):
                tar.add(root / name, name, filter=without_pictures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
