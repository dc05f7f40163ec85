"""Read this first: 道路通報 as the house sees it. Everything the service is stands here or is named here.

A resident tells of a damage (`pages/asking.py`), an officer of its municipality takes it on (`pages/desk.py`), apps of any
city do both over Open311 (`api.py`), and the region sees it as an entity of the exchange. What a report is and what may
become of it are plain rules (`model.py`); rows and entity are written together (`store/`).
"""

from collections.abc import Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.door.service import Job, Service, Tile
from hiroba.exchange.broker.exchange import Exchange
from hiroba.services.reports import api, jobs, model, sample, store
from hiroba.services.reports.pages import asking, desk, public

PATIENCE = timedelta(days=14)
"""How long a report may wait for an officer before the service complains."""
FOLDER = files("hiroba.services.reports")


async def export(conn: Connection, subject: str) -> list[dict[str, Any]]:
    """Everything held of a person: `subject` is their telephone number, mail address or private link's token, as they have it."""
    return await store.export(conn, model.key_of(subject))


async def erase(conn: Connection, exchange: Exchange, subject: str) -> int:
    """Forget a person (`subject` as in `export`): contact, words, photo and link go, the damage stays; how many reports."""
    return await store.erase(conn, exchange, model.key_of(subject))


async def check(conn: Connection) -> Sequence[str]:
    """Reports nobody took up, and contacts kept longer than was promised."""
    waiting = await store.waiting(conn, clock.now() - PATIENCE)
    complaints = [
        f"{lg_code}: {count} reports wait for an officer since {PATIENCE.days} days"
        for lg_code, count in waiting.items()
    ]
    if late := await store.overdue(conn, clock.now() - store.CONTACT_LIFE - timedelta(days=2)):
        complaints.append(
            f"{late} contacts are kept longer than {store.CONTACT_LIFE.days} days: is the jobs worker running?"
        )
    return complaints


SERVICE = Service(
    name="reports",
    title={"ja": "道路の不具合", "en": "Road problems"},
    tile=Tile(href="/reports", icon="road"),
    routes=(*public.ROUTES, asking.ROUTES, *desk.ROUTES, api.ROUTES),
    templates=FOLDER / "templates",
    locale=FOLDER / "locale",
    migrations=FOLDER / "migrations",
    roles=(desk.ROLE,),
    publishes=(model.TYPE,),
    jobs=(Job(jobs.forget, every=timedelta(hours=1)),),
    sample=sample.sample,
    export=export,
    erase=erase,
    check=check,
)
