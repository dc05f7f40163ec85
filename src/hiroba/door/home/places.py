"""A place as a page shows it: read from an entity in NGSI-LD's simplified form, in the reader's language."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from shapely.errors import ShapelyError
from shapely.geometry import shape

from hiroba.base.clock import JAPAN
from hiroba.base.text import in_language
from hiroba.door.home.kinds import Kind, kind_of
from hiroba.door.region import Region
from hiroba.exchange.broker.exchange import Simplified

WALK: Final = 80.0
"""Metres a minute on foot, as Japan's rules for advertising homes count it."""
DETOUR: Final = 1.3
"""How much longer streets are than the straight line, roughly."""
DAYS: Final = {
    "Mo": ("月", "Mon"), "Tu": ("火", "Tue"), "We": ("水", "Wed"), "Th": ("木", "Thu"), "Fr": ("金", "Fri"),
    "Sa": ("土", "Sat"), "Su": ("日", "Sun"), "PH": ("祝", "holidays"),
}  # fmt: skip
"""Days as schema.org and OpenStreetMap write them in opening hours, in Japanese and English."""
DAY: Final = re.compile(rf"\b(?:{'|'.join(DAYS)})\b")
ADDRESS_PARTS: Final = ("addressRegion", "addressLocality", "addressArea", "addressTown", "streetAddress", "streetNr")


class Owner(msgspec.Struct, frozen=True):
    """Whose house is behind the door: the words on the chip and its colour."""

    name: str
    colour: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place, ready to be shown."""

    id: str
    kind: Kind
    name: str
    kana: str = ""
    address: str = ""
    short: str = ""
    """The address without what the owner's chip says already."""
    owner: Owner | None = None
    point: tuple[float, float] | None = None
    distance: float | None = None
    hours: str = ""
    telephone: str = ""
    starts: date | None = None
    ends: date | None = None
    entity: Simplified = {}

    @property
    def href(self) -> str:
        """Its page."""
        return f"/place?id={quote(self.id, safe=':')}" if "/" in self.id else f"/place/{quote(self.id, safe=':')}"

    @property
    def minutes(self) -> int | None:
        """Minutes on foot, roughly."""
        return None if self.distance is None else max(1, math.ceil(self.distance * DETOUR / WALK))

    @property
    def metres(self) -> str:
        """The straight distance as people say it: 80 m, 1.2 km."""
        if self.distance is None:
            return ""
        return f"{round(self.distance, -1):.0f} m" if self.distance < 950 else f"{self.distance / 1000:.1f} km"  # noqa: PLR2004 - below a kilometre metres are said


def place_of(entity: Simplified, language: str, region: Region) -> Place:
    """The place an entity tells of."""
    names = entity.get("name") or entity.get("title") or {}
    kind = kind_of(type_of(entity))
    address, owner = address_of(entity.get("address"), language), owner_of(entity, language, region)
    return Place(
        id=str(entity.get("id", "")),
        kind=kind,
        name=words(names, language)
        or words(entity.get("address"), language)
        or str(entity.get("id", "")).rsplit(":", 1)[-1],
        kana=str(names.get("ja-Kana", "")) if isinstance(names, dict) else "",
        address=address,
        short=shorter(address, owner, region),
        owner=owner,
        point=point_of(entity.get("location")),
        distance=distance if isinstance(distance := entity.get("distance"), int | float) else None,
        hours=hours_of(entity.get("openingHours"), language),
        telephone=words(entity.get("telephone"), language),
        starts=day_of(entity.get("startDate")),
        ends=day_of(entity.get("endDate")),
        entity=entity,
    )


def type_of(entity: Simplified) -> str:
    """The entity's type; of several the one the house knows best."""
    types = entity.get("type", "")
    if isinstance(types, str):
        return types
    return next((str(type_) for type_ in types if kind_of(str(type_)).icon != "pin"), str(types[0]) if types else "")


def words(value: Any, language: str) -> str:
    """Text out of a text, a language map or a list of them; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    if isinstance(value, list):
        return "、".join(filter(None, (words(part, language) for part in value)))
    if isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values()):
        texts = {tag: text for tag, text in value.items() if tag != "ja-Kana"}
        return in_language(texts, language) if texts else ""
    return ""


def address_of(value: Any, language: str) -> str:
    """An address in one line: a text, a language map, or the parts of a schema.org PostalAddress."""
    if isinstance(value, Mapping) and any(part in value for part in (*ADDRESS_PARTS, "postalCode")):
        if whole := words(value.get("fullAddress"), language):
            return whole
        parts = [words(value.get(part), language) for part in ADDRESS_PARTS]
        japanese = any(letter > "\u3000" for part in parts for letter in part)
        kept = [part for place, part in enumerate(parts) if part and part not in "".join(parts[place + 1 :])]
        line = "".join(kept) if japanese else ", ".join(reversed(kept))
        code = words(value.get("postalCode"), language)
        return f"〒{code} {line}".strip() if code else line
    return words(value, language)


def asked(text: str, longest: int = 100) -> str:
    """What a visitor typed, in one line: spaces joined, signs that cannot be printed left out, at most so long."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]


def shorter(address: str, owner: Owner | None, region: Region) -> str:
    """The address without postcode, prefecture and the municipality that the chip names."""
    short = address.split(" ", 1)[-1] if address.startswith("〒") else address
    return short.removeprefix(region.name).removeprefix(owner.name if owner else "") or address


def hours_of(value: Any, language: str) -> str:
    """Opening hours as people read them: `Mo-Fr 09:00-17:00` becomes 月〜金 9:00〜17:00; other texts stay as published."""
    parts = value if isinstance(value, list) else [value]
    texts = [words(part, language) for part in parts]
    return " / ".join(_spoken(text, language) for text in texts if text)


def _spoken(text: str, language: str) -> str:
    if not DAY.search(text):
        return text
    ja = language == "ja"
    spoken = text.replace("PH off", "祝日休み" if ja else "closed on holidays").replace("-", "〜" if ja else "–")
    spoken = DAY.sub(lambda found: DAYS[found[0]][0 if ja else 1], spoken)
    return spoken.replace(" 0", " ").replace(";", " /").replace(" off", " 休み" if ja else " closed")


def owner_of(entity: Simplified, language: str, region: Region) -> Owner | None:
    """Whose data this is: the municipality, the prefecture, or a company."""
    for code in (entity.get("municipality"), entity.get("owner")):
        if municipality := region.municipality(str(code or "")):
            return Owner(municipality.name(language))
    if operator := words(entity.get("operator") or entity.get("dataProvider"), language):
        return Owner(operator, "priv")
    if str(entity.get("prefecture", "")) and region.name:
        return Owner(region.name, "pref")
    return None


def point_of(location: Any) -> tuple[float, float] | None:
    """A point to put the sign at: the point itself, or one inside the line or area."""
    try:
        if not isinstance(location, Mapping) or not location.get("coordinates"):
            return None
        if location.get("type") == "Point":
            longitude, latitude = location["coordinates"][:2]
            return float(longitude), float(latitude)
        inside = shape(dict(location)).representative_point()
    except (ShapelyError, TypeError, ValueError, KeyError, IndexError, AttributeError):
        return None
    return inside.x, inside.y


def moment_of(value: Any) -> datetime | None:
    """A moment out of an ISO 8601 text, in Japan's time; a bare date is its first minute there."""
    if isinstance(value, Mapping):
        value = value.get("@value")
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(JAPAN) if moment.tzinfo else moment.replace(tzinfo=JAPAN)


def day_of(value: Any) -> date | None:
    """The day of an ISO 8601 text, in Japan."""
    moment = moment_of(value)
    return moment.date() if moment else None


def reader(language: str, region: Region) -> Callable[[Simplified], Place]:
    """`place_of` for one page's language and region."""
    return lambda entity: place_of(entity, language, region)
