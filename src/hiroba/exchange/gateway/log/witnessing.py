"""Witnesses over HTTP (c2sp.org/tlog-witness): logs ask us at `/witness/add-checkpoint`; the operator says who watches whom."""

import string
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, Parameter

from hiroba.base import clock
from hiroba.base.errors import Invalid, NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.log import LogUnavailable
from hiroba.exchange.audit.store import identity
from hiroba.exchange.audit.witness import store, watching
from hiroba.exchange.audit.witness.store import Witness
from hiroba.exchange.audit.witness.watching import OtherSize
from hiroba.exchange.identity.callers import ANYONE, OPERATOR

SHA256_HEX = 64


class LogKeys(msgspec.Struct, frozen=True):
    """Verifier keys of this house (c2sp.org/signed-note)."""

    log: str
    """Signs the checkpoints of its own log."""
    witness: str
    """Confirms the logs of others."""


@get("/log/keys", opt={"may": (ANYONE,)}, tags=["Log"], summary="Who signs here")
async def keys(conn: GivenConnection) -> LogKeys:
    """The keys by which others know this log and this witness; write them down where they cannot be changed for you."""
    known = await identity(conn)
    if known is None:
        raise NotFound("Nothing was signed here yet.")
    return LogKeys(*known)


@post(
    "/witness/add-checkpoint",
    opt={"may": (ANYONE,), "exclude_from_csrf": True}, status_code=200, tags=["Log"], request_max_body_size=notes.LONGEST,
    summary="Confirm a log's checkpoint",
)  # fmt: skip
async def add_checkpoint(request: Request[Any, Any, Any], conn: GivenConnection, state: State) -> Response[str]:
    """Cosign the checkpoint of a log that we watch, if its tree begins with the one we confirmed before."""
    if state.keeping.keys is None:
        raise LogUnavailable("This witness has no key at this moment.")
    asked = watching.request((await request.body()).decode(errors="replace"))
    try:
        line = await watching.add_checkpoint(conn, asked, state.keeping.keys.witness, clock.now())
    except OtherSize as other:
        return Response(f"{other.size}\n", status_code=other.status, media_type="text/x.tlog.size")
    return Response(line, media_type="text/plain")


@get(
    "/witness/{origin:str}/checkpoint",
    opt={"may": (ANYONE,)},
    tags=["Log"],
    summary="The last tree of a log we confirmed",
)
async def confirmed(conn: GivenConnection, origin: FromPath[str]) -> Response[str]:
    """By SHA-256 of the log's origin in hexadecimal digits."""
    if len(origin) != SHA256_HEX or set(origin) - set(string.hexdigits.lower()):
        raise NotFound("A log is named by the SHA-256 of its origin, in lower case hexadecimal digits.")
    note = await store.note_of(conn, bytes.fromhex(origin))
    if not note:
        raise NotFound("This witness has confirmed no tree of that log.")
    return Response(note, media_type="text/plain", headers={"Cache-Control": "public, max-age=60"})


class NewWitness(msgspec.Struct, frozen=True):
    """Who shall confirm our log."""

    key: str
    """Verifier key: name+id+key, of type 4."""
    url: str
    """`add-checkpoint` stands below it."""


class NewLog(msgspec.Struct, frozen=True):
    """A log that we shall watch."""

    key: str
    """Verifier key: origin+id+key, of type 1."""


class WatchedLog(msgspec.Struct, frozen=True):
    """A log that we watch, and how far."""

    origin: str
    key: str
    size: int


@post(
    "/api/v1/log/witnesses",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True}, status_code=204, tags=["Log"], summary="Be watched by a witness",
)  # fmt: skip
async def add_witness(conn: GivenConnection, data: JSONBody[NewWitness]) -> None:
    """Ask this witness to confirm each new checkpoint of our log; its operator adds our log's key in turn."""
    verifier = notes.verifier(data.key)
    if verifier.kind != notes.WITNESS:
        raise Invalid("This is not the key of a witness: its type is not 4.")
    await store.add_witness(conn, Witness(verifier.name, data.key.strip(), data.url))


@get("/api/v1/log/witnesses", opt={"may": (OPERATOR,)}, tags=["Log"], summary="Who watches our log")
async def witnesses(conn: GivenConnection) -> list[Witness]:
    """Each with the largest tree it has confirmed and, where it did not confirm, why."""
    return await store.witnesses(conn)


@delete(
    "/api/v1/log/witnesses",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True}, tags=["Log"], summary="Be watched no longer",
)  # fmt: skip
async def remove_witness(
    conn: GivenConnection, name: Annotated[str, Parameter(description="Of the witness's key.")]
) -> None:
    """Ask this witness no longer; what it has confirmed stays."""
    await store.remove_witness(conn, name)


@post(
    "/api/v1/log/watched",
    opt={"may": (OPERATOR,), "exclude_from_csrf": True}, status_code=204, tags=["Log"], summary="Watch a log",
)  # fmt: skip
async def watch(conn: GivenConnection, data: JSONBody[NewLog]) -> None:
    """Confirm this log from now on, from its first tree or from the one that was confirmed last."""
    verifier = notes.verifier(data.key)
    if verifier.kind != notes.LOG:
        raise Invalid("This is not the key of a log: its type is not 1.")
    await store.watch(conn, verifier.name, data.key.strip())


@get("/api/v1/log/watched", opt={"may": (OPERATOR,)}, tags=["Log"], summary="Logs we watch")
async def watched(conn: GivenConnection) -> list[WatchedLog]:
    """Each with the size of the largest tree that we have confirmed."""
    return [WatchedLog(one.origin, one.key, one.size) for one in await store.all_watched(conn)]


ROUTES = [keys, add_checkpoint, confirmed, add_witness, witnesses, remove_witness, watch, watched]
