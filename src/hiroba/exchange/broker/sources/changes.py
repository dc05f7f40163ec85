"""Registrations made, changed and deleted, each in a transaction of the caller's (CIM 009 §5.9)."""

from collections.abc import Mapping
from typing import Any

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.versions import raise_
from hiroba.exchange.broker import questions
from hiroba.exchange.broker.access import Pass
from hiroba.exchange.broker.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from hiroba.exchange.broker.sources import conflicts, reading, store
from hiroba.exchange.broker.sources.model import PROXIED, Change, Registration


async def create(conn: Connection, made: Registration, *, admitted: Pass) -> Change:
    """Register a context source (§5.9.2)."""
    version = await raise_(conn, store.MEMORY)
    if await store.held(conn, made.tenant, made.id) is not None:
        raise AlreadyExists(f"There is a registration {made.id}.")
    await _check(conn, made, admitted)
    await store.put(conn, made, version)
    return Change(made.tenant, None, made)


async def update(conn: Connection, tenant: str, id_: str, fragment: Mapping[str, Any], *, admitted: Pass) -> Change:
    """Change members of a registration (§5.9.3): each that is given takes the place of the old one, None deletes it."""
    version = await raise_(conn, store.MEMORY)
    before = await _must_hold(conn, tenant, id_, admitted)
    members = {name: value for name, value in {**before.document, **fragment}.items() if value is not None}
    after = reading.registration(
        members, tenant=tenant, id_=id_, owner=before.owner, created=before.created, modified=clock.now()
    )
    await _check(conn, after, admitted)
    await store.put(conn, after, version)
    return Change(tenant, before, after)


async def delete(conn: Connection, tenant: str, id_: str, admitted: Pass) -> Change:
    """Delete a registration (§5.9.4)."""
    version = await raise_(conn, store.MEMORY)
    before = await _must_hold(conn, tenant, id_, admitted)
    await store.remove(conn, tenant, id_, version)
    return Change(tenant, before, None)


async def forget_expired(conn: Connection) -> list[Change]:
    """Delete registrations whose time is over (§5.9.2.4); until then they are merely not shown."""
    now = clock.now()
    if not await store.is_any_expired(conn, now):
        return []
    version = await raise_(conn, store.MEMORY)
    over = await store.expired(conn, now)
    for registration in over:
        await store.remove(conn, registration.tenant, registration.id, version)
    return [Change(registration.tenant, registration, None) for registration in over]


async def _must_hold(conn: Connection, tenant: str, id_: str, admitted: Pass) -> Registration:
    found = await store.held(conn, tenant, id_)
    if found is None:
        raise ResourceNotFound(f"There is no registration {id_}.")
    admitted.must_own(found.owner)
    return found


async def _check(conn: Connection, made: Registration, admitted: Pass) -> None:
    """Nothing, or what stands against the registration."""
    if not made.is_valid(clock.now()):
        raise BadRequestData("expiresAt is over already.")
    conflicts.must_be_trusted(made, admitted)
    if made.mode not in PROXIED:
        return
    conflicts.must_not_clash(made, await store.of_tenant(conn, made.tenant))
    for question in conflicts.held_here(made):
        for entity in (await questions.answer(conn, question)).entities:
            raise Conflict(f"{entity.key.id} is held here, and a registration of the mode {made.mode} would hide it.")
