"""Entities to an exchange, over HTTP: NGSI-LD batch upserts (CIM 009 §5.6.8), each answer read."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self
from urllib.parse import quote, urlencode

import msgspec
import orjson

from hiroba.base.egress import LOOPBACK, Answer, CallFailed, CallRefused, Egress
from hiroba.base.errors import Stop

BATCH = 500
IN_FLIGHT = 2
"""So many batches are on their way while the file is read on, and no more."""
ANSWER_LIMIT = 8 << 20
SECONDS = 120.0
CONTEXT = "http://www.w3.org/ns/json-ld#context"
PATIENCE = (0.5, 2.0, 5.0)
"""Waits before a call that failed on the way is made again; every call here may be made twice."""
BUSY = frozenset({429, 502, 503, 504})
EVERYWHERE = ("0.0.0.0/0", "::/0")
"""The operator named the address, so that it may lie in a private network too."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a batch: how many entities are new, how many were there, and why the rest was refused, by id."""

    created: int = 0
    updated: int = 0
    refused: dict[str, str] = {}


class Client:
    """One exchange, one tenant, one key."""

    def __init__(
        self, url: str, *, key: str = "", tenant: str = "", sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.url = url.rstrip("/")
        self.tenant = tenant
        self._egress = Egress((*LOOPBACK, *EVERYWHERE))
        self._sleep = sleep
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Link": f'<{self.url}/context/v1.jsonld>; rel="{CONTEXT}"; type="application/ld+json"',
        }
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._egress.close()

    async def make_tenant(self) -> None:
        """The tenant, if it is named, is there afterwards."""
        if self.tenant:
            await self._operate("PUT", f"/api/v1/tenants/{quote(self.tenant, safe='')}", None)

    async def put_municipality(self, lg_code: str, document: dict[str, Any]) -> None:
        """Add or replace a municipality and its area."""
        await self._operate("PUT", f"/api/v1/municipalities/{lg_code}", document)

    async def upsert(self, entities: Sequence[dict[str, Any]], *, update: bool = False) -> Outcome:
        """Create or replace; with `update` attributes that are not given stay as they are."""
        path = f"/ngsi-ld/v1/entityOperations/upsert{'?options=update' if update else ''}"
        answer = await self._call("POST", path, orjson.dumps(entities))
        match answer.status:
            case 201:
                created = len(_ids(answer))
                return Outcome(created, len(entities) - created)
            case 204:
                return Outcome(0, len(entities))
            case 207:
                refused = {error["entityId"]: _why(error.get("error")) for error in orjson.loads(answer.body)["errors"]}
                return Outcome(0, len(entities) - len(refused), refused)
        self._stop_at(answer)
        if len(entities) == 1:
            return Outcome(refused={entities[0]["id"]: _why(_document(answer))})
        return await self._halves(entities, update=update)

    async def _halves(self, entities: Sequence[dict[str, Any]], *, update: bool) -> Outcome:
        """A batch refused whole: whatever is wrong in it is found by halving, and the rest goes in."""
        middle = len(entities) // 2
        first = await self.upsert(entities[:middle], update=update)
        second = await self.upsert(entities[middle:], update=update)
        return Outcome(
            first.created + second.created, first.updated + second.updated, {**first.refused, **second.refused}
        )

    async def entities(self, type_: str, prefix: str, attributes: Sequence[str]) -> list[dict[str, Any]]:
        """Every entity of a type whose id starts so, with some of its attributes."""
        found: list[dict[str, Any]] = []
        limit = 1000
        while True:
            query = {
                "type": type_,
                "idPattern": f"^{re.escape(prefix)}.*",
                "attrs": ",".join(attributes),
                "limit": limit,
                "offset": len(found),
            }
            answer = await self._call("GET", f"/ngsi-ld/v1/entities?{urlencode(query)}", None)
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                self._stop_at(answer)
                raise Stop(f"{self.url} would not say what it holds: {_why(_document(answer))}")
            page = orjson.loads(answer.body)
            found += page
            if len(page) < limit:
                return found

    async def _operate(self, method: str, path: str, document: dict[str, Any] | None) -> None:
        answer = await self._call(method, path, None if document is None else orjson.dumps(document))
        if answer.status >= 300:  # noqa: PLR2004 - HTTP's own number
            self._stop_at(answer)
            raise Stop(f"{self.url}{path} answers {answer.status}: {_why(_document(answer))}")

    async def _call(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = dict(self._headers)
        if self.tenant and path.startswith("/ngsi-ld"):
            headers["NGSILD-Tenant"] = self.tenant
        if body is None:
            del headers["Content-Type"]
        for wait in (*PATIENCE, None):
            try:
                answer = await self._egress.call(
                    method, f"{self.url}{path}", headers=headers, body=body, limit=ANSWER_LIMIT, seconds=SECONDS
                )
            except (CallFailed, CallRefused) as problem:
                if wait is None or isinstance(problem, CallRefused):
                    raise Stop(
                        f"{problem.detail} What is in so far stays; run the same load again when it answers."
                    ) from None
            else:
                if answer.status not in BUSY or wait is None:
                    return answer
            await self._sleep(wait)
        raise AssertionError  # pragma: no cover - the last round of the loop returns or raises

    def _stop_at(self, answer: Answer) -> None:
        """End the load where going on is of no use: no key, no right, no such exchange, an exchange in trouble."""
        if answer.status in {401, 403}:
            raise Stop(
                f"{self.url} does not let us write ({answer.status}). "
                "Give its operator's key: HIROBA_TOKEN, or --data for one of this machine."
            )
        if answer.status == 404:  # noqa: PLR2004 - HTTP's own number
            raise Stop(f"{self.url} has no NGSI-LD exchange, or not that tenant: {_why(_document(answer))}")
        if answer.status >= 500:  # noqa: PLR2004 - HTTP's own number
            raise Stop(
                f"{self.url} answers {answer.status}: {_why(_document(answer))} "
                "What is in so far stays; run the same load again."
            )


def _ids(answer: Answer) -> list[str]:
    document = _document(answer)
    return document if isinstance(document, list) else []


def _document(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return answer.body[:200].decode(errors="replace")


def _why(problem: Any) -> str:
    if isinstance(problem, dict):
        return str(problem.get("detail") or problem.get("title") or problem.get("type") or "no reason given")
    return str(problem or "no reason given")
