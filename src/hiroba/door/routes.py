"""Every route of the door, and how it says that something is wrong."""

from typing import Any

from hiroba.door import health, language, static, trouble
from hiroba.door.account import consent, consent_device, consent_leave
from hiroba.door.desk import desk, sign_in
from hiroba.door.developers import guide
from hiroba.door.home import atlas, home, place, search, services

ROUTES: list[Any] = [
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
    *(*consent.ROUTES, *consent_device.ROUTES, *consent_leave.ROUTES),
    desk.desk,
]

problem = trouble.problem
