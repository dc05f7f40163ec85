"""Every route of the door, and how it says that something is wrong."""

from typing import Any

from hiroba.door import health, language, static, trouble
from hiroba.door.account import (
    account,
    consent,
    consent_device,
    consent_leave,
    consent_mine,
    mail,
    mandates,
    passkeys,
    recovery,
    upstream,
)
from hiroba.door.account import sign_in as ways_in
from hiroba.door.consents import answers, mine, receipts
from hiroba.door.desk import counter, desk, law, letters, officers, purposes, sign_in
from hiroba.door.developers import guide
from hiroba.door.home import atlas, home, place, search, services
from hiroba.door.log import mine as log
from hiroba.door.log import usage

ROUTES: list[Any] = [
    *log.ROUTES,
    *usage.ROUTES,
    *(health.live, health.ready, health.metrics),
    *static.ROUTES,
    language.language,
    home.home,
    *(atlas.map_page, atlas.base, atlas.places),
    search.search,
    *(place.place, place.place_by_address),
    services.all_services,
    guide.developers,
    *sign_in.ROUTES,
    *(*ways_in.ROUTES, *passkeys.ROUTES, *mail.ROUTES, *upstream.ROUTES, *recovery.ROUTES),
    *(*account.ROUTES, *mandates.ROUTES),
    *(desk.desk, *counter.ROUTES, *letters.ROUTES, *officers.ROUTES, *purposes.ROUTES, *law.ROUTES),
    *(*consent.ROUTES, *consent_device.ROUTES, *consent_leave.ROUTES, *consent_mine.ROUTES),
    *(*mine.ROUTES, *answers.ROUTES, *receipts.ROUTES),
]

problem = trouble.problem
