"""Who may act for whom: exactly those with a mandate that runs, in its matters, and nobody whose mandate ended."""

import asyncio
from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from hiroba.base import clock
from hiroba.base.db import Connection, Pool, transaction
from hiroba.exchange.identity.people import mandates
from hiroba.exchange.identity.people.mandates import (
    Authority,
    InvitationSpent,
    NoMandate,
    NoName,
    OwnMandate,
    WrongDay,
    may_act,
)
from hiroba.exchange.identity.people.recovery import NoPapers
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.store.mandates import Mandate
from hiroba.exchange.identity.people.subjects import DOOR, PersonUnknown, subject_of

pytestmark = pytest.mark.anyio
HEALTH = "health.checkup"
NOW = clock.now()


async def somebody(conn: Connection) -> str:
    return await subject_of(conn, await pairs.add_person(conn), DOOR)


async def proxy(conn: Connection, actor: str, person: str, *matters: str, until=None) -> Mandate:
    code = await mandates.invite_proxy(conn, person, shown="Grandmother", matters=matters, until=until)
    return await mandates.accept(conn, code, actor, "Hanako")


async def test_everybody_acts_for_themselves_and_nobody_for_others_without_a_mandate(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    assert await may_act(conn, actor, actor, HEALTH) == Authority("self")
    assert await may_act(conn, actor, person, HEALTH) is None
    assert await may_act(conn, "x" * 43, "x" * 43, HEALTH) is None


async def test_a_proxy_acts_in_the_matters_of_the_mandate_and_not_the_other_way_round(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    mandate = await proxy(conn, actor, person, HEALTH)
    assert await may_act(conn, actor, person, HEALTH) == Authority("proxy", mandate.id)
    assert await may_act(conn, actor, person, "tax.return") is None
    assert await may_act(conn, person, actor, HEALTH) is None


async def test_a_mandate_for_every_matter_is_for_every_matter(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    mandate = await proxy(conn, actor, person)
    assert await may_act(conn, actor, person, "anything") == Authority("proxy", mandate.id)


async def test_an_invitation_alone_lets_nobody_act(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    await mandates.invite_proxy(conn, person, shown="Grandmother", matters=(), until=None)
    assert await may_act(conn, actor, person, HEALTH) is None


@pytest.mark.parametrize("who", ["actor", "person"])
async def test_either_side_ends_it_from_the_next_question_on(conn: Connection, who: str) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    mandate = await proxy(conn, actor, person)
    await mandates.end(conn, mandate.id, {"actor": actor, "person": person}[who])
    assert await may_act(conn, actor, person, HEALTH) is None
    assert await mandates.represented_by(conn, actor) == []
    with pytest.raises(NoMandate):
        await mandates.end(conn, mandate.id, actor)


async def test_a_stranger_does_not_end_it(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    mandate = await proxy(conn, actor, person)
    with pytest.raises(NoMandate):
        await mandates.end(conn, mandate.id, await somebody(conn))


async def test_a_mandate_runs_from_its_first_moment_to_its_last(conn: Connection) -> None:
    actor, person = await somebody(conn), await somebody(conn)
    until = clock.now() + timedelta(days=30)
    await proxy(conn, actor, person, until=until)
    assert await may_act(conn, actor, person, HEALTH, until - timedelta(microseconds=1)) is not None
    assert await may_act(conn, actor, person, HEALTH, until) is None
    assert await may_act(conn, actor, person, HEALTH, clock.now() - timedelta(hours=1)) is None


async def test_a_guardian_acts_for_a_child_until_it_comes_of_age(conn: Connection) -> None:
    guardian, until = await somebody(conn), clock.now() + timedelta(days=3650)
    code = await mandates.invite_guardian(conn, "271403", shown="Taro", until=until, basis="Family register")
    mandate = await mandates.accept(conn, code, guardian, "Mother")
    child = await mandates.subject_represented(conn, mandate)
    assert await may_act(conn, guardian, child, HEALTH) == Authority("guardian", mandate.id)
    assert await may_act(conn, guardian, child, HEALTH, until) is None
    assert [(one.subject, one.shown, one.kind) for one in await mandates.represented_by(conn, guardian)] == [
        (child, "Taro", "guardian")
    ]
    with pytest.raises(NoMandate):  # the child does not end it; an office may
        await mandates.end(conn, mandate.id, child)


async def test_a_second_guardian_is_invited_by_the_childs_number(conn: Connection) -> None:
    until = clock.now() + timedelta(days=365)
    first = await mandates.invite_guardian(conn, "271403", shown="Taro", until=until, basis="Family register")
    child = (await mandates.look(conn, first)).person
    number = await pairs.number_of(conn, child)
    second = await mandates.invite_guardian(conn, "271403", shown="Taro", until=until, basis="The same", child=number)
    assert (await mandates.look(conn, second)).person == child
    with pytest.raises(PersonUnknown):
        await mandates.invite_guardian(conn, "271403", shown="Taro", until=until, basis="x", child="ABCDEFGHJK")


async def test_what_is_not_said_is_asked_for(conn: Connection) -> None:
    person, until = await somebody(conn), clock.now() + timedelta(days=1)
    with pytest.raises(NoName):
        await mandates.invite_proxy(conn, person, shown=" \n", matters=(), until=None)
    with pytest.raises(WrongDay):
        await mandates.invite_proxy(conn, person, shown="Me", matters=(), until=clock.now() - timedelta(days=1))
    with pytest.raises(NoPapers):
        await mandates.invite_guardian(conn, "271403", shown="Taro", until=until, basis=" ")


async def test_nobody_is_their_own_proxy(conn: Connection) -> None:
    person = await somebody(conn)
    code = await mandates.invite_proxy(conn, person, shown="Me", matters=(), until=None)
    with pytest.raises(OwnMandate):
        await mandates.accept(conn, code, person, "Me")


async def test_of_two_who_accept_at_once_one_acts(pool: Pool) -> None:
    async with transaction(pool) as conn:
        actors, person = [await somebody(conn), await somebody(conn)], await somebody(conn)
        code = await mandates.invite_proxy(conn, person, shown="Grandmother", matters=(), until=None)

    async def accept(actor: str) -> bool:
        try:
            async with transaction(pool) as conn:
                await mandates.accept(conn, code, actor, "Me")
        except InvitationSpent:
            return False
        return True

    assert sorted(await asyncio.gather(*map(accept, actors))) == [False, True]
    async with transaction(pool) as conn:
        assert sum([await may_act(conn, actor, person, HEALTH) is not None for actor in actors]) == 1


async def test_the_question_in_sql_is_the_rule_in_words(conn: Connection) -> None:
    """`Mandate.runs` says the same of a value as `may_act` says of the row, at every moment around both ends."""
    days = range(-3, 4)
    for start, length in product((-2, 0, 2), (None, 1, 3)):
        actor, person = await somebody(conn), await somebody(conn)
        begins = NOW + timedelta(days=start)
        ends = None if length is None else begins + timedelta(days=length)
        code = await mandates.invite_proxy(conn, person, shown="Grandmother", matters=(), until=None)
        mandate = await mandates.accept(conn, code, actor, "Hanako")
        await conn.execute(
            "update identity.mandate set accepted = $2, valid_from = $2, valid_until = $3 where id = $1",
            mandate.id, begins, ends,
        )  # fmt: skip
        mandate = replace(mandate, actor="a", accepted=begins, valid_from=begins, valid_until=ends)
        for at in (NOW + timedelta(days=day) for day in days):
            inside = begins <= at and (ends is None or at < ends)
            assert mandate.runs(at) == inside
            assert (await may_act(conn, actor, person, HEALTH, at) is not None) == inside
