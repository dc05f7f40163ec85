"""What a report is and what may become of it: values and rules, no I/O.

A report is the entity `RoadDamageReport` of our own vocabulary. The Smart Data Model nearest to it, `service_requests`,
is Open311's answer copied field by field: it knows only "open" and "closed", has no place for a municipality's code, a
duplicate or the voices behind a report, and its `description` and `media_url` are public from the first second, which
ours are not. Programs that speak Open311 find exactly that answer under /open311/v2; the exchange says more.
"""

import hashlib
import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Invalid

TYPE: Final = "RoadDamageReport"
WORDS_LIMIT: Final = 2000
LANDMARK_LIMIT: Final = 200
CONTACT_LIMIT: Final = 200
NEAR: Final = 50.0
"""Metres within which two reports of one kind may well be one damage."""


class Kind(msgspec.Struct, frozen=True):
    """Something that can be broken; `code` is Open311's service_code."""

    code: str
    names: dict[str, str]
    hints: dict[str, str]
    keywords: str


KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind(
            "pothole", {"ja": "穴・段差", "en": "Hole or bump"},
            {"ja": "路面の穴、ひび、浮き上がり", "en": "Holes, cracks or raised paving"}, "road, pavement, 道路, 舗装, 陥没",
        ),
        Kind(
            "drain", {"ja": "側溝・マンホール", "en": "Drain or manhole"},
            {"ja": "ふたの割れ、がたつき、詰まり", "en": "Broken, loose or blocked covers"}, "drain, gutter, manhole, 側溝, 排水",
        ),
        Kind(
            "light", {"ja": "街路灯", "en": "Street light"},
            {"ja": "消えている、点滅している、傾いている", "en": "Dark, flickering or leaning"}, "light, lamp, 街路灯, 防犯灯",
        ),
        Kind(
            "sign", {"ja": "標識・ガードレール", "en": "Sign or guard rail"},
            {"ja": "折れ、曲がり、見えにくさ", "en": "Broken, bent or hard to see"},
            "sign, mirror, guard rail, 標識, カーブミラー",
        ),
        Kind(
            "obstacle", {"ja": "落下物・倒木", "en": "Fallen object or tree"},
            {"ja": "道をふさぐもの、伸びた枝", "en": "Things in the way, hanging branches"}, "tree, debris, 倒木, 落下物",
        ),
        Kind(
            "leak", {"ja": "水漏れ", "en": "Water leak"},
            {"ja": "道路から水が出ている", "en": "Water coming out of the road"}, "water, pipe, 水道, 漏水",
        ),
        Kind(
            "other", {"ja": "その他", "en": "Something else"},
            {"ja": "上のどれでもないもの", "en": "None of the above"}, "other, その他",
        ),
    )
}  # fmt: skip

State = Literal["received", "checking", "in_progress", "done", "declined", "duplicate", "forwarded"]

STATES: Final[Mapping[State, dict[str, str]]] = {
    "received": {"ja": "受け付け済み", "en": "Received"},
    "checking": {"ja": "確認中", "en": "Being checked"},
    "in_progress": {"ja": "対応中", "en": "Being repaired"},
    "done": {"ja": "対応済み", "en": "Done"},
    "declined": {"ja": "対応しません", "en": "Declined"},
    "duplicate": {"ja": "先の通報にまとめました", "en": "Joined to an earlier report"},
    "forwarded": {"ja": "ほかの機関に引き継ぎました", "en": "Passed to another organisation"},
}

NEXT: Final[Mapping[State, tuple[State, ...]]] = {
    "received": ("checking", "in_progress", "done", "declined", "duplicate", "forwarded"),
    "checking": ("in_progress", "done", "declined", "duplicate", "forwarded"),
    "in_progress": ("done", "checking", "declined", "duplicate", "forwarded"),
    "done": ("checking",),
    "declined": ("checking",),
    "duplicate": ("checking",),
    "forwarded": ("checking",),
}
"""What may follow each state; a closed report is opened again by checking it."""

OPEN: Final[tuple[State, ...]] = ("received", "checking", "in_progress")


class Contact(msgspec.Struct, frozen=True):
    """Whom to answer, if they want an answer."""

    name: str = ""
    phone: str = ""
    mail: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.mail)

    @property
    def keys(self) -> list[bytes]:
        """What this person is found by when they ask what we hold about them."""
        return [key_of(value) for value in (self.phone, self.mail) if value]


def contact_mistakes(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a contact as typed, a sentence for each field."""
    found = {name: "This is too long. Please shorten it." for name, text in form.items() if len(text) > CONTACT_LIMIT}
    phone, mail = (unicodedata.normalize("NFKC", form.get(name, "")).strip() for name in ("phone", "mail"))
    digits = [char for char in phone if char.isdigit()]
    if phone and not (9 <= len(digits) <= 15 and all(char.isdigit() or char in "+-() " for char in phone)):  # noqa: PLR2004
        found.setdefault("phone", "Enter the telephone number in figures, for example 06-0000-0000.")
    name, at, host = mail.partition("@")
    if mail and not (name and at and "." in host.strip(".") and not any(char.isspace() for char in mail)):
        found.setdefault("mail", "Enter a mail address like name@example.jp, or leave it empty.")
    return found


def contact_of(form: Mapping[str, str]) -> Contact:
    """The contact as it is kept: figures and letters of one width."""
    phone, mail = (
        clean(unicodedata.normalize("NFKC", form.get(name, "")), CONTACT_LIMIT) for name in ("phone", "mail")
    )
    return Contact(name=clean(form.get("name", ""), CONTACT_LIMIT), phone=phone, mail=mail)


class Draft(msgspec.Struct, frozen=True):
    """A report while it is being written."""

    kind: str = ""
    place: tuple[float, float] | None = None
    lg_code: str = ""
    landmark: str = ""
    words: str = ""
    contact: Contact = Contact()
    seen: bool = False
    """Whether all of it was shown once: from then on each answer leads back to the review."""

    @property
    def ready(self) -> bool:
        """Whether it can be sent."""
        return self.kind in KINDS and bool(self.lg_code) and (self.place is not None or bool(self.landmark))


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A damage somebody told us of, as far as an officer may see it; never a contact."""

    id: str
    number: int
    lg_code: str
    kind: str
    state: State
    place: tuple[float, float] | None
    landmark: str
    words: str
    words_public: bool
    photo_public: bool
    has_photo: bool
    has_contact: bool
    duplicate_of: int | None
    forwarded_to: str
    supporters: int
    reported: datetime
    changed: datetime
    closed: datetime | None
    note: str
    """The officer's last words to the reporter."""
    follow: bytes | None
    """The key of the reporter's private link."""

    @property
    def entity(self) -> str:
        """The id of its entity."""
        return f"urn:ngsi-ld:{TYPE}:{self.id}"

    @property
    def shows_photo(self) -> bool:
        """Whether anyone may see the photo."""
        return self.has_photo and self.photo_public

    @property
    def day(self) -> date:
        """The day it was reported, in Japan."""
        return self.reported.astimezone(clock.JAPAN).date()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN

    def days(self, now: datetime) -> int:
        """Whole days from the report until it was closed, or until now."""
        return ((self.closed or now) - self.reported).days


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer decides about a report, with words for the reporter and a note for colleagues."""

    state: str = ""
    words: str = ""
    private_note: str = ""
    duplicate_of: str = ""
    forwarded_to: str = ""

    def cleaned(self) -> "Decision":
        """The same with its texts as they are kept; Invalid where one is too long."""
        return Decision(
            state=self.state,
            words=clean(self.words, WORDS_LIMIT),
            private_note=clean(self.private_note, WORDS_LIMIT),
            duplicate_of=unicodedata.normalize("NFKC", self.duplicate_of).strip(),
            forwarded_to=clean(self.forwarded_to, LANDMARK_LIMIT),
        )


def mistakes(now: State, decision: Decision) -> dict[str, str]:
    """What is wrong with a decision, a sentence for each field; empty when it may happen."""
    found = {}
    if decision.state not in NEXT[now]:
        found["state"] = "Choose one of the states that may follow."
    if decision.state in {"declined", "forwarded"} and not decision.words:
        found["words"] = "Give the reporter the reason in a sentence or two."
    first = decision.duplicate_of
    if decision.state == "duplicate" and not (first.isascii() and first.isdigit() and len(first) < 10):  # noqa: PLR2004
        found["duplicate_of"] = "Enter the number of the earlier report."
    if decision.state == "forwarded" and not decision.forwarded_to:
        found["forwarded_to"] = "Enter the name of the organisation that takes over."
    return found


def entity(report: Report) -> dict[str, Any]:
    """What the region's other programs may know of a report; `url` and `image` are paths of the house that serves it."""
    kind = KINDS[report.kind]
    made: dict[str, Any] = {
        "id": report.entity,
        "type": TYPE,
        "name": {"type": "LanguageProperty", "languageMap": kind.names},
        "reportNumber": report.number,
        "damageKind": report.kind,
        "reportStatus": report.state,
        "lgCode": report.lg_code,
        "supporters": report.supporters,
        "dateReported": clock.iso(report.reported),
        "url": f"/reports/{report.number}",
    }
    if report.place is not None:
        made["location"] = {"type": "Point", "coordinates": list(report.place)}
    if report.words_public:
        made |= {key: value for key, value in (("landmark", report.landmark), ("description", report.words)) if value}
    if report.shows_photo:
        made["image"] = f"/reports/{report.number}/photo"
    if report.note:
        made["statusNote"] = report.note
    return made


def clean(text: str, limit: int) -> str:
    """Text as it is kept: composed characters, plain line ends, no control characters; longer than `limit` is refused."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = "".join(char for char in plain if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"}).strip()
    if len(plain) > limit:
        raise Invalid("This is too long. Please shorten it.")
    return plain


def place_of(longitude: str, latitude: str) -> tuple[float, float]:
    """Longitude and latitude out of what was typed, full-width figures included."""
    try:
        east, north = (float(unicodedata.normalize("NFKC", text).strip()) for text in (longitude, latitude))
    except ValueError:
        raise Invalid("Longitude and latitude are two decimal numbers, for example 135.5013 and 34.6937.") from None
    if not (-180 <= east <= 180 and -90 <= north <= 90):  # noqa: PLR2004 - the globe
        raise Invalid("Longitude lies between -180 and 180, latitude between -90 and 90.")
    return east, north


def key_of(value: str) -> bytes:
    """The key of a telephone number, a mail address or a private link: what `export` and `erase` find a person by."""
    plain = unicodedata.normalize("NFKC", value).strip().casefold()
    digits = "".join(char for char in plain if char.isdigit())
    is_phone = bool(digits) and all(char.isdigit() or char in "+-() ." for char in plain)
    return hashlib.sha256((digits if is_phone else plain).encode()).digest()


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance between two places, great-circle on a sphere: for tens of metres that is exact to centimetres."""
    (east1, north1), (east2, north2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = (
        math.sin((north2 - north1) / 2) ** 2 + math.cos(north1) * math.cos(north2) * math.sin((east2 - east1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))
