"""An event in words: who did what, why, on what ground, until when."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby

import msgspec

from hiroba.base import clock
from hiroba.base.text import in_language
from hiroba.door.log import kinds
from hiroba.door.log.kinds import Kind
from hiroba.door.pages import Page
from hiroba.exchange.audit.people.store import Seen
from hiroba.exchange.gateway.log.explaining import Explained, Told, told


class Line(msgspec.Struct, frozen=True):
    """One thing that happened, or several of a day that differ in nothing but their minute."""

    kind: Kind
    name: str
    """Of the kind."""
    at: datetime
    """The latest."""
    times: int
    sentence: str
    organisation: str
    what: Sequence[str]
    why: str
    ground: str
    """`consent`, `law`, or empty."""
    law: str
    grant: str
    """The grant's id, where the person can see and end it."""
    until: str
    note: str
    late: bool
    """Whether a law let it wait before it was shown."""

    @property
    def time(self) -> str:
        """The minute in Japan: 14:05."""
        return f"{self.at.astimezone(clock.JAPAN):%H:%M}"

    @property
    def day(self) -> date:
        """The day in Japan."""
        return self.at.astimezone(clock.JAPAN).date()


def lines(page: Page, seen: Sequence[Seen], explained: Explained) -> list[Line]:
    """The lines of a page, the latest first; what differs in nothing but its minute is counted."""
    found = [_line(page, one.at, told(one), explained) for one in seen]
    joined = []
    for _, same in groupby(
        found, key=lambda line: (line.day, msgspec.structs.astuple(msgspec.structs.replace(line, at=None)))
    ):
        together = list(same)
        joined.append(msgspec.structs.replace(together[0], times=len(together)))
    return joined


def readers(found: Iterable[Line]) -> set[str]:
    """Who got data in these lines."""
    return {line.sentence for line in found if line.name in {"read", "notified", "looked", "exchanged"}}


def _line(page: Page, at: datetime, event: Told, explained: Explained) -> Line:
    kind = kinds.of(event.kind)
    party = explained.parties.get(event.recipient)
    who = in_language(party.name, page.language) if party is not None else _office(page, event.recipient)
    owner = in_language(party.organisation, page.language) if party is not None and party.organisation else ""
    ground = explained.grounds.get(event.ground)
    return Line(
        kind=kind,
        name=event.kind,
        at=at,
        times=1,
        sentence=page.text(kind.sentence, who=who) if who else page.text(kind.alone),
        organisation=owner if owner != who else "",
        what=[_thing(page, event, part, explained) for part in event.data],
        why=explained.title(event, page.language) if event.purpose else "",
        ground="law" if (ground is not None and ground.kind == "law") or (ground is None and event.ground) else
               "consent" if ground is not None else "",
        law=ground.law if ground is not None else event.ground,
        grant=ground.id if ground is not None and ground.kind == "consent" else "",
        until=page.last_day(datetime.fromisoformat(event.until)) if event.until else "",
        note=page.text(kinds.NOTES.get(event.note, event.note)) if event.kind in kinds.NOTED else "",
        late=event.disclosure != "immediate",
    )  # fmt: skip


def _thing(page: Page, event: Told, part: dict[str, str | list[str]], explained: Explained) -> str:
    """`Date of birth, Allergies (About you)`."""
    attrs = [explained.word(event, str(name), page.language) for name in part.get("attrs", ())]
    of = explained.word(event, str(part.get("type", "")), page.language)
    return page.text("{things} ({of})", things=page.text(", ").join(attrs), of=of) if attrs else of


def _office(page: Page, code: str) -> str:
    """A municipality's name, or the code as it stands."""
    place = page.region.municipality(code)
    return place.name(page.language) if place is not None else code
