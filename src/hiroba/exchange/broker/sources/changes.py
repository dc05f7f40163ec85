"""Registrations made, changed and deleted, each in a transaction of the caller's (CIM 009 §5.9)."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.versions import raise_
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from hiroba.exchange.broker.sources import conflicts, reading, store
from hiroba.exchange.broker.sources.model import PROXIED, Registration

NAME: Final = "sources"
"""The memory of registrations. Who changes one raises it first, which makes changes come one after another."""


async def create(conn: Connection, made: Registration, own_url: str) -> None:
    """Register a context source (§5.9.2)."""
    version = await raise_(conn, NAME)
    if await store.held(conn, made.tenant, made.id) is not None:
        raise AlreadyExists(f"There is a registration {made.id}.")
    await _check(conn, made, own_url)
    await store.put(conn, made, version)


async def update(
    conn: Connection, tenant: str, id_: str, fragment: Mapping[str, Any], *, admitted: Pass, own_url: str
) -> None:
    """Change members of a registration (§5.9.3): each that is given takes the place of the old one, None deletes it."""
    version = await raise_(conn, NAME)
    before = await _must_hold(conn, tenant, id_, admitted)
    members = {name: value for name, value in {**before.document, **fragment}.items() if value is not None}
    after = reading.registration(
        members, tenant=tenant, id_=id_, owner=before.owner, created=before.created, modified=clock.now()
    )
    await _check(conn, after, own_url)
    await store.put(conn, after, version)


async def delete(conn: Connection, tenant: str, id_: str, admitted: Pass) -> None:
    """Delete a registration (§5.9.4)."""
    version = await raise_(conn, NAME)
    before = await _must_hold(conn, tenant, id_, admitted)
    await store.remove(conn, before.tenant, before.id, version)


async def forget_expired(conn: Connection) -> None:
    """Delete registrations whose time is over (§5.9.2.4); until then they are merely not shown."""
    version = await raise_(conn, NAME)
    for registration in await store.expired(conn, clock.now()):
        await store.remove(conn, registration.tenant, registration.id, version)
    await store.forget_gone(conn)


async def _must_hold(conn: Connection, tenant: str, id_: str, admitted: Pass) -> Registration:
    found = await store.held(conn, tenant, id_)
    if found is None:
        raise ResourceNotFound(f"There is no registration {id_}.")
    admitted.must_own(found.owner)
    return found


async def _check(conn: Connection, made: Registration, own_url: str) -> None:
    """Nothing, or what stands against the registration."""
    if not made.is_valid(clock.now()):
        raise BadRequestData("expiresAt is over already.")
    conflicts.must_not_lead_here(made, own_url)
    if made.mode not in PROXIED:
        return
    conflicts.must_not_clash(made, await store.of_tenant(conn, made.tenant))
    for question in conflicts.held_here(made):
        for entity in (await questions.answer(conn, question)).entities:
            raise Conflict(f"{entity.key.id} is held here and would be hidden by an {made.mode} registration.")
