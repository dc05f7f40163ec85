"""A person comes in: the one place where a session begins or is raised, always under a new secret (no fixation)."""

from collections.abc import Sequence

from hiroba.base.db import Connection
from hiroba.base.errors import Unauthorized
from hiroba.exchange.identity.levels import Level
from hiroba.exchange.identity.people.store import officers, sessions
from hiroba.exchange.identity.people.subjects import DOOR, subject_of
from hiroba.exchange.identity.people.telling import SIGNED_IN, Told, tell

DEVICE = 60
"""Characters that are kept of what a browser calls itself."""


async def enter(
    conn: Connection, person: str, level: Level, *, before: str = "", agent: str = "", also: Sequence[Told] = ()
) -> str:
    """The secret of the person's session in this browser, which held `before`; `also` happened in the same transaction.

    The same person again: the session is raised. Anybody else: what this browser held ends, and a session begins.
    """
    held = await sessions.of_secret(conn, before) if before else None
    if held is not None and held.person == person:
        secret = await sessions.raise_to(conn, held.id, level)
    else:
        if before:
            await sessions.end_secret(conn, before)
        secret = await sessions.begin(conn, person, await subject_of(conn, person, DOOR), level, device(agent))
    await tell(conn, *also, Told(person, SIGNED_IN, note=level))
    return secret


async def enter_officer(conn: Connection, officer: str, level: Level, *, before: str = "", agent: str = "") -> str:
    """The secret of a new session of an officer's account."""
    if await officers.get(conn, officer) is None:
        raise Unauthorized("This officer's account has ended.")
    if before:
        await sessions.end_secret(conn, before)
    return await sessions.begin_officer(conn, officer, level, device(agent))


def device(agent: str) -> str:
    """What a person recognises a browser by: its name and its system, out of a User-Agent."""
    kinds = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    names = {"Edg": "Edge", "OPR": "Opera"}
    browser = next((names.get(kind, kind) for kind in kinds if f"{kind}/" in agent), "")
    system = next((name for word, name in systems.items() if word in agent), "")
    return ", ".join(filter(None, (browser, system)))[:DEVICE]
