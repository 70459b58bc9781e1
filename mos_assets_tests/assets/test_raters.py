"""Raters in the UI: a table in the metadata of `raw_corpus`, and a check that blocks nothing."""

import dagster as dg

from mos_assets_tests.assets.conftest import QUALITIES, SCENES, Ran, World


def test_a_rater_against_the_panel_is_a_warning_that_names_him(tabled: World) -> None:
    folder = tabled.folder("tabled")
    rows = [",".join(["clip", *(f"u{n}" for n in range(9))])]
    for index in range(len(SCENES)):
        for crf, mos in QUALITIES:
            votes = [round(mos) + (n + index) % 2 * (1 if mos < 3 else -1) for n in range(8)]
            rows.append(",".join(map(str, [f"scene{index}_crf{crf}", 6 - round(mos), *votes])))
    (folder / "votes.csv").write_text("\n".join(rows) + "\n")
    toml = (folder / "corpus.toml").read_text().replace('mos = "mos"\n', "")
    (folder / "corpus.toml").write_text(f'{toml}\n[votes]\nfiles = ["votes.csv"]\n')
    run = tabled.run("raw_corpus")
    assert run.success
    (check,) = [
        each for each in run.get_asset_check_evaluations() if each.check_name == "raters_agree"
    ]
    assert not check.passed
    assert not check.blocking
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.description is not None
    assert "tabled: u0 correlates -" in check.description
    assert "u1" not in check.description
    metadata = Ran(tabled, run).metadata("raw_corpus")
    assert "| u0 |" in str(metadata["raters"].value)
