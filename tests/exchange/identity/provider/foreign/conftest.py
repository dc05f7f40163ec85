"""A house that really runs, and a browser before it in which somebody is signed in: what clients of others are pointed at."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from tests.conftest import Running, up
from tests.exchange.identity.provider.conftest import submit

from hiroba.base.db import Connection, single
from hiroba.base.db.cluster import Cluster
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs


@pytest.fixture(scope="module")
def real_house(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Running]:
    """A house as a newcomer starts it, with an organisation."""
    environment = pytest.MonkeyPatch()
    environment.setenv(
        "HIROBA_EGRESS_ALLOW", "127.0.0.0/8"
    )  # where applications of the tests are told of ended sessions
    with up(tmp_path_factory.mktemp("provider"), free_port(), "--sample", "none") as running:
        operator = {"Authorization": f"Bearer {running.key}"}
        organisation = {"title": {"ja": "みほん病院", "en": "Mihon Hospital"}}
        httpx.put(
            f"{running.url}/api/v1/organisations/org:clinic", json=organisation, headers=operator
        ).raise_for_status()
        yield running
    environment.undo()


@pytest.fixture
async def conn(real_house: Running) -> AsyncIterator[Connection]:
    """The real house's database."""
    async with single(Cluster(real_house.data / "postgres").url()) as connection:
        yield connection


@pytest.fixture
async def house(real_house: Running, conn: Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A browser before the real house, in which somebody is signed in."""
    async with httpx.AsyncClient(base_url=real_house.url) as browser:
        secret = await sessions.enter(conn, await pairs.add_person(conn), "passkey")
        browser.cookies.set(SESSION_COOKIE, secret, domain="127.0.0.1")
        yield browser


async def agreed(house: httpx.AsyncClient, back_at: str, url: str) -> str:
    """Where at `back_at` the browser ends up after the person went to `url` and agreed."""
    answer = await house.get(url)
    while answer.headers["location"].startswith("/oauth/"):
        answer = await house.get(answer.headers["location"])
    answer = await submit(house, answer.headers["location"], answer="agree")
    back: str = answer.headers["location"]
    assert back.startswith(back_at)
    return back
