"""What notifications are sent to while they are measured: raw ASGI on granian. It counts, and asks each how long it took.

POST /s/N takes a notification of subscription N; /never takes one and says nothing. GET /figures tells what came.
"""

import asyncio
import json
import re
import time
from typing import Any

VALUE = re.compile(rb'"value":(\d{16})')
ENTITY = re.compile(rb'"(urn:ngsi-ld:Noticed[^"]+)"')
seen: dict[tuple[str, bytes], int] = {}
delays: list[int] = []
figures = {"count": 0, "again": 0}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Take it."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/never":
        await asyncio.sleep(3600)
    body, status = b"", 204
    if scope["path"] == "/figures":
        body, status = json.dumps(told()).encode(), 200
    else:
        notice((await receive())["body"], scope["path"])
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def notice(body: bytes, path: str) -> None:
    """One notification: when its change was sent, and whether it came before."""
    now = time.time_ns() // 1000
    value, entity = VALUE.search(body), ENTITY.search(body)
    if value is None or entity is None:
        return
    sent, key = int(value[1]), (path, entity[1])
    before = seen.get(key, 0)
    figures["count"] += 1
    figures["again"] += sent == before
    seen[key] = max(sent, before)
    delays.append(now - sent)


def told() -> dict[str, Any]:
    """What came since the last time one asked; the newest of each subscription and entity for the count of what was lost."""
    delays.sort()
    at = {f"p{part}": delays[len(delays) * part // 100] / 1000 if delays else 0.0 for part in (50, 99)}
    newest = {f"{path} {entity.decode()}": value for (path, entity), value in seen.items()}
    answer = {**figures, **at, "newest": newest}
    delays.clear()
    figures.update(dict.fromkeys(figures, 0))
    return answer
