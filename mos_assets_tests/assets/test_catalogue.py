"""What the UI says of assets: words, units, lineage, code, owners; and that no text is lost."""

import inspect
import re
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.utils import is_valid_owner
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.assets.code_links import code_references, files_at
from mos_assets.assets.columns import WORDS
from mos_assets.assets.lineage import feature_sources, shot_sources
from mos_assets.definitions import ASSETS, build_defs
from mos_assets.errors import SettingsError
from mos_assets.features import BLOCKS, column_description, figure_notes
from mos_assets.settings import Settings
from mos_assets.store.schema import FIXED_COLUMNS
from mos_assets_tests.assets.conftest import Ran

CODE = re.compile(r"`[^`]*`")
TABLES = ("raw_corpus", "clip_measurements", "shot_metadata", "extracted_features", "folds")


def test_no_text_is_lost_as_html() -> None:
    """Dagster renders descriptions as Markdown with HTML in it: `<corpus>` would be a tag."""
    repository = build_defs(Settings.of(notify="true")).get_repository_def()
    graph = repository.asset_graph
    said: list[object] = [graph.get(key).description for key in graph.get_all_asset_keys()]
    said += [graph.get_check_spec(key).description for key in graph.asset_check_keys]
    said += [job.description for job in repository.get_all_jobs() if job.name != "__ASSET_JOB"]
    said += [each.description for each in (*repository.sensor_defs, *repository.schedule_defs)]
    said += [words for table in WORDS.values() for words in table.values()]
    said += [column_description(each) for block in BLOCKS.values() for each in block.columns]
    said += [column_description(each) for each in figure_notes()]
    assert len(said) > 150
    for text in said:
        assert isinstance(text, str) and text.strip()
        assert not re.search(r"<[A-Za-z/!?]|&\w+;", CODE.sub("", text)), text


def test_every_column_has_words_and_no_word_is_of_none() -> None:
    for table, words in WORDS.items():
        assert list(words) and set(words) == set(FIXED_COLUMNS[table].names), table


def test_a_run_says_what_every_column_is_and_where_it_comes_from(filmed: Ran) -> None:
    schemas = {}
    for asset in TABLES:
        metadata = filmed.metadata(asset)
        assert metadata["dagster/table_name"].value == asset
        schema = metadata["dagster/column_schema"].value
        assert isinstance(schema, dg.TableSchema)
        assert all(column.description for column in schema.columns), asset
        schemas[asset] = {column.name for column in schema.columns}
    of_files = filmed.metadata("raw_corpus")["dagster/column_lineage"].value
    assert isinstance(of_files, dg.TableColumnLineage)
    stated = {"corpus", "corpus_version", "label_origin", "ingested_at"}
    assert schemas["raw_corpus"] - set(of_files.deps_by_column) == stated
    assert {d.asset_key.path[-1] for of in of_files.deps_by_column.values() for d in of} == {
        "label_files",
        "clips",
    }
    found = {}
    for asset in TABLES[1:]:
        lineage = filmed.metadata(asset)["dagster/column_lineage"].value
        assert isinstance(lineage, dg.TableColumnLineage)
        found[asset] = lineage.deps_by_column
        assert set(lineage.deps_by_column) <= schemas[asset]
        for deps in lineage.deps_by_column.values():
            for dep in deps:
                (owner,) = dep.asset_key.path
                assert dep.column_name in schemas[owner]
    (of_adm2,) = found["extracted_features"]["adm2"]
    assert (of_adm2.asset_key.path, of_adm2.column_name) == (["clip_measurements"], "adm2")
    (of_cuts,) = found["extracted_features"]["shot_cut_density"]
    assert of_cuts.asset_key.path == ["shot_metadata"]


def test_lineage_follows_where_the_rows_have_it_from() -> None:
    order = ["adm2", "shot_count_norm", "log10_bits_per_pixel", "fps", "sharpness"]
    blocks = "shots=shots-1 + container-v1=probe-1 + own=table:own.csv"
    found = feature_sources(
        order,
        [f"canonical-6=libvmaf-1 + {blocks}", f"canonical-6=table:vmaf.csv + {blocks}"],
    )
    assert found == {
        "clip_id": [("raw_corpus", "clip_id")],
        "adm2": [("clip_measurements", "adm2"), ("feature_tables", "adm2")],
        "shot_count_norm": [("shot_metadata", "shot_count_norm")],
        "log10_bits_per_pixel": [
            ("raw_corpus", name) for name in ("width", "height", "fps", "frames", "coded_bytes")
        ],
        "fps": [("raw_corpus", "fps")],
        "sharpness": [("feature_tables", "sharpness")],
    }
    both = shot_sources(["measured", "shots.csv"])
    assert both["mean_length_s"] == [
        ("clip_measurements", "shot_mean_length_s"),
        ("shot_files", "mean_length_s"),
    ]
    assert shot_sources(["shots.csv"])["shot_count"] == [("shot_files", "shot_count")]
    assert shot_sources([]) == {"clip_id": [("raw_corpus", "clip_id")]}


@pytest.mark.parametrize("template", ASSETS, ids=lambda template: template.name)
def test_an_asset_leads_to_its_own_function(template: object) -> None:
    function = template.function  # type: ignore[attr-defined]
    references = code_references(function)["dagster/code_references"].value
    local = references.code_references[0]  # type: ignore[union-attr]
    lines = Path(local.file_path).read_text().splitlines()
    assert lines[local.line_number - 1 :][: len(inspect.getsource(function).splitlines())]
    assert "@asset(" in lines[local.line_number - 1]


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b/blob/1f"),
        ("https://github.com/a/b", "https://github.com/a/b/blob/1f"),
        ("git@github.com:a/b.git", "https://github.com/a/b/blob/1f"),
        ("ssh://git@github.example.com:22/a/b", "https://github.example.com/a/b/blob/1f"),
        ("https://me:secret@gitlab.com/g/sub/b.git/", "https://gitlab.com/g/sub/b/-/blob/1f"),
        ("git@gitlab.example.org:g/b.git", "https://gitlab.example.org/g/b/-/blob/1f"),
        ("/srv/git/b.git", None),
        ("https://example.com/a/b.git", None),
        ("https://github.com/a b", None),
        ("javascript:github(1)", None),
        ("", None),
    ],
)
def test_a_revision_is_where_its_host_shows_it(remote: str, url: str | None) -> None:
    """And a password in the remote goes nowhere."""
    assert files_at(remote, "1f") == url


def test_owners_are_a_setting() -> None:
    settings = Settings.of(owners="team:video, a.b@example.org")
    graph = build_defs(settings).get_repository_def().asset_graph
    found = {key.to_user_string(): graph.get(key).owners for key in graph.get_all_asset_keys()}
    assert set(map(tuple, found.values())) == {("team:video", "a.b@example.org")}
    assert not Settings().service.owner_names


@given(
    st.from_regex(r"[a-zA-Z.@:_-]{1,12}", fullmatch=True)
    | st.sampled_from(
        ["team:", "team:a b", "a@b", "a@b.c", "a@b.co", "x y@b.co", "team:x", "a@@b.co"]
    )
)
def test_what_is_taken_for_an_owner_dagster_takes_too(name: str) -> None:
    try:
        owners = Settings.of(owners=name).service.owner_names
    except SettingsError as error:
        assert "MOS_OWNERS" in str(error)
    else:
        assert all(map(is_valid_owner, owners))


def test_external_assets_stand_before_what_reads_them_and_are_never_run() -> None:
    graph = build_defs(Settings.of("mine")).get_repository_def().asset_graph
    external = {"label_files", "clips", "shot_files", "feature_tables", "feature_comparison"}
    assert {
        key.path[-1] for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable
    } == external
    read_by = {
        name: {key.to_user_string() for key in graph.get(dg.AssetKey(["mine", name])).child_keys}
        for name in external
    }
    assert read_by == {
        "label_files": {"mine/raw_corpus"},
        "clips": {"mine/raw_corpus"},
        "shot_files": {"mine/shot_metadata"},
        "feature_tables": {"mine/extracted_features"},
        "feature_comparison": set(),
    }
