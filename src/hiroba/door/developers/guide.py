"""The page for developers."""

from litestar import Response, get
from litestar.datastructures import State

from hiroba.door.developers.examples import examples
from hiroba.door.home.kinds import KINDS, kind_of
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE

WRITE = """curl -X POST {base}/ngsi-ld/v1/entities \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/ld+json" \\
  -d '{{
    "@context": "{base}/context/v1.jsonld",
    "id": "urn:ngsi-ld:OffStreetParking:demo:1", "type": "OffStreetParking",
    "name": {{"type": "LanguageProperty", "languageMap": {{"ja": "駅前駐車場", "en": "Station car park"}}}},
    "location": {{"type": "GeoProperty", "value": {{"type": "Point", "coordinates": [136.2, 33.0]}}}},
    "availableSpotNumber": {{"type": "Property", "value": 17}}
  }}'"""
"""How an entity is written; {base} is the address of the house."""


@get("/developers", opt={"may": (ANYONE,)}, include_in_schema=False)
async def developers(page: GivenPage, state: State) -> Response[str]:
    """How a program reads and writes here."""
    counts = sorted(page.region.counts.items(), key=lambda pair: (pair[0] not in KINDS, pair[0]))
    return page.html(
        "door/developers.html",
        base=state.settings.url,
        examples=examples(page.region),
        write=WRITE.format(base=state.settings.url),
        types=[(kind_of(type_), number) for type_, number in counts],
    )
