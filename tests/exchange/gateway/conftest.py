"""An active purpose and a source, written as the rooms write them."""

from datetime import date

import pytest

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.gateway.grants.store import sources
from hiroba.exchange.gateway.grants.store.sources import Source
from hiroba.exchange.gateway.purposes import store as purposes
from hiroba.exchange.gateway.purposes.model import Data, Definition, Paper, Purpose, after_filing, moved

SHA256 = "a3" * 32
CHECKUP = Definition(
    title={"ja": "健診の予約", "en": "Booking a health check-up"},
    reason={
        "ja": "年齢に合う健診を案内し、当日の安全のためにアレルギーを確かめます。",
        "en": "To offer the check-up for your age, and to know of allergies on the day.",
    },
    without={"ja": "電話でも予約できます。", "en": "You can still book by telephone."},
    recipients=("org:clinic/app:booking",),
    data=(Data("Person", ("birthDate", "allergy")), Data("HealthCheckup", ("checkedOn",))),
    words={
        "Person": {"ja": "あなたについて", "en": "About you"},
        "birthDate": {"ja": "生年月日", "en": "Date of birth"},
        "allergy": {"ja": "アレルギー", "en": "Allergies"},
        "HealthCheckup": {"ja": "健診", "en": "Check-ups"},
        "checkedOn": {"ja": "受けた日", "en": "Day of the check-up"},
    },
    lasts_days=365,
    retention_days=30,
)


async def made_active(conn: Connection, name: str = "health.checkup", definition: Definition = CHECKUP) -> Purpose:
    """The next version of a purpose, through all its life up to active."""
    purpose = await purposes.add(conn, name, "org:mutsu", definition)
    for kind in ("pia", "elsi", "decision"):
        paper = Paper(
            kind=kind, sha256=SHA256, dated=date(2026, 4, 1), title=kind, filed_by="officer", filed=clock.now()
        )
        purpose = await purposes.file(conn, purpose, paper)
    on_file = [paper.kind for paper in purpose.papers]
    stand = moved(after_filing(purpose.state, on_file), "active", on_file)
    return await purposes.stand(conn, purpose, stand)


@pytest.fixture
async def checkup(conn: Connection) -> Purpose:
    await sources.put(conn, Source("org:mutsu", "mutsu_people", "org:mutsu", {"ja": "むつ市", "en": "Mutsu"}))
    return await made_active(conn)
