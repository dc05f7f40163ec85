"""The files a browser keeps: styles, islands, pictures. Each address carries a digest, so it may be kept for good."""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from mimetypes import guess_type
from typing import Final

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from hiroba.base.errors import NotFound
from hiroba.exchange.identity.callers import ANYONE

BUILT: Final = files("hiroba.door") / "static" / "built"
KINDS: Final = {
    ".js": "text/javascript",
    ".py": "text/x-python",
    ".mjs": "text/javascript",
    ".webmanifest": "application/manifest+json",
}
FOR_GOOD: Final = "public, max-age=31536000, immutable"
FOR_A_DAY: Final = "public, max-age=86400"


class File(msgspec.Struct, frozen=True):
    """A built file with what its answer needs."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def file(name: str) -> File | None:
    """A built file by its name, read once."""
    found = BUILT / name
    if "/" in name or name.startswith(".") or not found.is_file():
        return None
    body = found.read_bytes()
    suffix = name[name.rfind(".") :]
    kind = KINDS.get(suffix) or guess_type(name)[0] or "application/octet-stream"
    packed = b"" if kind.startswith("image/png") else gzip.compress(body, 9, mtime=0)
    return File(body, packed, kind, hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds the built file `name`."""
    found = file(name)
    return f"/static/{found.digest if found else 'unbuilt'}/{name}"


def answer(request: Request, name: str, keep: str) -> Response[bytes]:  # type: ignore[type-arg]
    """The file, packed where the browser takes gzip."""
    found = file(name)
    if found is None:
        raise NotFound(f"There is no file {name[:100]}.")
    headers = {"Cache-Control": keep, "ETag": f'"{found.digest}"', "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


@get("/static/{digest:str}/{name:str}", opt={"may": (ANYONE,)}, include_in_schema=False, sync_to_thread=False)
def static(request: Request, digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:  # type: ignore[type-arg]
    """A built file; an address with an older digest still gives today's file, but is not kept."""
    found = file(name)
    return answer(request, name, FOR_GOOD if found and found.digest == digest else "no-cache")


@get(
    ["/favicon.svg", "/favicon.ico", "/apple-touch-icon.png", "/manifest.webmanifest", "/robots.txt"],
    opt={"may": (ANYONE,)}, include_in_schema=False, sync_to_thread=False,
)  # fmt: skip
def at_the_root(request: Request) -> Response[bytes]:  # type: ignore[type-arg]
    """What browsers and crawlers look for at the root."""
    name = request.url.path.lstrip("/")
    return answer(request, "favicon.svg" if name == "favicon.ico" else name, FOR_A_DAY)


ROUTES = [static, at_the_root]
