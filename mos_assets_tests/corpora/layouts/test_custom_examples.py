"""The corpus.toml files in docs/corpora, against headers as their datasets publish them."""

from pathlib import Path

import pytest

from mos_assets_tests.corpora.making import load, write_tree

DOCS = Path(__file__).parents[3] / "docs" / "corpora"
UGC = "vid,category,resolution,x_Subjects,MOSFull,MOSChunk00,stdFull,stdChunk00,width,height"
LSVQ = "name,p1,p2,p3,height,width,mos_p1,mos_p2,mos_p3,mos,frame_number,is_test"
CHUG = "Video,mos_j,sos_j,ref,name,bitladder,resolution,content_name,height,width"
FILES = {
    "live-vqc": {
        "LIVE_VQC_metadata.csv": "File,MOS,width,height\nA001.mp4,75,1920,1080\nB1.mp4,0,1,1\n"
    },
    "youtube-ugc": {
        "YOUTUBE_UGC_metadata.csv": f"{UGC}\nSports_1080P-0,Sports,1080,125,3.5,3,0.5,0.6,1,1\n"
    },
    "lsvq": {
        "labels_train_test.csv": f"{LSVQ}\nbatch1/x,a,b,c,9,9,1,2,3,50,240,False\n",
        "labels_test_1080p.csv": f"{LSVQ}\nbatch2/y,a,b,c,9,9,1,2,3,100,240,True\n",
    },
    "chug": {
        "chug.csv": f"{CHUG}\nf00d,25,2.8,0,r#one.mp4,r,360p,one.mp4,1,1\n"
        "beef,50,2.8,0,s#one.mp4,s,720p,one.mp4,1,1\n"
    },
}
MOS = {
    "live-vqc": {"A001.mp4": 4.0, "B1.mp4": 1.0},
    "youtube-ugc": {"Sports_1080P-0.mp4": 3.5},
    "lsvq": {"batch1/x.mp4": 3.0, "batch2/y.mp4": 5.0},
    "chug": {"f00d.mp4": 2.0, "beef.mp4": 3.0},
}


def test_each_documented_corpus_is_tried_here() -> None:
    assert {path.stem for path in DOCS.glob("*.toml")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_documented_corpus_loads(name: str, tmp_path: Path) -> None:
    toml = (DOCS / f"{name}.toml").read_text()
    folder = next(line.split('"')[1] for line in toml.splitlines() if line.startswith("clips"))
    write_tree(tmp_path / name, {"corpus.toml": toml, **FILES[name], f"{folder}/.keep": ""})
    corpus = load(tmp_path, name)
    assert {clip.clip_name: clip.mos for clip in corpus.clips} == MOS[name]
    assert not corpus.rejected


def test_what_the_files_know_besides_is_kept(tmp_path: Path) -> None:
    for name, files in FILES.items():
        toml = (DOCS / f"{name}.toml").read_text()
        tree = {"corpus.toml": toml, **files, "videos/.keep": "", "original_videos/.keep": ""}
        write_tree(tmp_path / name, {**tree, "Video/.keep": ""})
    (ugc,) = load(tmp_path, "youtube-ugc").clips
    assert (ugc.mos_std, ugc.n_ratings) == (0.5, 125)
    assert {clip.content_group for clip in load(tmp_path, "chug").clips} == {"chug/one.mp4"}
