"""What a place's page tells beside its name: hazards it is safe from, and facts in words, from attributes of the entity."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hiroba.base.text import Catalogue
from hiroba.door.home.places import day_of, hours_of, moment_of, words
from hiroba.exchange.broker.exchange import Simplified

HAZARDS: Final = (
    ("floodSafe", "Flood", "flood"),
    ("inlandFloodSafe", "Inland flooding", "water"),
    ("landslideSafe", "Landslide", "landslide"),
    ("stormSurgeSafe", "Storm surge", "surge"),
    ("tsunamiSafe", "Tsunami", "wave"),
    ("earthquakeSafe", "Earthquake", "quake"),
    ("fireSafe", "Large fire", "fire"),
    ("volcanoSafe", "Volcano", "volcano"),
)
"""The kinds of disaster an emergency site is designated for (災害対策基本法施行令 第20条の4)."""

SHOWN: Final = (
    ("availableSpotNumber", "Free spaces", "number"),
    ("totalSpotNumber", "Spaces in all", "number"),
    ("headCount", "People there now", "people"),
    ("capacity", "Takes", "people"),
    ("startDate", "Begins", "day"),
    ("endDate", "Ends", "day"),
    ("organizer", "Held by", "words"),
    ("openingHours", "Open", "hours"),
    ("closedDays", "Closed", "words"),
    ("fee", "Fee", "words"),
    ("price", "Fee", "words"),
    ("priceDescription", "Fee", "words"),
    ("isAccessibleForFree", "Free of charge", "yes"),
    ("disabledSpotNumber", "Spaces for disabled people", "number"),
    ("acceptedPersons", "People taken in so far", "people"),
    ("petsAllowed", "Pets may come", "yes"),
    ("alsoEvacuationSite", "Also an emergency evacuation site", "yes"),
    ("alsoEvacuationShelter", "Also an evacuation shelter", "yes"),
    ("elevation", "Height above the sea", "metres"),
    ("telephone", "Telephone", "telephone"),
    ("email", "Mail", "words"),
    ("url", "Web page", "link"),
    ("seeAlso", "Web page", "link"),
    ("category", "Category", "words"),
    ("cuisine", "Kitchen", "words"),
    ("routes", "Routes", "words"),
    ("line", "Line", "words"),
    ("operator", "Run by", "words"),
    ("installedAt", "Where exactly", "words"),
    ("placement", "Where exactly", "words"),
    ("availableTime", "Can be used", "words"),
    ("wheelchairAccessible", "With a wheelchair", "yes"),
    ("wheelchair", "With a wheelchair", "yes"),
    ("ostomate", "Facilities for ostomates", "yes"),
    ("babySeat", "For babies", "yes"),
    ("pediatricPads", "Pads for children", "yes"),
    ("status", "State", "words"),
    ("remarks", "Remarks", "words"),
    ("note", "Remarks", "words"),
)
"""Attributes the house knows how to say, in the order of a page."""

ELSEWHERE: Final = frozenset(
    {
        "id",
        "type",
        "name",
        "title",
        "description",
        "address",
        "location",
        "municipality",
        "prefecture",
        "source",
        "license",
    }
    | {
        "dataProvider",
        "distance",
        "@context",
        "createdAt",
        "modifiedAt",
        "dateModified",
        "dateCreated",
        "scope",
        "owner",
    }
    | {"lgCode", "image", "alternateName"}
)
"""Attributes said elsewhere on the page."""


class Hazard(msgspec.Struct, frozen=True):
    """A kind of disaster, and whether this place is meant for it."""

    name: str
    icon: str
    safe: bool | None


class Fact(msgspec.Struct, frozen=True):
    """One line of a place's page."""

    name: str
    value: str
    href: str = ""


def hazards_of(entity: Simplified) -> list[Hazard]:
    """Yes, no or not known for each hazard, where the entity speaks of any."""
    if not any(attribute in entity for attribute, _, _ in HAZARDS):
        return []
    return [
        Hazard(name, icon, flag if isinstance(flag := entity.get(attribute), bool) else None)
        for attribute, name, icon in HAZARDS
    ]


def facts_of(entity: Simplified, catalogue: Catalogue) -> list[Fact]:
    """The facts the house knows how to say, in the reader's language."""
    facts: list[Fact] = []
    for attribute, name, manner in SHOWN:
        value = SAY[manner](entity.get(attribute), catalogue)
        if value:
            fact = Fact(name, value, href_of(value, manner))
            if fact not in facts:
                facts.append(fact)
    return facts


def other_facts_of(entity: Simplified, catalogue: Catalogue) -> list[Fact]:
    """Attributes the house has no words for, under their own names."""
    known = ELSEWHERE.union((attribute for attribute, _, _ in SHOWN), (attribute for attribute, _, _ in HAZARDS))
    facts = [Fact(attribute, _plain(value, catalogue)) for attribute, value in entity.items() if attribute not in known]
    return [fact for fact in facts if fact.value]


def href_of(value: str, manner: str) -> str:
    """The address a fact leads to."""
    if manner == "telephone":
        digits = "".join(letter for letter in value if letter in "+0123456789")
        return f"tel:{digits}" if digits else ""
    if (
        manner == "link"
        and value.startswith(("https://", "http://", "/"))
        and not value.startswith("//")
        and " " not in value
    ):
        return value
    return ""


def _plain(value: Any, catalogue: Catalogue) -> str:
    return _yes(value, catalogue) if isinstance(value, bool) else words(value, catalogue.language)


def _yes(value: Any, catalogue: Catalogue) -> str:
    if isinstance(value, bool):
        return catalogue.gettext("Yes") if value else catalogue.gettext("No")
    return words(value, catalogue.language)


def _people(value: Any, catalogue: Catalogue) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return words(value, catalogue.language)
    return catalogue.ngettext("{number} person", "{number} people", int(value)).format(number=f"{value:,g}")


def _day(value: Any, catalogue: Catalogue) -> str:
    day, moment = day_of(value), moment_of(value)
    if day is None or moment is None:
        return ""
    return catalogue.date(day) + (f" {moment:%H:%M}" if moment.hour or moment.minute else "")


def _link(value: Any, catalogue: Catalogue) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return words(first, catalogue.language)


SAY: Final[Mapping[str, Callable[[Any, Catalogue], str]]] = {
    "words": lambda value, catalogue: words(value, catalogue.language),
    "number": lambda value, catalogue: words(value, catalogue.language),
    "telephone": lambda value, catalogue: words(value, catalogue.language),
    "hours": lambda value, catalogue: hours_of(value, catalogue.language),
    "people": _people,
    "day": _day,
    "yes": _yes,
    "link": _link,
    "metres": lambda value, _: f"{value:g} m" if isinstance(value, int | float) and not isinstance(value, bool) else "",
}
