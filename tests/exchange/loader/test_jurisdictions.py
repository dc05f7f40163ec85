"""Polygons of wards and islands join into municipalities, with six-digit codes."""

import orjson
from shapely.geometry import shape

from hiroba.exchange.loader.jurisdictions import city_of_ward
from hiroba.exchange.loader.values import with_check_digit


def square(west: float, code: str | None, city: str, name: str) -> dict:
    ring = [[west, 34.0], [west + 1, 34.0], [west + 1, 35.0], [west, 35.0], [west, 34.0]]
    properties = {"N03_001": "大阪府", "N03_002": None, "N03_003": city, "N03_004": name, "N03_007": code}
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def test_wards_join_into_their_city_and_the_house_knows_the_municipalities(tmp_path, fake, load):
    features = [
        square(135, "27141", "堺市", "堺区"), square(136, "27142", "堺市", "中区"), square(138, "27202", "", "岸和田市"),
        square(140, "27202", "", "岸和田市"),
    ]  # fmt: skip
    (tmp_path / "n03.json").write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
    report = load(tmp_path / "n03.json")
    assert report.files[0].created == 4
    sakai = fake.municipalities["271403"]
    assert sakai["names"] == {"ja": "堺市"}
    assert shape(sakai["area"]).equals(
        shape({"type": "Polygon", "coordinates": [[[135, 34], [137, 34], [137, 35], [135, 35], [135, 34]]]})
    )
    assert shape(fake.municipalities["272027"]["area"]).geom_type == "MultiPolygon"
    assert set(fake.municipalities) == {"271403", "272027"}
    ward = fake.entities["urn:ngsi-ld:AdministrativeArea:n03:271411"]
    assert ward["isPartOf"]["object"] == "urn:ngsi-ld:AdministrativeArea:n03:271403"
    assert ward["name"]["value"] == "堺市堺区"


def test_a_feature_without_a_code_is_refused_by_row(tmp_path, fake, load):
    features = [square(135, "27202", "", "岸和田市"), square(136, None, "", "所属未定地")]
    (tmp_path / "n03.json").write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
    report = load(tmp_path / "n03.json")
    [finding] = report.files[0].findings
    assert (finding.row, finding.column) == (2, "N03_007")
    assert set(fake.municipalities) == {"272027"}


def test_codes_get_the_check_digit_the_ministry_gives_them():
    known = {
        "27100": "271004",
        "27140": "271403",
        "37201": "372013",
        "17202": "172022",
        "01100": "011002",
        "13101": "131016",
    }
    assert {five: with_check_digit(five) for five in known} == known


def test_wards_know_their_city():
    cities = {
        "27128": "27100",
        "27141": "27140",
        "14118": "14100",
        "14131": "14130",
        "14153": "14150",
        "22103": "22100",
    }
    cities |= {"22138": "22130", "40109": "40100", "40131": "40130", "01110": "01100"}
    assert {ward: city_of_ward(ward) for ward in cities} == cities


def test_osaka_has_its_43_municipalities(real_data, fake, load):
    load(real_data / "boundaries_osaka")
    assert len(fake.municipalities) == 43
    assert all(shape(body["area"]).is_valid for body in fake.municipalities.values())
