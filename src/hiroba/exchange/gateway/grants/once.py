"""Once only: what one service has recorded of a person fills another's form, under a grant; what is asked twice is counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from prometheus_client import Counter

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Forbidden
from hiroba.exchange.audit.log import Data as Told
from hiroba.exchange.audit.log import Event, append_in
from hiroba.exchange.gateway.grants.names import expanded
from hiroba.exchange.gateway.grants.store import known, sources, versions
from hiroba.exchange.gateway.grants.store.known import Permitted
from hiroba.exchange.gateway.purposes.model import Data
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.people.subjects import LOG, translate

_QUESTIONS = Counter("hiroba_form_questions", "Questions of forms, by whether the answer was there", ["answer"])
PREFILLED: Final = _QUESTIONS.labels("prefilled")
"""Filled in from what another service recorded."""
FIRST: Final = _QUESTIONS.labels("first")
"""Nobody knows it: it has to be asked."""
TWICE: Final = _QUESTIONS.labels("twice")
"""Somebody knows it, but there is no grant: the person is asked again."""


class Filled(msgspec.Struct, frozen=True):
    """An answer that was there: its value as NGSI-LD has it, from where, how old, and under which grant."""

    type: str
    attr: str
    value: Any
    source: str
    recorded: datetime
    ground: str


class Prefilled(msgspec.Struct, frozen=True):
    """What a form can show as answered, and what it has to ask."""

    filled: tuple[Filled, ...]
    ask: tuple[Data, ...]


async def prefill(
    conn: Connection, recipient: str, purpose: str, subject: str, wanted: Sequence[Data], *, sector: str = ""
) -> Prefilled:
    """The answers that are there for a form of `recipient`, logged in this transaction before they are given.

    `subject` is the person as the recipient knows them, or as `sector` does.
    """
    application = await organisations.application(conn, recipient)
    if application is None or application.state == "suspended" or purpose not in application.purposes:
        raise Forbidden(f"{recipient} is not registered for the purpose {purpose}.")
    sector = sector or application.with_sector().sector
    people = await _people(conn, subject, sector)
    found = await known.permitted(conn, recipient, purpose, people, clock.now())
    filled, ask = [], []
    for part in wanted:
        answers = {attr: _answer(found, part.type, attr) for attr in part.attrs}
        filled += [answer for answer in answers.values() if answer]
        missing = tuple(attr for attr, answer in answers.items() if answer is None)
        ask += [Data(part.type, missing)] if missing else []
        for attr in missing:
            twice = await known.is_known(conn, people, expanded(part.type), expanded(attr))
            (TWICE if twice else FIRST).inc()
    PREFILLED.inc(len(filled))
    await _tell(conn, recipient, purpose, (subject, sector), filled)
    return Prefilled(tuple(filled), tuple(ask))


async def _people(conn: Connection, subject: str, sector: str) -> list[tuple[str, str]]:
    """The person under the name of each source."""
    found = []
    for source in (await sources.every(conn)).values():
        names = await translate(conn, [subject], sector, source.sector)
        found += [(source.tenant, name) for name in names.values()]
    return found


def _answer(found: Sequence[Permitted], type_: str, attr: str) -> Filled | None:
    """The newest answer to one question."""
    for one in found:
        if one.type == expanded(type_) and (instances := one.doc.get(expanded(attr))):
            value = next((first[kind] for first in instances[:1] for kind in _VALUES if kind in first), None)
            if value is not None:
                return Filled(type_, attr, value, one.source, one.modified, f"{one.grant_id}@{one.grant_version}")
    return None


_VALUES: Final = ("value", "object", "languageMap", "vocab", "json")
"""Where an attribute instance keeps what it says (CIM 009 §4.5)."""


async def _tell(
    conn: Connection, recipient: str, purpose: str, whose: tuple[str, str], filled: Sequence[Filled]
) -> None:
    """A line for each grant under which something was read."""
    name = (await translate(conn, [whose[0]], whose[1], LOG)).get(whose[0], "")
    events = []
    for ground in sorted({one.ground for one in filled}):
        grant = (await versions.grant_of(conn, *_parted(ground))).grant
        told: dict[str, list[str]] = {}
        for one in filled:
            if one.ground == ground:
                told.setdefault(one.type, []).append(one.attr)
        events.append(Event(
            at=clock.now(), kind="read", subject=name, recipient=recipient, purpose=purpose, ground=ground,
            data=[Told(type_, attrs) for type_, attrs in told.items()], note="filled into a form",
            until=clock.iso(grant.until), disclosure=grant.disclosure.mode, review_on=grant.disclosure.review_on,
        ))  # fmt: skip
    await append_in(conn, events)


def _parted(ground: str) -> tuple[str, int]:
    id_, _, version = ground.partition("@")
    return id_, int(version)
