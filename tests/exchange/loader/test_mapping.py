"""Mappings are data: what is wrong in one is said with file and key; every term they use is in the house's context."""

from importlib.resources import files
from pathlib import Path

import msgspec
import orjson
import pytest

from hiroba.base.errors import Stop
from hiroba.exchange.broker.contexts.context import _CORE_TERMS
from hiroba.exchange.loader.mapping import Column, Mapping, built_in, chosen
from hiroba.exchange.loader.recognise import moment_in

OWN = """
[[mapping]]
name = "benches"
title = "ベンチ"
type = "PointOfInterest"
source = "our-town"
key = ["番号"]
include = ["standard-place"]

[mapping.columns]
"番号" = { as = "code", required = true }
"座席" = { to = "seats", as = "integer" }
"""


def terms() -> set[str]:
    """Every type, attribute and member the house's mappings give."""
    used = {"location", "openingHours", "isPartOf", "localGovernmentCode"}
    for mapping in built_in().values():
        used |= {mapping.type} - {""}
        used |= {part for column in mapping.columns.values() for part in column.to.split(".") if part}
        used |= set(mapping.set) | {repeated.to for repeated in mapping.repeated.values()}
        used |= {mapping.hours.to} if mapping.hours else set()
        used |= {*mapping.snapshots.present, *mapping.snapshots.gone} if mapping.snapshots else set()
    return used


def test_every_term_is_in_the_houses_context():
    document = orjson.loads((files("hiroba.exchange.broker.contexts") / "hiroba-v1.jsonld").read_bytes())["@context"]
    assert terms() - set(document) - set(_CORE_TERMS) == set()
    assert all(":" in iri for iri in document.values())
    assert not any(term.startswith("@") for term in document)


def test_the_context_leaves_the_cores_terms_alone():
    document = orjson.loads((files("hiroba.exchange.broker.contexts") / "hiroba-v1.jsonld").read_bytes())["@context"]
    assert set(document) & set(_CORE_TERMS) == set()


def test_no_two_kinds_of_file_share_ids_unless_they_are_about_the_same_things():
    shared: dict[tuple[str, str], list[str]] = {}
    for mapping in built_in().values():
        if mapping.type:
            shared.setdefault((mapping.type, mapping.source), []).append(mapping.name)
    assert [names for names in shared.values() if len(names) > 1] == [["nanao-register", "nanao-open-shelters"]]


def test_ones_own_mapping_may_include_the_houses(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    [mapping] = chosen(str(tmp_path / "own.toml"), built_in())
    assert mapping.columns["名称"].language == "ja"
    assert mapping.key == ("番号",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title =", "titel ="), "titel"),
        (('as = "integer"', 'as = "whole"'), r"whole.*mapping\[0\]\.columns|mapping\[0\]\.columns.*whole|\$\.mapping"),
        (("[[mapping]]", "[[mapping"), "no TOML"),
        (('source = "our-town"\n', ""), "`source` is missing"),
        (('include = ["standard-place"]', 'include = ["nothing"]'), "includes nothing"),
        (('include = ["standard-place"]', 'include = ["benches"]'), "include each other"),
    ],
)
def test_a_wrong_mapping_is_refused_and_says_where(tmp_path, change, said):
    (tmp_path / "own.toml").write_text(OWN.replace(*change))
    with pytest.raises(Stop, match=said):
        chosen(str(tmp_path / "own.toml"), built_in())


def test_a_mapping_there_is_none_of_names_those_there_are():
    with pytest.raises(Stop, match="gsi-emergency"):
        chosen("nothing", built_in())


def test_a_file_without_the_columns_of_a_named_mapping_is_skipped_by_column(tmp_path, fake, load):
    (tmp_path / "a.csv").write_text("あ,い\n1,2\n")
    report = load(tmp_path / "a.csv", mappings=[built_in()["gsi-emergency"]])
    assert report.files[0].reason is not None
    assert "共通ID" in report.files[0].reason.in_language("ja")
    assert report.exit_status(strict=False) == 1


def test_a_value_stands_between_the_halves_of_a_pattern():
    assert moment_in("人数_{moment}時点", "人数_令和6年1月9日午後6時時点") == "令和6年1月9日午後6時"
    assert moment_in("人数_{moment}時点", "人数") == ""
    assert moment_in("births_{year}", "births_2025") == "2025"


def test_the_mapping_of_the_documentation_works_as_it_stands(tmp_path, fake, load):
    page = (Path(__file__).parents[3] / "docs" / "loading.md").read_text()
    (tmp_path / "benches.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    header = "番号,全国地方公共団体コード,ID,名称,緯度,経度,座席数,屋根,設置日,材質"
    (tmp_path / "bench.csv").write_text(f"{header}\n7,271403,1,駅前,34.5,135.4,４,,H29.1.6,2\n")
    load(tmp_path / "bench.csv", mappings=chosen(str(tmp_path / "benches.toml"), built_in()))
    entity = fake.entities["urn:ngsi-ld:PointOfInterest:our-town-benches:7"]
    assert entity["seats"] == {"type": "Property", "value": 4, "unitCode": "C62"}
    assert entity["covered"]["value"] is False
    assert entity["installed"]["value"] == {"@type": "Date", "@value": "2017-01-06"}
    assert entity["material"]["value"] == "metal"


def test_the_documentation_names_every_key_of_a_mapping_and_of_a_column():
    page = (Path(__file__).parents[3] / "docs" / "loading.md").read_text()
    keys = {field.encode_name for kind in (Mapping, Column) for field in msgspec.structs.fields(kind)}
    assert {key for key in keys if key not in page} == set()
