"""The tree as static files (c2sp.org/tlog-tiles): who keeps them can prove what the log once said, and that it only grew."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import FromPath, Parameter

from hiroba.base.errors import NotFound
from hiroba.base.web.given import GivenConnection
from hiroba.exchange.audit import store
from hiroba.exchange.audit.store import Stored
from hiroba.exchange.audit.tree import tiles
from hiroba.exchange.identity.callers import ANYONE

FOREVER = "public, max-age=31536000, immutable"
NEW = "public, max-age=1"
MOST = 1000


def _note(stored: Stored | None, caching: str) -> Response[str]:
    if stored is None:
        raise NotFound("This log has signed no such tree.")
    return Response(stored.note, media_type="text/plain", headers={"Cache-Control": caching})


@get("/log/checkpoint", opt={"may": (ANYONE,)}, tags=["Log"], summary="The newest checkpoint of the log")
async def checkpoint(conn: GivenConnection) -> Response[str]:
    """How large the log's tree is and its root, signed by the log and by its witnesses."""
    return _note(await store.latest(conn), NEW)


@get("/log/checkpoint/{size:int}", opt={"may": (ANYONE,)}, tags=["Log"], summary="The checkpoint of a size")
async def checkpoint_of(conn: GivenConnection, size: FromPath[int]) -> Response[str]:
    """What the log signed when its tree had so many leaves; witnesses may still add their lines."""
    return _note(await store.checkpoint_of(conn, min(size, 2**62)), "public, max-age=60")


class Signed(msgspec.Struct, frozen=True):
    """One checkpoint of the history."""

    size: int
    root: str
    at: str
    note: str


@get("/log/checkpoints", opt={"may": (ANYONE,)}, tags=["Log"], summary="Every tree that was ever signed")
async def history(
    conn: GivenConnection,
    before: Annotated[int, Parameter(ge=0, le=2**62, description="Trees smaller than this.")] = 2**62,
    limit: Annotated[int, Parameter(ge=1, le=MOST)] = 100,
) -> list[Signed]:
    """Checkpoints, the largest tree first."""
    found = await store.checkpoints(conn, before, limit)
    return [Signed(one.size, one.root.hex(), one.at.isoformat(), one.note) for one in found]


@get("/log/tile/{path:path}", opt={"may": (ANYONE,)}, tags=["Log"], summary="A tile of the log's tree")
async def tile(conn: GivenConnection, path: FromPath[str]) -> Response[bytes]:
    """Hashes of a level of the tree, 256 or the `.p/N` first; below `entries/` the leaves, SHA-256(salt ‖ event) each."""
    asked = tiles.asked(path.lstrip("/"))
    found = None
    if asked is not None and asked.number < 2**62:
        found = (await store.tiles(conn, [(asked.level, asked.number)])).get((asked.level, asked.number))
    if asked is None or found is None or len(found) < asked.width * tiles.HASH:
        raise NotFound("There is no such tile.")
    hashes = found[: asked.width * tiles.HASH]
    body = tiles.bundle(hashes) if asked.level == tiles.LEAVES else hashes
    return Response(body, media_type="application/octet-stream", headers={"Cache-Control": FOREVER})


ROUTES = [checkpoint, checkpoint_of, history, tile]
