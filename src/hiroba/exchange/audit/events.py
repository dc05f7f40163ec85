"""What happened to a person's data, and the one way in which it becomes bytes.

The bytes are canonical JSON (RFC 8785): members sorted by name, no space, only those escapes that JSON demands, UTF-8.
An event holds texts, whole numbers, lists and objects with names in ASCII, so of RFC 8785's rules those about
fractions and about names beyond ASCII never apply. A member that is empty is left out: what gets a member later
leaves the bytes of older events as they were.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Invalid

SALT: Final = 16
"""Bytes of chance in front of an event, so that nobody guesses an event from its leaf."""
LONGEST: Final = 500
"""Characters of a kind, a subject and a ground, which the tables are searched by."""
Disclosure = Literal["immediate", "delayed", "withheld"]
"""When the person sees it: at once, after a date, or after a board has said so."""


class Data(msgspec.Struct, frozen=True):
    """Which attributes of which entity type."""

    type: str
    attrs: Sequence[str] = ()


class Event(msgspec.Struct, frozen=True):
    """Something that was done with data, or refused."""

    at: datetime
    kind: str
    """read, refused, notified, exported, granted, withdrawn, signed-in, looked, translated, acted …"""
    subject: str = ""
    """The person, by their name in sector `log`; empty where it is about nobody."""
    recipient: str = ""
    """Who gets or asks: `org:clinic/app:booking`."""
    purpose: str = ""
    """`health.checkup@2`."""
    ground: str = ""
    """On what ground: a grant with its version (`id@3`), or the article of a law."""
    data: Sequence[Data] = ()
    by: str = ""
    """The office or officer that acted, or whoever acted for the person."""
    note: str = ""
    until: str = ""
    """Until when the ground holds (ISO 8601)."""
    disclosure: Disclosure = "immediate"
    review_on: date | None = None
    """The day on which a delay ends, or a board looks at it again."""

    @property
    def chain(self) -> tuple[str, str]:
        """Which chain it is counted in: the person's own, or, while it may not be shown, that of its ground (ADR 0031)."""
        return self.subject, "" if self.disclosure == "immediate" else self.ground


class _Canonical(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as it is written, with its place in its chain. The members stand in the order of their names."""

    at: str
    by: str = ""
    data: Sequence[Data] = ()
    disclosure: str = "immediate"
    ground: str = ""
    kind: str = ""
    note: str = ""
    number: int = 0
    previous: str = ""
    purpose: str = ""
    recipient: str = ""
    review_on: str = msgspec.field(default="", name="reviewOn")
    subject: str = ""
    until: str = ""


_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


def canonical(event: Event, number: int = 0, previous: bytes = b"") -> bytes:
    """The bytes of an event as the `number`th of its chain, behind the leaf `previous`."""
    return _ENCODE(
        _Canonical(
            clock.iso(event.at), event.by, event.data, event.disclosure, event.ground, event.kind, event.note,
            number, previous.hex(), event.purpose, event.recipient,
            event.review_on.isoformat() if event.review_on else "", event.subject, event.until,
        )
    )  # fmt: skip


def leaf(salt: bytes, event: bytes) -> bytes:
    """What the tree holds of an event: SHA-256(salt ‖ event)."""
    return hashlib.sha256(salt + event).digest()


def check(event: Event) -> None:
    """Nothing, or what makes this no event that can be written."""
    if not event.kind:
        raise Invalid("An event says what kind it is.")
    if event.at.tzinfo is None:
        raise Invalid("An event's time has a time zone.")
    if event.disclosure != "immediate" and not (event.subject and event.ground):
        raise Invalid("What is shown later names its person and its ground.")
    try:
        searched = (event.kind, event.subject, event.ground)
        texts = [*searched, event.recipient, event.purpose, event.by, event.note, event.until]
        for part in event.data:
            texts += [part.type, *part.attrs]
        "".join(texts).encode()
    except (UnicodeEncodeError, TypeError, AttributeError) as error:
        raise Invalid(f"An event is text that can be written: {error}.") from error
    if any(len(text) > LONGEST or "\0" in text for text in searched):
        raise Invalid(f"A kind, a subject and a ground have at most {LONGEST} characters, none of them NUL.")
