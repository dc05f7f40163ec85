"""Every example of the Smart Data Models goes in and comes back as it was given, in each format it is given in.

Their contexts are not reachable from here, so an operator's folder holds stand-ins for them: every term an example uses, at
the address the example names. What is no valid NGSI-LD is listed with the clause that says so, and is refused.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from tests.conftest import client_of

from hiroba.exchange.broker.contexts.core import IS_CORE
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1"
LD = {"Content-Type": "application/ld+json", "Accept": "application/ld+json"}
NO_URI = "4.5.1: the id is a URI"
NO_OBJECT = "4.5.3.2: a Relationship has an object, a URI"
NO_TYPE = "4.5.2.2: the type of an attribute is Property or one of its kin"
NO_PLACE = "4.7.1: location is a GeoProperty"
NO_EARTH = "4.7.1 with RFC 7946: longitude comes first, -180 to 180, then latitude, -90 to 90"
NO_MOMENT = "4.6.3: a moment is like 2026-11-20T07:32:56Z"
NO_ADDRESS = "4.4 with JSON-LD 1.1: an @context is an http address"
NO_NAME = "4.6.2: a name is made of letters, digits and _"
NO_ATTRIBUTE = "4.5.1: a core term of attributes is no attribute"
INVALID = {
    "Alert/Alert__example-2.json": NO_URI,
    "CPSV-AP/BusinessEvent__example-normalized.jsonld": NO_OBJECT,
    "CPSV-AP/Cost__example-normalized.jsonld": NO_OBJECT,
    "CPSV-AP/PublicOrganization__example-normalized.jsonld": NO_TYPE,
    "CPSV-AP/PublicService__example-normalized.jsonld": NO_OBJECT,
    "CPSV-AP/Rule__example-normalized.jsonld": NO_OBJECT,
    "DCAT-AP/Agent__example-normalized.jsonld": NO_EARTH,
    "DCAT-AP/Agent__example.json": NO_EARTH,
    "DCAT-AP/Agent__example.jsonld": NO_EARTH,
    "DCAT-AP/CatalogueRecord__example-normalized.jsonld": NO_TYPE,
    "DCAT-AP/Catalogue__example-normalized.jsonld": NO_OBJECT,
    "DCAT-AP/Distribution__example-normalized.jsonld": NO_PLACE,
    "Device/DeviceMeasurement__example-normalized.jsonld": NO_PLACE,
    "Device/DeviceModel__example.json": NO_URI,
    "Device/Device__example.json": NO_URI,
    "Environment/AeroAllergenObserved__example.json": NO_URI,
    "Environment/AirQualityMonitoring__example-normalized.jsonld": NO_PLACE,
    "Environment/FloodMonitoring__example-normalized.jsonld": NO_TYPE,
    "Environment/NightSkyQuality__example-normalized.jsonld": NO_URI,
    "Environment/NightSkyQuality__example.json": NO_URI,
    "Environment/NightSkyQuality__example.jsonld": NO_URI,
    "Environment/PhreaticObserved__example-normalized.jsonld": NO_MOMENT,
    "Environment/WaterObserved__example-normalized.jsonld": NO_OBJECT,
    "PointOfInterest/Beach__example.json": NO_URI,
    "PointOfInterest/Museum__example.json": NO_URI,
    "Transportation/AnprFlowObserved__example.json": NO_EARTH,
    "Transportation/AnprFlowObserved__example.jsonld": NO_EARTH,
    "Transportation/BikeLane__example-normalized.jsonld": NO_PLACE,
    "Transportation/BikeLane__example.json": NO_URI,
    "Transportation/CityWork__example-normalized.jsonld": NO_TYPE,
    "Transportation/EVChargingStation__example.jsonld": NO_ADDRESS,
    "Transportation/FareCollectionSystem__example-normalized.jsonld": NO_PLACE,
    "Transportation/FleetVehicleStatus__example.json": NO_ATTRIBUTE,
    "Transportation/FleetVehicleStatus__example.jsonld": NO_ATTRIBUTE,
    "Transportation/RestrictionException__example-normalized.jsonld": NO_TYPE,
    "Transportation/RoadAccident__example.json": NO_EARTH,
    "Transportation/RoadAccident__example.jsonld": NO_EARTH,
    "Transportation/RoadSegment__example.json": NO_URI,
    "Transportation/Road__example.json": NO_URI,
    "Transportation/SpecialRestriction__example-normalized.jsonld": NO_TYPE,
    "Transportation/TrafficFlowObserved__example.json": NO_URI,
    "Transportation/TransportStation__example-normalized.jsonld": NO_TYPE,
    "Transportation/TransportStation__example.json": NO_NAME,
    "Transportation/TransportStation__example.jsonld": NO_NAME,
    "Transportation/VehicleFault__example-normalized.jsonld": NO_ATTRIBUTE,
    "Transportation/VehicleFault__example.json": NO_ATTRIBUTE,
    "Transportation/VehicleFault__example.jsonld": NO_ATTRIBUTE,
    "Transportation/Vehicle__example-normalized.jsonld": NO_MOMENT,
    "UrbanMobility/TransitManagement__example.jsonld": NO_ADDRESS,
    "User/Activity__example.json": NO_URI,
    "User/UserContext__example.json": NO_URI,
}


@pytest.fixture(scope="module")
def examples(real_data: Path) -> dict[str, Any]:
    """The examples by their names below the folder."""
    root = real_data / "ngsi_smart_data_models"
    return {str(file.relative_to(root)): orjson.loads(file.read_bytes()) for file in sorted(root.glob("*/*__*"))}


FORMS = {
    ".json": "key-values of NGSIv2",
    "-normalized.json": "normalized of NGSIv2",
    ".jsonld": "key-values of NGSI-LD",
    "-normalized.jsonld": "normalized of NGSI-LD",
    "-geojsonfeature.json": "GeoJSON",
}
"""How an example's file ends, and what form that is; a model's second example has a number or a name before the end."""


def form_of(name: str) -> str:
    """The longest of the endings that a file has."""
    return max((end for end in FORMS if name.endswith(end)), key=len, default="")


def test_every_file_of_every_model_is_an_example_in_a_form_that_is_tried(real_data: Path, examples) -> None:
    root = real_data / "ngsi_smart_data_models"
    files = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert {name for name in files if "/schema/" not in name} == {*examples, "SOURCE.md"}
    assert {form_of(name) for name in examples} == FORMS.keys()
    assert (INVALID.keys() | INVALID_GEOJSON.keys()) <= examples.keys()


def terms_of(document: Any) -> Iterator[str]:
    """Every member's name in a document, and its type."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == "type" and isinstance(value, str):
                yield value
            if not name.startswith("@"):
                yield name
                yield from terms_of(value)
    elif isinstance(document, list):
        for part in document:
            yield from terms_of(part)


def addresses_of(document: dict[str, Any]) -> list[str]:
    """The contexts an example names, besides the core."""
    given = document.get("@context", document.get("properties", {}).get("@context", []))
    return [url for url in ([given] if isinstance(given, str) else given) if not IS_CORE.fullmatch(url)]


def lay_down(folder: Path, examples: dict[str, Any]) -> None:
    """Write the contexts that the examples name, with definitions in all the ways such contexts have them."""
    terms: dict[str, dict[str, Any]] = {}
    for document in examples.values():
        for url in addresses_of(document):
            found = terms.setdefault(url, {"sdm": f"{url}#", "xsd": "http://www.w3.org/2001/XMLSchema#"})
            for term in terms_of(document):
                if term.startswith("ref"):
                    found[term] = {"@id": f"sdm:{term}", "@type": "@id"}
                elif term.startswith("date"):
                    found[term] = {"@id": f"sdm:{term}", "@type": "xsd:dateTime"}
                elif term[0].isupper():
                    found[term] = f"{url}#{term}"
                else:
                    found[term] = f"sdm:{term}"
    for url, found in terms.items():
        parts = urlsplit(url)
        file = folder / parts.netloc / parts.path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(orjson.dumps({"@context": found}))


@pytest.fixture
async def airgapped(database, tmp_path, examples) -> AsyncIterator[httpx.AsyncClient]:
    """A scratch broker that knows these contexts from its operator's folder and reaches nobody."""
    lay_down(tmp_path / "contexts", examples)
    settings = Settings(
        data=tmp_path,
        database_url=database,
        open=True,
        public_url="http://hiroba.test",
        contexts=str(tmp_path / "contexts"),
    )
    async with client_of(settings) as client:
        yield client


async def there_and_back(client: httpx.AsyncClient, name: str, document: dict[str, Any]) -> Any:
    """What the broker gives back of a document, in the format it came in; None where it is refused."""
    wanted = {"options": "normalized" if "normalized" in name else "keyValues"}
    is_ld = "@context" in document
    headers = LD if is_ld else {"Content-Type": "application/json"}
    made = await client.post(f"{BASE}/entities", content=orjson.dumps(document), headers=headers)
    if made.status_code == 400:
        assert made.json()["detail"], made.text
        return None
    assert made.status_code == 201, (name, made.text)
    if is_ld:
        question = {
            "type": "Query",
            "entities": [{"id": document["id"], "type": document["type"]}],
            "@context": document["@context"],
        }
        found = await client.post(
            f"{BASE}/entityOperations/query", params=wanted, content=orjson.dumps(question), headers=LD
        )
        assert found.status_code == 200, (name, found.text)
        (back,) = found.json()
    else:
        back = (await client.get(made.headers["location"], params=wanted)).json()
    assert (await client.delete(made.headers["location"])).status_code == 204
    return back


async def test_every_valid_example_comes_back_as_it_was_given(airgapped, examples) -> None:
    chosen = {
        name: document
        for name, document in examples.items()
        if form_of(name) not in {"-normalized.json", "-geojsonfeature.json"}
    }
    refused = set()
    changed = []
    for name, document in chosen.items():
        back = await there_and_back(airgapped, name, document)
        if back is None:
            refused.add(name)
        elif back != document:
            changed.append(name)
    assert changed == []
    assert refused == INVALID.keys()
    assert len(chosen) - len(refused) > 250


async def test_examples_in_the_normalized_form_of_ngsiv2_are_refused_rather_than_half_read(airgapped, examples) -> None:
    """Their attributes are of the types Text, Number, …, which belong to the other face (4.5.2.2)."""
    chosen = {name: document for name, document in examples.items() if form_of(name) == "-normalized.json"}
    assert len(chosen) > 100
    for name, document in chosen.items():
        assert await there_and_back(airgapped, name, document) is None, name


INVALID_GEOJSON = {
    "Environment/RainFallRadarObserved__example-geojsonfeature.json": "RFC 7946: a geometry is a Polygon, not a polygon",
    "Environment/PhreaticObserved__example-geojsonfeature.json": NO_MOMENT,
    "Transportation/RestrictedTrafficArea__example-geojsonfeature.json": NO_TYPE,
    "Transportation/RoadAccident__example-geojsonfeature.json": NO_PLACE,
}


async def test_examples_in_geojson_are_what_their_entities_look_like_as_geojson(airgapped, examples) -> None:
    """GeoJSON is a form of answers (4.5.16, 4.5.17): the entity of a feature's properties goes in, the feature comes back."""
    refused = set()
    chosen = {name: document for name, document in examples.items() if form_of(name) == "-geojsonfeature.json"}
    for name, feature in chosen.items():
        geometry = feature["geometry"].get("value", feature["geometry"])  # some wrap it, which no GeoJSON does
        properties = {
            key: value
            for key, value in feature["properties"].items()
            if key not in {"@context", "createdAt", "modifiedAt"}
        }
        is_normalized = any(
            isinstance(value, dict) and value.get("type") in {"Property", "Relationship"}
            for value in properties.values()
        )
        (address, *_) = addresses_of(feature)
        entity = {"id": feature["id"], **properties, "@context": feature["properties"]["@context"]}
        made = await airgapped.post(f"{BASE}/entities", content=orjson.dumps(entity), headers=LD)
        if made.status_code == 400:
            refused.add(name)
            continue
        found = await airgapped.get(
            made.headers["location"],
            params={"options": "normalized" if is_normalized else "keyValues"},
            headers={
                "Accept": "application/geo+json",
                "Prefer": "body=json",
                "Link": f'<{address}>; rel="http://www.w3.org/ns/json-ld#context"',
            },
        )
        assert found.json() == feature | {"geometry": geometry, "properties": properties}, name
        await airgapped.delete(made.headers["location"])
    assert refused == INVALID_GEOJSON.keys()
