"""Designated evacuation sites and shelters of the GSI become EvacuationSite and EvacuationShelter."""

from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.loader.entity import Builder, ColumnRefused
from hiroba.exchange.loader.mapping import built_in
from hiroba.exchange.loader.readers import Row
from hiroba.exchange.loader.recognise import headings


def site(number: int, **more: Any) -> dict[str, Any]:
    properties = {
        "NO": number, "共通ID": f"E271400000{number:04}",
        "都道府県名及び市町村名": "大阪府堺市", "施設・場所名": f"第{number}公園",
        "住所": "大阪府堺市堺区南瓦町3-1", "洪水": "", "崖崩れ、土石流及び地滑り": "", "高潮": "", "地震": "1", "津波": "1",
        "大規模な火事": "", "内水氾濫": "", "火山現象": "", "指定避難所との住所同一": "", "備考": "",
    } | more  # fmt: skip
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [135.47, 34.58]}, "properties": properties}


def collection(path: Path, *features: dict[str, Any]) -> Path:
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "name": "271403", "features": features}))
    return path


def test_a_site_becomes_an_entity_under_its_common_id(tmp_path, fake, load):
    report = load(collection(tmp_path / "271403.json", site(1)))
    entity = fake.entities["urn:ngsi-ld:EvacuationSite:gsi:E2714000000001"]
    assert entity["name"] == {"type": "Property", "value": "第1公園"}
    assert entity["location"] == {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [135.47, 34.58]}}
    assert entity["tsunamiSafe"]["value"] is True
    assert entity["floodSafe"]["value"] is False
    assert entity["municipality"]["value"] == "271403"
    assert report.exit_status(strict=True) == 0


def test_loading_twice_changes_nothing(tmp_path, fake, load):
    file = collection(tmp_path / "271403.json", *(site(number) for number in range(1, 4)))
    first = load(file)
    held = dict(fake.entities)
    second = load(file)
    assert (first.files[0].created, first.files[0].updated) == (3, 0)
    assert (second.files[0].created, second.files[0].updated) == (0, 3)
    assert fake.entities == held


def test_a_row_without_a_place_is_refused_by_number_and_the_rest_goes_in(tmp_path, fake, load):
    nowhere = site(2) | {"geometry": None}
    report = load(collection(tmp_path / "271403.json", site(1), nowhere, site(3)))
    assert len(fake.entities) == 2
    [finding] = report.files[0].findings
    assert (finding.row, finding.column, finding.kept) == (2, "geometry", False)
    assert report.exit_status(strict=False) == 0
    assert report.exit_status(strict=True) == 1


def test_the_same_common_id_twice_is_refused_and_names_the_first_row(tmp_path, fake, load):
    report = load(collection(tmp_path / "271403.json", site(1), site(1, 備考="again")))
    [finding] = report.files[0].findings
    assert finding.row == 2
    assert "Row 1" in finding.sentence.in_language("en")
    assert "description" not in fake.entities["urn:ngsi-ld:EvacuationSite:gsi:E2714000000001"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_no_feature_breaks_the_load(key, flag, kind, coordinates):
    mapping = built_in()["gsi-emergency"]
    cells = {"共通ID": key, "施設・場所名": flag, "洪水": flag, "津波": kind}
    row = Row(1, cells, {"type": kind, "coordinates": coordinates})
    try:
        entity = Builder(mapping, headings(mapping, tuple(cells))).entity(row, [])
    except ColumnRefused as refused:
        assert str(refused)  # noqa: PT017 - either answer is right; anything else fails the test
    else:
        assert entity["id"].startswith("urn:ngsi-ld:EvacuationSite:gsi:")


def test_all_shelters_of_osaka_go_in(real_data, fake, load):
    report = load(real_data / "shelters_osaka")
    kinds = [id_.split(":")[2] for id_ in fake.entities]
    assert kinds.count("EvacuationSite") == 5455
    assert kinds.count("EvacuationShelter") == 2975
    assert report.refused == 0
    assert {file.path.name for file in report.files if file.status == "skipped"} == {"SOURCE.md", "code-to-city.json"}
