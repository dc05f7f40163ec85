"""The sample region as a whole: the same for the same seed, whole, and plausible."""

from collections import Counter
from datetime import date, timedelta

import orjson
import pytest
import shapely
from shapely.geometry import shape

from hiroba.base.lg_code import lg_code
from hiroba.exchange.broker.contexts.book import house_document
from hiroba.exchange.sample import region
from hiroba.exchange.sample.book import PRIVATE

TODAY = date(2026, 11, 20)
LINES = {"Railway", "River"}
FLAGS = (
    "floodSafe", "landslideSafe", "stormSurgeSafe", "earthquakeSafe",
    "tsunamiSafe", "fireSafe", "inlandFloodSafe", "volcanoSafe",
)  # fmt: skip


@pytest.fixture(scope="module", params=[1, 7])
def drawn(request):
    return region(request.param, today=TODAY)


@pytest.fixture(scope="module")
def areas(drawn):
    return {municipality.lg_code: shape(area) for municipality, area in drawn.municipalities}


def of(drawn, *kinds):
    return [entity for _, entity in drawn.entities if entity["type"] in kinds]


def bytes_of(region):
    return orjson.dumps([region.entities, [(m.lg_code, m.names, area) for m, area in region.municipalities]])


def test_the_same_seed_gives_the_same_bytes_and_another_another_region(drawn):
    again, other = region(1, today=TODAY), region(7, today=TODAY)
    assert bytes_of(drawn) in {bytes_of(again), bytes_of(other)}
    assert bytes_of(again) != bytes_of(other)


def test_another_day_moves_the_events_alone():
    one, other = (region(1, today=day) for day in (TODAY, TODAY + timedelta(days=30)))
    changed = {a["type"] for (_, a), (_, b) in zip(one.entities, other.entities, strict=True) if a != b}
    assert changed == {"Event"}


def test_the_municipalities_tile_the_land_in_its_places(areas):
    assert len(areas) == 8
    assert all(area.is_valid for area in areas.values())
    assert shapely.coverage_is_valid(list(areas.values()))
    assert max(shapely.get_num_coordinates(area) for area in areas.values()) < 600


def test_the_region_lies_in_the_open_sea(areas):
    west, south, east, north = shapely.union_all(list(areas.values())).bounds
    assert 135.9 < west < east < 136.5
    assert 32.8 < south < north < 33.2


def test_codes_are_of_no_prefecture_and_carry_their_check_digit(drawn):
    codes = [municipality.lg_code for municipality, _ in drawn.municipalities]
    assert len(set(codes)) == 8
    assert all(code.startswith("90") and lg_code(code[:5]) == code for code in codes)


def test_a_municipality_is_an_entity_with_the_same_area(drawn, areas):
    found = {entity["lgCode"]: shape(entity["location"]) for entity in of(drawn, "AdministrativeArea")}
    assert found.keys() == areas.keys()
    assert all(found[code].equals(areas[code]) for code in areas)


def test_every_place_lies_inside_its_owners_area(drawn, areas):
    outside = [
        entity["id"]
        for owner, entity in drawn.entities
        if entity["type"] not in LINES and not areas[owner].buffer(2e-6).covers(shape(entity["location"]))
    ]
    assert outside == []


def test_rivers_and_railways_run_through_their_owners_area(drawn, areas):
    for owner, entity in drawn.entities:
        if entity["type"] in LINES:
            assert shape(entity["location"]).intersects(areas[owner])


def test_every_geometry_is_valid_and_of_six_digits(drawn):
    for _, entity in drawn.entities:
        drawn_there = shape(entity["location"])
        assert drawn_there.is_valid, entity["id"]
        assert not drawn_there.is_empty, entity["id"]
        assert shapely.get_coordinates(drawn_there).round(6).tolist() == shapely.get_coordinates(drawn_there).tolist()


def test_every_name_is_there_in_japanese_kana_and_english(drawn):
    for _, entity in drawn.entities:
        names = entity["name"]["languageMap"]
        assert names.keys() == {"ja", "ja-Kana", "en"}
        assert all(names.values()), entity["id"]
        assert names["en"].isascii(), names


def test_every_text_in_two_languages_has_both(drawn):
    for _, entity in drawn.entities:
        for value in entity.values():
            if isinstance(value, dict) and "languageMap" in value:
                assert all(value["languageMap"].get(language) for language in ("ja", "en")), entity["id"]


def test_ids_are_unique_and_name_the_type_and_the_owner(drawn):
    ids = Counter(entity["id"] for _, entity in drawn.entities)
    assert max(ids.values()) == 1
    for owner, entity in drawn.entities:
        assert entity["id"].startswith(f"urn:ngsi-ld:{entity['type']}:sample:{owner}-")


def test_what_a_company_runs_names_it_beside_the_municipality(drawn):
    for owner, entity in drawn.entities:
        assert entity["municipality"] == owner
        assert ("operator" in entity) == (entity["type"] in PRIVATE), entity["id"]


def test_streets_of_a_municipality_are_told_apart_by_name(drawn):
    streets = Counter((entity["municipality"], entity["name"]["languageMap"]["ja"]) for entity in of(drawn, "Street"))
    assert max(streets.values()) == 1


def test_there_is_enough_of_everything_and_not_too_much(drawn):
    counts = Counter(entity["type"] for _, entity in drawn.entities)
    assert 1500 <= counts.total() <= 2600
    least = {
        "AdministrativeArea": 8, "Forest": 8, "River": 4, "Railway": 3, "Station": 15, "BusStop": 100, "Street": 400,
        "EvacuationSite": 100, "EvacuationShelter": 100, "PublicOffice": 60, "School": 60, "ChildcareFacility": 60, "Library": 8,
        "MedicalFacility": 30, "Defibrillator": 100, "Park": 80, "PublicToilet": 60, "OffStreetParking": 30, "TouristSpot": 30,
        "Event": 40, "Restaurant": 30, "Laundry": 8,
    }  # fmt: skip
    assert {kind: counts[kind] for kind in least if counts[kind] < least[kind]} == {}
    assert counts.keys() == least.keys()


def test_every_municipality_has_a_hall_a_library_a_site_and_a_shelter(drawn, areas):
    for kind in ("PublicOffice", "Library", "EvacuationSite", "EvacuationShelter", "Park", "TouristSpot"):
        assert {entity["municipality"] for entity in of(drawn, kind)} == areas.keys()
    halls = [office["category"]["languageMap"]["en"] == "Town hall" for office in of(drawn, "PublicOffice")]
    assert sum(halls) == 8


def test_no_site_low_on_the_coast_is_safe_from_a_tsunami(drawn, areas):
    coast = shapely.boundary(shapely.union_all(list(areas.values())))
    sites = of(drawn, "EvacuationSite")
    low = [site for site in sites if site["elevation"] < 14.9 and coast.distance(shape(site["location"])) < 0.025]
    assert low
    assert not any(site["tsunamiSafe"] for site in low)
    assert any(site["tsunamiSafe"] for site in sites)


def test_every_site_is_for_some_hazard_and_every_flag_varies_or_holds_for_a_reason(drawn):
    sites = of(drawn, "EvacuationSite")
    assert all(site[flag] in {True, False} for site in sites for flag in FLAGS)
    assert all(any(site[flag] for flag in FLAGS) for site in sites)
    for flag in set(FLAGS) - {"earthquakeSafe"}:
        assert {site[flag] for site in sites} == {True, False}, flag


def test_counts_that_change_stay_within_what_there_is(drawn):
    pairs = (
        ("OffStreetParking", "availableSpotNumber", "totalSpotNumber"),
        ("Laundry", "availableMachines", "totalMachines"),
    )
    for kind, free, all_of_them in pairs:
        assert all(0 <= entity[free] <= entity[all_of_them] for entity in of(drawn, kind))
    assert all(entity["capacity"] > 0 == entity["headCount"] for entity in of(drawn, "EvacuationShelter"))


def test_events_are_to_come_and_end_after_they_start(drawn):
    for event in of(drawn, "Event"):
        starts, ends = event["startDate"]["@value"], event["endDate"]["@value"]
        assert TODAY.isoformat() < starts < ends < (TODAY + timedelta(days=70)).isoformat()


def test_telephone_numbers_reach_nobody(drawn):
    assert all(entity["telephone"].startswith("0000-") for _, entity in drawn.entities if "telephone" in entity)


def test_every_name_is_in_the_house_context() -> None:
    known = orjson.loads(house_document())["@context"]
    named = {name for _, entity in region(today=TODAY).entities for name in (entity["type"], *entity)} - {"id", "type"}
    core = {"location", "description"}
    assert named - set(known) - core == set()
