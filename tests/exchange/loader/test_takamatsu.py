"""All of a city's tables: every one is known, what is refused is counted and known."""

from collections import Counter

REFUSED = {"takamatsu_city_organization_list__0083_202404": 2, "menu_information__0084_202607xlsx": 1}
"""Rows of the real files that are wrong: a key twice, an ingredient without a name."""


def test_every_table_of_takamatsu_goes_in(real_data, fake, load):
    report = load(real_data / "municipal_takamatsu")
    assert {file.path.name for file in report.files if file.status != "loaded"} == {"LICENSE", "SOURCE.md", "README"}
    assert {file.path.stem: file.refused for file in report.files if file.refused} == REFUSED
    assert not any(file.mapping == "takamatsu-other-place" for file in report.files)
    assert {
        name: columns for name, columns in ((file.path.name, file.unused) for file in report.files) if columns
    } == {}
    kinds = Counter(id_.split(":")[2] for id_ in fake.entities)
    assert kinds["Defibrillator"] == 450 + 514
    assert kinds["Event"] == 51 + 943
    assert kinds["PopulationStatistics"] == 3 * 235


def test_cells_become_what_they_mean(real_data, fake, load):
    tables = (
        "aed_location",
        "municipal_parking",
        "new_hostels",
        "population",
        "births",
        "evacuation_space",
        "hospital",
    )
    folder = real_data / "municipal_takamatsu" / "data"
    load(*(file for file in sorted(folder.iterdir()) if any(name in file.name for name in tables)))
    for beginning, attribute, value in MEANINGS:
        of_it = [entity for id_, entity in fake.entities.items() if id_.startswith(f"urn:ngsi-ld:{beginning}")]
        assert value in [entity[attribute]["value"] for entity in of_it if attribute in entity], beginning


MEANINGS = [
    ("Defibrillator:takamatsu-aed:1", "name", "健康増進施設サラマンダー"),
    ("OffStreetParking:takamatsu-parking:1", "openingHours", "月火水木金土日 07:30–22:00\n年中無休"),
    ("LodgingFacility:takamatsu-lodging:", "permitDate", {"@type": "Date", "@value": "1963-01-14"}),
    ("PopulationStatistics:takamatsu-population:2026-02-01:1", "population", 402),
    ("PopulationStatistics:takamatsu-population:2018-11-01:1", "population", 226),
    ("VitalStatistics:takamatsu-births-deaths:2025:1", "births", 216),
    ("EvacuationSite:takamatsu-evacuation-space:1", "floodSafe", "conditional"),
    ("MedicalFacility:takamatsu-hospital:", "openingDate", {"@type": "Date", "@value": "1947-04-01"}),
]
