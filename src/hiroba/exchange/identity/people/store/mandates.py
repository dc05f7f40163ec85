"""Mandates, asked about by the subjects of the sector `door` or by the persons of this room."""

from datetime import datetime
from typing import Literal

import msgspec

from hiroba.base.db import Connection, fetch, fetch_one

Kind = Literal["guardian", "proxy"]


class Mandate(msgspec.Struct, frozen=True):
    """Who acts for whom; `actor` is None while the invitation waits."""

    id: str
    kind: Kind
    person: str
    actor: str | None
    matters: list[str]
    valid_from: datetime
    valid_until: datetime | None
    person_shown: str
    actor_shown: str
    basis: str
    organisation: str
    invited_until: datetime | None
    accepted: datetime | None
    ended: datetime | None

    def over(self, now: datetime) -> bool:
        """Whether it ended, ran out, or nobody accepted it in time."""
        last = self.invited_until if self.actor is None else self.valid_until
        return self.ended is not None or (last is not None and last <= now)

    def runs(self, now: datetime) -> bool:
        """Whether it may be acted on now."""
        return self.accepted is not None and self.valid_from <= now and not self.over(now)


_COLUMNS = """mandate.id, mandate.kind, mandate.person, mandate.actor, mandate.matters, mandate.valid_from, mandate.valid_until,
    mandate.person_shown, mandate.actor_shown, mandate.basis, mandate.organisation, mandate.invited_until, mandate.accepted,
    mandate.ended"""


async def add(conn: Connection, new: Mandate, invitation: bytes, now: datetime) -> None:
    """Remember a mandate that waits to be accepted."""
    await conn.execute("""
        insert into identity.mandate (id, kind, person, matters, valid_from, valid_until, person_shown, basis, organisation,
                                      invitation, invited_until, made)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    """, new.id, new.kind, new.person, new.matters, new.valid_from, new.valid_until, new.person_shown, new.basis,
        new.organisation, invitation, new.invited_until, now)  # fmt: skip


async def between(conn: Connection, actor: str, person: str, matter: str, at: datetime) -> Mandate | None:
    """The mandate by which one subject of `door` may act for another in a matter at a moment."""
    return await fetch_one(conn, Mandate, f"""
        select {_COLUMNS}
          from identity.pair as acts
          join identity.mandate on mandate.actor = acts.person
          join identity.pair as is_acted_for on is_acted_for.person = mandate.person and is_acted_for.sector = 'door'
         where acts.sector = 'door' and acts.subject = $1 and is_acted_for.subject = $2
           and (mandate.matters = '{{}}' or $3 = any(mandate.matters))
           and mandate.accepted <= $4 and mandate.valid_from <= $4
           and (mandate.valid_until is null or mandate.valid_until > $4) and (mandate.ended is null or mandate.ended > $4)
         order by mandate.kind, mandate.id limit 1
    """, actor, person, matter, at)  # noqa: S608 - a constant  # fmt: skip


async def of_actor(conn: Connection, actor: str) -> list[Mandate]:
    """What a person may act on, oldest first."""
    return await fetch(
        conn, Mandate, f"select {_COLUMNS} from identity.mandate where actor = $1 and ended is null order by id", actor  # noqa: S608
    )  # fmt: skip


async def of_person(conn: Connection, person: str) -> list[Mandate]:
    """By what others may act for a person, oldest first."""
    return await fetch(
        conn, Mandate, f"select {_COLUMNS} from identity.mandate where person = $1 and ended is null order by id", person  # noqa: S608
    )  # fmt: skip


async def invited(conn: Connection, invitation: bytes, now: datetime) -> Mandate | None:
    """A mandate that waits to be accepted, by the digest of its code."""
    return await fetch_one(conn, Mandate, f"""
        select {_COLUMNS} from identity.mandate where invitation = $1 and invited_until > $2 and ended is null
    """, invitation, now)  # noqa: S608 - a constant  # fmt: skip


async def accept(conn: Connection, mandate: str, actor: str, shown: str, now: datetime) -> bool:
    """Somebody takes it on; False where another was faster."""
    done: str = await conn.execute("""
        update identity.mandate set actor = $2, actor_shown = $3, accepted = $4, invitation = null
         where id = $1 and actor is null and ended is null
    """, mandate, actor, shown, now)  # fmt: skip
    return done == "UPDATE 1"


async def end(conn: Connection, mandate: str, person: str, now: datetime) -> Mandate | None:
    """End a mandate by one of its two sides; a guardian's not by the child, whose account an office ends it for."""
    return await fetch_one(conn, Mandate, f"""
        update identity.mandate set ended = $3, invitation = null
         where id = $1 and ended is null and (actor = $2 or (person = $2 and kind = 'proxy')) returning {_COLUMNS}
    """, mandate, person, now)  # noqa: S608 - a constant  # fmt: skip
