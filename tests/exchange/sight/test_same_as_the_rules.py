"""The SQL of a consented read lets through exactly what two other readings of the rules do: plain Python, and Cedar."""

from datetime import timedelta
from itertools import product
from typing import Any

import cedarpy
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hiroba.base import clock
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.people import key_of
from hiroba.exchange.broker.questions import Question
from hiroba.exchange.gateway.grants.names import expanded
from hiroba.exchange.gateway.sight.gate import sight_of
from hiroba.exchange.gateway.sight.store import Recipient

pytestmark = pytest.mark.anyio
TENANT = "care"
PEOPLE = ("a", "b", "c")
TYPES = ("Person", "Patient")
ATTRS = ("birthDate", "allergy", "weight")
RECIPIENTS = ("booking", "bus")
PURPOSES = ("health.checkup@2", "health.checkup@3")
ENTITIES = [("a", ("Person",)), ("b", ("Person", "Patient")), ("c", ("Patient",))]
HELD = {"a": ("birthDate", "allergy"), "b": ATTRS, "c": ("weight",)}

permits = st.dictionaries(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(RECIPIENTS), st.sampled_from(PURPOSES), st.sampled_from(TYPES)),
    st.tuples(
        st.lists(st.sampled_from(ATTRS), min_size=1, unique=True), st.sampled_from([-2, 1]), st.sampled_from([-1, 2])
    ),
    max_size=12,
)
Permits = dict[tuple[str, str, str, str], tuple[list[str], int, int]]


def subject(sector: str, person: str) -> str:
    return f"{sector}-{person}-".replace(":", "_").ljust(43, "x")


@pytest.fixture
async def prepared(conn: Any) -> Any:
    """A database with people and what is known of them, and no permit yet."""
    await conn.execute("insert into broker.tenant (name, personal) values ($1, true)", TENANT)
    await conn.execute("insert into identity.pair_key (epoch, secret) values (1, sha256('x'))")
    for person in PEOPLE:
        await conn.execute("insert into identity.person (id) values ($1)", person)
        for sector in (f"tenant:{TENANT}", "app:booking", "app:bus"):
            await conn.execute(
                "insert into identity.pair (sector, person, epoch, subject) values ($1, $2, 1, $3)",
                sector, person, subject(sector, person),
            )  # fmt: skip
    at = clock.iso(clock.now())
    for person, types in ENTITIES:
        doc = {
            expanded(name): [{"type": "Property", "value": name, "createdAt": at, "modifiedAt": at}]
            for name in HELD[person]
        }
        text = orjson.dumps(doc).decode()
        await conn.execute(
            """insert into broker.entity (tenant, path, id, types, doc, facts, created, modified, subject)
               values ($1, '', $2, $3, $4, $4, now(), now(), $5)""",
            TENANT, f"urn:ngsi-ld:{types[0]}:{subject(f'tenant:{TENANT}', person)}", sorted(map(expanded, types)), text,
            subject(f"tenant:{TENANT}", person),
        )  # fmt: skip
    return conn


async def permit(conn: Any, chosen: Permits) -> None:
    now = clock.now()
    await conn.execute("delete from gateway.permit")
    for number, ((person, recipient, purpose, type_), (attrs, since, until)) in enumerate(chosen.items()):
        await conn.execute(
            "insert into gateway.permit values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
            TENANT, subject(f"tenant:{TENANT}", person), recipient, purpose, expanded(type_), list(map(expanded, attrs)),
            now + timedelta(hours=since), now + timedelta(hours=until), str(number),
        )  # fmt: skip


async def seen(conn: Any, recipient: str, purpose: str) -> dict[str, tuple[set[str], set[str]]]:
    """By person, what is seen: types and attributes."""
    asked = Recipient(TENANT, recipient, f"app:{recipient}", purpose)
    page = await questions.answer(conn, Question(tenant=TENANT, sight=sight_of(asked), limit=100))
    by_key = {subject(f"app:{recipient}", person): person for person in PEOPLE}
    return {by_key[key_of(one.key.id) or ""]: (set(one.types), set(one.doc)) for one in page.entities}


def ruled(chosen: Permits, recipient: str, purpose: str) -> dict[str, tuple[set[str], set[str]]]:
    """The same by the rules: no grant, no row; no attribute, no key."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for person, types in ENTITIES:
        mine = {
            type_: set(attrs)
            for (who, app, what, type_), (attrs, since, until) in chosen.items()
            if (who, app, what) == (person, recipient, purpose) and type_ in types and since <= 0 < until
        }
        if mine:
            attrs = set().union(*mine.values()) & set(HELD[person])
            found[person] = ({expanded(type_) for type_ in mine}, {expanded(name) for name in attrs})
    return found


def by_cedar(chosen: Permits, recipient: str, purpose: str) -> set[tuple[str, str]]:
    """Person and attribute, each decided by Cedar on its own."""
    policies = "".join(
        f"""permit(principal == App::"{app}", action == Action::"read", resource == Attr::"{who}/{attr}")
            when {{ context.purpose == "{what}" && context.types.contains("{type_}")
                    && context.now >= {since} && context.now < {until} }};"""
        for (who, app, what, type_), (attrs, since, until) in chosen.items()
        for attr in attrs
    )
    allowed = set()
    for person, types in ENTITIES:
        for attr in HELD[person]:
            asked = {
                "principal": f'App::"{recipient}"',
                "action": 'Action::"read"',
                "resource": f'Attr::"{person}/{attr}"',
                "context": {"purpose": purpose, "types": list(types), "now": 0},
            }
            if policies and cedarpy.is_authorized(asked, policies, []).allowed:
                allowed.add((person, attr))
    return allowed


@given(chosen=permits, withdrawn=st.sets(st.integers(0, 11)))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_sql_python_and_cedar_agree_over_random_grants_times_and_withdrawals(
    prepared: Any, chosen: Permits, withdrawn: set[int]
) -> None:
    left = {key: value for number, (key, value) in enumerate(chosen.items()) if number not in withdrawn}
    for granted in (chosen, left):
        await permit(prepared, granted)
        for recipient, purpose in product(RECIPIENTS, PURPOSES):
            found = await seen(prepared, recipient, purpose)
            assert found == ruled(granted, recipient, purpose)
            attrs = {(person, attr) for person, (_, names) in found.items() for attr in names}
            cedar = {(person, expanded(attr)) for person, attr in by_cedar(granted, recipient, purpose)}
            assert attrs == cedar
