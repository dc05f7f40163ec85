"""A person at the door, an application that asks, and a purpose it may ask for."""

import msgspec
import pytest

from hiroba.base.db import Connection
from hiroba.exchange.gateway.grants.consents import Wanted
from hiroba.exchange.gateway.purposes.model import Purpose
from hiroba.exchange.identity.organisations import store as organisations
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.subjects import DOOR, subject_of

BOOKING = "org:clinic/app:booking"
WANTED = Wanted(recipient=BOOKING, purpose="health.checkup@1", source="org:mutsu")


class Known(msgspec.Struct, frozen=True):
    """One person under the names that the rooms know them by."""

    person: str
    door: str
    source: str
    app: str


async def add_person(conn: Connection) -> Known:
    person = await pairs.add_person(conn)
    sectors = (DOOR, "tenant:mutsu_people", f"app:{BOOKING}")
    return Known(person, *[await subject_of(conn, person, sector) for sector in sectors])


@pytest.fixture
async def booking(conn: Connection, checkup: Purpose) -> Application:
    await organisations.put_organisation(
        conn, Organisation("org:clinic", {"ja": "むつ中央病院", "en": "Mutsu Hospital"})
    )
    application = Application(
        id=BOOKING, organisation="org:clinic", title={"ja": "健診予約", "en": "Check-up bookings"}, state="production",
        redirect_uris=("https://booking.example/back",), purposes=("health.checkup@1", "health.checkup@2"),
    )  # fmt: skip
    await organisations.put_application(conn, application)
    return application


@pytest.fixture
async def hanako(conn: Connection, booking: Application) -> Known:
    return await add_person(conn)
