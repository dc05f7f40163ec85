"""What a person reads before they agree, as one text in their language that can be shown again and proven by its hash."""

import hashlib
from typing import Final

import msgspec

from hiroba.base import clock
from hiroba.base.text import in_language
from hiroba.exchange.gateway.grants.model import Grant, Notice
from hiroba.exchange.gateway.purposes.model import Purpose

FORM: Final = "1"
"""The version of what a notice says and how it is written."""


class Item(msgspec.Struct, frozen=True):
    """One attribute: its term, and what people call it."""

    term: str
    word: str


class Part(msgspec.Struct, frozen=True):
    """A type and what of it is asked for."""

    term: str
    word: str
    items: tuple[Item, ...]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """The notice, every word in one language."""

    form: str
    language: str
    purpose: str
    title: str
    reason: str
    without: str
    recipient: str
    recipient_name: str
    organisation_name: str
    source: str
    source_name: str
    data: tuple[Part, ...]
    until: str
    """The last moment, ISO 8601 in UTC."""
    retention_days: int
    onward: str

    def canonical(self) -> bytes:
        """The bytes that are hashed: JSON with its members by name, UTF-8."""
        return _ENCODE(self)

    def as_shown(self) -> Notice:
        """What the grant remembers of it."""
        return Notice(self.form, hashlib.sha256(self.canonical()).hexdigest(), self.language)


_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode


class Names(msgspec.Struct, frozen=True):
    """What people call those who take part, by language."""

    recipient: dict[str, str]
    organisation: dict[str, str]
    source: dict[str, str]


def of(grant: Grant, purpose: Purpose, names: Names, language: str) -> Text:
    """The notice of an offer."""
    definition = purpose.definition
    return Text(
        form=FORM, language=language, purpose=purpose.id, title=in_language(definition.title, language),
        reason=in_language(definition.reason, language), without=in_language(definition.without, language),
        recipient=grant.recipient, recipient_name=in_language(names.recipient, language),
        organisation_name=in_language(names.organisation, language), source=grant.source,
        source_name=in_language(names.source, language), data=parts(grant, purpose, language),
        until=clock.iso(grant.until), retention_days=definition.retention_days, onward=grant.onward,
    )  # fmt: skip


def parts(grant: Grant, purpose: Purpose, language: str) -> tuple[Part, ...]:
    """The data of a grant in people's words."""
    return tuple(
        Part(
            data.type,
            purpose.word(data.type, language),
            tuple(Item(attr, purpose.word(attr, language)) for attr in data.attrs),
        )
        for data in grant.data
    )
