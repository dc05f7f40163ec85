"""Whatever people, offices and the clock do in whatever order, the permits that reads join are those of what is active."""

import random
from datetime import timedelta

import msgspec
import pytest
from tests.exchange.gateway.conftest import CHECKUP, made_active
from tests.exchange.gateway.grants.conftest import WANTED, Known, add_person

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Problem
from hiroba.exchange.gateway.grants import consents, endings, sights
from hiroba.exchange.gateway.grants.names import expanded
from hiroba.exchange.gateway.grants.store import versions
from hiroba.exchange.gateway.officers import Acting
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Data
from hiroba.exchange.identity.organisations import store as organisations

pytestmark = pytest.mark.anyio
STEPS = 60
NAMES = [(part.type, attr) for part in CHECKUP.data for attr in part.attrs]


async def must_agree(conn: Connection, people: list[Known]) -> None:
    """The permits are exactly those of the active versions, and no two versions of a grant are active."""
    found = await versions.grants_of(conn, [("mutsu_people", known.source) for known in people])
    active = [kept for kept in found if kept.grant.state == "active"]
    assert len({kept.grant.id for kept in active}) == len(active)
    wanted = {
        (kept.grant.id, kept.grant.version, kept.grant.purpose, expanded(part.type), *sorted(map(expanded, part.attrs)))
        for kept in active
        for part in kept.grant.data
    }
    rows = await conn.fetch("select grant_id, grant_version, purpose, type, attrs from gateway.permit")
    assert {(*tuple(row)[:4], *row["attrs"]) for row in rows} == wanted


class World:
    """People who answer at random, a purpose that gets new versions, a clock that runs."""

    def __init__(self, conn: Connection, people: list[Known], chance: random.Random) -> None:
        self.conn, self.people, self.chance = conn, people, chance

    async def latest(self) -> str:
        return [one.id for one in await purposes.purposes(self.conn) if one.state == "active"][-1]

    async def seen(self, known: Known) -> sights.Seen:
        return self.chance.choice(await sights.mine(self.conn, known.door))

    async def ask(self, known: Known) -> None:
        await consents.begin(self.conn, msgspec.structs.replace(WANTED, purpose=await self.latest()), known.door)

    async def agree(self, known: Known) -> None:
        seen = await self.seen(known)
        chosen = self.chance.sample(NAMES, self.chance.randint(1, len(NAMES)))
        data = tuple(Data(type_, (attr,)) for type_, attr in chosen)
        sha256 = seen.notice("ja").as_shown().sha256
        await consents.agree(self.conn, seen, language="ja", sha256=sha256, authn="passkey", data=data)

    async def refuse(self, known: Known) -> None:
        await consents.refuse(self.conn, await self.seen(known))

    async def withdraw(self, known: Known) -> None:
        await consents.withdraw(self.conn, await self.seen(known))

    async def renew(self, _known: Known) -> None:
        await made_active(self.conn)
        application = await organisations.application(self.conn, WANTED.recipient)
        more = (*application.purposes, await self.latest())
        await organisations.put_application(self.conn, msgspec.structs.replace(application, purposes=more))

    async def retire(self, _known: Known) -> None:
        running = [one.id for one in await purposes.purposes(self.conn) if one.state == "active"]
        if len(running) > 1:
            await endings.retire(self.conn, Acting("operator", ""), running[0])

    async def tick(self, _known: Known) -> None:
        await consents.end_what_is_over(self.conn)


@pytest.mark.parametrize("seed", range(3))
async def test_permits_and_grants_are_in_step(
    conn: Connection, hanako: Known, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's own chance, the same each time
    people = [hanako, await add_person(conn)]
    world, now = World(conn, people, chance), clock.now()
    acts = [world.ask] * 3 + [world.agree] * 4 + [world.refuse, world.withdraw, world.renew, world.retire, world.tick]
    done = 0
    for _ in range(STEPS):
        now += timedelta(days=chance.choice((0, 0, 1, 40)))
        monkeypatch.setattr(clock, "now", lambda moment=now: moment)
        try:
            async with conn.transaction():
                await chance.choice(acts)(chance.choice(people))
            done += 1
        except (Problem, IndexError):
            pass  # not every act fits every state; what was begun is undone
        await must_agree(conn, people)
    assert done > STEPS // 3
