"""A line of the log in words: who, what, why, on what ground, each in the languages its organisation wrote."""

from collections.abc import Collection, Mapping

import msgspec

from hiroba.base.db import Connection
from hiroba.base.text import in_language
from hiroba.exchange.audit.people.store import Seen
from hiroba.exchange.gateway.log import store
from hiroba.exchange.gateway.log.store import Ground
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Purpose
from hiroba.exchange.identity.organisations import store as organisations


class Told(msgspec.Struct, frozen=True, rename={"review_on": "reviewOn"}):
    """An event as it is read back from the log; what was empty is empty again."""

    at: str
    kind: str
    subject: str = ""
    recipient: str = ""
    purpose: str = ""
    ground: str = ""
    data: list[dict[str, str | list[str]]] = []
    by: str = ""
    note: str = ""
    until: str = ""
    disclosure: str = "immediate"
    review_on: str = ""


class Party(msgspec.Struct, frozen=True):
    """Who got or asked: names by language."""

    code: str
    name: dict[str, str]
    organisation_code: str
    organisation: dict[str, str]


class Explained(msgspec.Struct, frozen=True):
    """Everything that explains some events, by what they call it."""

    parties: Mapping[str, Party]
    purposes: Mapping[str, Purpose]
    grounds: Mapping[str, Ground]

    def word(self, event: Told, term: str, language: str) -> str:
        """What people call a type or an attribute, in the words of the event's purpose."""
        purpose = self.purposes.get(event.purpose)
        return purpose.word(term, language) if purpose is not None else term

    def title(self, event: Told, language: str) -> str:
        """What it was for."""
        purpose = self.purposes.get(event.purpose)
        return in_language(purpose.definition.title, language) if purpose is not None else event.purpose


def told(seen: Seen) -> Told:
    """The event of an entry."""
    return msgspec.json.decode(seen.event, type=Told)


async def explained(conn: Connection, events: Collection[Told]) -> Explained:
    """What explains these events, in a few questions however many they are."""
    codes = {code for event in events for code in (event.recipient, event.by) if code}
    known = {one.id: one for one in await organisations.applications(conn) if one.id in codes} if codes else {}
    owners = {one.id: one.title for one in await organisations.organisations(conn)} if codes else {}
    parties = {
        code: Party(code, one.title, one.organisation, owners.get(one.organisation, {})) for code, one in known.items()
    }
    parties |= {code: Party(code, owners[code], code, owners[code]) for code in codes if code in owners}
    asked = {event.purpose for event in events if event.purpose}
    reasons = {one.id: one for one in await purposes.of(conn, asked)} if asked else {}
    grounds = await store.grounds(conn, {event.ground for event in events if event.ground})
    return Explained(parties, reasons, grounds)
