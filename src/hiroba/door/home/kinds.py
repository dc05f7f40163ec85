"""The kinds of things people look for: what they call them, the icon, and the sign they wear on a map.

One row per entity type. A type that is not here is shown all the same, under its own name.
"""

from typing import Final, Literal

import msgspec

Shape = Literal["square", "round", "diamond", "drop"]


class Kind(msgspec.Struct, frozen=True):
    """A kind, in the words of the house: `one` and `many` are English sentences that the catalogue translates."""

    type: str
    one: str
    many: str
    icon: str = "pin"
    letter: str = "●"
    """What stands on its sign: with the shape it tells kinds apart without colour."""
    shape: Shape = "round"
    colour: str = "grey"
    place: bool = True
    """Whether it is a place to go to; else it belongs to the base map."""
    daily: bool = True
    """Whether the home page offers the nearest one."""


KINDS: Final = {
    kind.type: kind
    for kind in (
        Kind(
            "EvacuationSite", "Emergency evacuation site", "Emergency evacuation sites", "flee", "避", "square", "green"
        ),
        Kind("EvacuationShelter", "Evacuation shelter", "Evacuation shelters", "shelter", "所", "square", "green"),
        Kind("AED", "AED", "AEDs", "heart", "Ａ", "square", "red", daily=False),
        Kind("Defibrillator", "AED", "AEDs", "heart", "Ａ", "square", "red", daily=False),
        Kind("Hospital", "Hospital or clinic", "Hospitals and clinics", "hospital", "医", "square", "red"),
        Kind("MedicalFacility", "Hospital or clinic", "Hospitals and clinics", "hospital", "医", "square", "red"),
        Kind("PublicOffice", "Public office", "Public offices", "office", "役", "round", "blue"),
        Kind("Library", "Library", "Libraries", "book", "図", "round", "blue"),
        Kind("PublicFacility", "Public facility", "Public facilities", "office", "公", "round", "blue"),
        Kind("Nursery", "Nursery", "Nurseries", "child", "保", "round", "purple"),
        Kind("ChildcareFacility", "Childcare", "Childcare", "child", "児", "round", "purple"),
        Kind("School", "School", "Schools", "school", "学", "round", "purple"),
        Kind(
            "WelfareFacility", "Welfare facility", "Welfare facilities", "heart", "福", "round", "purple", daily=False
        ),
        Kind("Park", "Park", "Parks", "tree", "園", "drop", "green"),
        Kind("PublicToilet", "Public toilet", "Public toilets", "toilet", "ト", "drop", "blue"),
        Kind("PublicWifi", "Public Wi-Fi", "Public Wi-Fi", "signal", "Ｗ", "drop", "blue", daily=False),
        Kind("RecyclingPoint", "Recycling point", "Recycling points", "recycle", "資", "drop", "green", daily=False),
        Kind("PollingPlace", "Polling place", "Polling places", "office", "票", "round", "grey", daily=False),
        Kind("Event", "Event", "Events", "calendar", "催", "drop", "orange", daily=False),
        Kind("TouristSpot", "Place to visit", "Places to visit", "torii", "観", "drop", "orange"),
        Kind(
            "CulturalProperty", "Cultural property", "Cultural properties", "torii", "文", "drop", "orange", daily=False
        ),
        Kind(
            "PointOfInterest", "Facility or sight", "Facilities and sights", "pin", "点", "drop", "orange", daily=False
        ),
        Kind("LodgingFacility", "Place to stay", "Places to stay", "home", "泊", "drop", "brown", daily=False),
        Kind("Restaurant", "Place to eat", "Places to eat", "meal", "食", "drop", "brown", daily=False),
        Kind("Laundry", "Coin laundry", "Coin laundries", "laundry", "洗", "drop", "brown"),
        Kind("Station", "Station", "Stations", "train", "駅", "diamond", "grey"),
        Kind("BusStop", "Bus stop", "Bus stops", "bus", "バ", "diamond", "grey", daily=False),
        Kind("OffStreetParking", "Car park", "Car parks", "parking", "Ｐ", "diamond", "blue"),
        Kind("BikeHireDockingStation", "Bicycle hire", "Bicycle hire", "bicycle", "輪", "diamond", "green"),
        Kind("Reservoir", "Reservoir", "Reservoirs", "water", "池", "drop", "grey", daily=False),
        Kind(
            "RoadDamageReport",
            "Road damage report",
            "Road damage reports",
            "road",
            "道",
            "diamond",
            "orange",
            daily=False,
        ),
        *(
            Kind(type_, one, many, "document", "表", place=False, daily=False)
            for type_, one, many in (
                ("Dataset", "Dataset", "Datasets"),
                ("OrganizationUnit", "Office of a municipality", "Offices of municipalities"),
                ("PedestrianTraffic", "Count of passers-by", "Counts of passers-by"),
                ("PopulationProjection", "Population projection", "Population projections"),
                ("PopulationStatistics", "Population figure", "Population figures"),
                ("VitalStatistics", "Figure of births and deaths", "Figures of births and deaths"),
                ("SchoolLunchIngredient", "School lunch ingredient", "School lunch ingredients"),
                ("WasteCollectionSchedule", "Waste collection day", "Waste collection days"),
                ("WasteSortingItem", "How to sort waste", "How to sort waste"),
            )
        ),
        Kind("Forest", "Forest", "Forests", "tree", "森", place=False, daily=False),
        Kind("AdministrativeArea", "Municipality", "Municipalities", "area", "市", place=False, daily=False),
        Kind("Street", "Street", "Streets", "road", "路", place=False, daily=False),
        Kind("Railway", "Railway", "Railways", "train", "鉄", place=False, daily=False),
        Kind("River", "River", "Rivers", "water", "川", place=False, daily=False),
    )
}

PLACES: Final = tuple(kind.type for kind in KINDS.values() if kind.place)
DAILY: Final = tuple(kind.type for kind in KINDS.values() if kind.daily)


def kind_of(type_: str) -> Kind:
    """The kind of an entity type, known or not."""
    return KINDS.get(type_) or Kind(type_, type_, type_, letter=type_[:1].upper() or "●", daily=False)


def kinds_there(counts: dict[str, int]) -> list[tuple[Kind, int]]:
    """The kinds of places there are any of, in the order of the table, unknown ones last."""
    known = [(kind, counts[kind.type]) for kind in KINDS.values() if kind.place and counts.get(kind.type)]
    unknown = [(kind_of(type_), number) for type_, number in sorted(counts.items()) if type_ not in KINDS and number]
    return known + unknown
