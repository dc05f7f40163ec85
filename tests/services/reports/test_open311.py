"""GeoReport v2 as apps of any city expect it: JSON and XML, the specification's filters and errors."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest

from hiroba.exchange.identity import store as identity
from hiroba.exchange.identity.callers import Caller

pytestmark = pytest.mark.anyio

HERE = {"service_code": "pothole", "lat": "34.55", "long": "135.51"}
FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
    "lat", "long", "media_url",
]  # fmt: skip
"""The fields of a request, in the specification's order."""


@pytest.fixture
def app(house: httpx.AsyncClient, towns) -> httpx.AsyncClient:
    """An app that knows no cookies."""
    house.headers["Accept-Language"] = "en"
    return house


async def post(app: httpx.AsyncClient, *, format_: str = "json", **fields: str) -> httpx.Response:
    return await app.post(f"/open311/v2/requests.{format_}", data=HERE | fields)


async def reported(app: httpx.AsyncClient, **fields: str) -> str:
    answer = await post(app, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()[0]["service_request_id"]


def xml_of(answer: httpx.Response) -> ET.Element:
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    return ET.fromstring(answer.content)  # noqa: S314 - our own answer


@pytest.mark.parametrize("path", ["/open311/discovery", "/open311/v2/discovery"])
async def test_discovery_leads_to_the_endpoint_in_both_formats(app, path) -> None:
    found = (await app.get(f"{path}.json")).json()
    assert set(found) == {"changeset", "contact", "key_service", "endpoints"}
    (endpoint,) = found["endpoints"]
    assert set(endpoint) == {"specification", "url", "changeset", "type", "formats"}
    assert (await app.get(f"{endpoint['url']}/services.json")).status_code == 200
    told = xml_of(await app.get(f"{path}.xml"))
    assert told.tag == "discovery"
    assert [one.text for one in told.findall("endpoints/endpoint/formats/format")] == ["text/xml", "application/json"]


async def test_the_services_are_the_kinds_of_damage_in_both_formats(app) -> None:
    services = (await app.get("/open311/v2/services.json")).json()
    told = xml_of(await app.get("/open311/v2/services.xml"))
    assert [service["service_code"] for service in services] == [
        one.text for one in told.findall("service/service_code")
    ]
    assert set(services[0]) == {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
    assert services[0]["metadata"] is False
    assert told.find("service/metadata").text == "false"
    assert {service["type"] for service in services} == {"realtime"}


async def test_services_are_named_in_the_language_that_is_asked_for(app) -> None:
    app.headers["Accept-Language"] = "ja"
    assert (await app.get("/open311/v2/services.json")).json()[0]["service_name"] == "穴・段差"


async def test_a_service_has_no_further_attributes(app) -> None:
    assert (await app.get("/open311/v2/services/light.json")).json() == {"service_code": "light", "attributes": []}
    told = xml_of(await app.get("/open311/v2/services/light.xml"))
    assert (told.tag, told.find("service_code").text, len(told.find("attributes"))) == (
        "service_definition",
        "light",
        0,
    )


@pytest.mark.parametrize("format_", ["json", "xml"])
async def test_a_report_is_taken_and_found_again(app, format_) -> None:
    answer = await post(app, format_=format_, description="A hole", address_string="South exit", email="a@example.jp")
    assert answer.status_code == 200
    if format_ == "json":
        (made,) = answer.json()
        assert set(made) == {"service_request_id", "service_notice", "account_id"}
        id_ = made["service_request_id"]
    else:
        id_ = xml_of(answer).find("request/service_request_id").text
    (found,) = (await app.get(f"/open311/v2/requests/{id_}.json")).json()
    assert list(found) == FIELDS
    assert (found["status"], found["service_code"], found["lat"], found["long"]) == ("open", "pothole", 34.55, 135.51)
    assert found["agency_responsible"] == "Easttown"
    assert found["requested_datetime"].endswith("Z")
    told = xml_of(await app.get(f"/open311/v2/requests/{id_}.xml"))
    assert told.tag == "service_requests"
    assert [field.tag for field in told.find("request")] == FIELDS


async def test_words_and_photo_are_empty_until_an_officer_had_a_look(app, camera, conn, officer, towns) -> None:
    answer = await app.post(
        "/open311/v2/requests.json", data=HERE | {"description": "A hole", "address_string": "South exit"},
        files={"media": ("p.jpg", camera(), "image/jpeg")},
    )  # fmt: skip
    id_ = answer.json()[0]["service_request_id"]
    (found,) = (await app.get(f"/open311/v2/requests/{id_}.json")).json()
    assert (found["description"], found["address"], found["media_url"]) == (None, None, None)
    assert (await app.get(f"/reports/{id_}/photo")).status_code == 404
    desk = await officer(towns.east)
    await desk.send(f"/desk/reports/{id_}/show", {"words": "1", "photo": "1"}, at=f"/desk/reports/{id_}")
    (found,) = (await app.get(f"/open311/v2/requests/{id_}.json")).json()
    assert (found["description"], found["address"]) == ("A hole", "South exit")
    assert (await app.get(found["media_url"])).headers["content-type"] == "image/jpeg"


async def test_a_region_is_asked_as_a_whole_or_by_municipality(app, towns) -> None:
    east = await reported(app)
    west = await reported(app, long="135.49")
    for jurisdiction, expected in (("", {east, west}), (towns.east, {east}), (towns.west, {west})):
        answer = await app.get("/open311/v2/requests.json", params={"jurisdiction_id": jurisdiction})
        assert {one["service_request_id"] for one in answer.json()} == expected
    assert (
        await app.get(f"/open311/v2/requests/{east}.json", params={"jurisdiction_id": towns.west})
    ).status_code == 404


async def test_requests_are_chosen_by_id_service_status_and_time(app, conn) -> None:
    hole, light, old = await reported(app), await reported(app, service_code="light"), await reported(app)
    await conn.execute("update reports.report set state = 'done' where number = $1", int(light))
    await conn.execute("update reports.report set reported = now() - interval '100 days' where number = $1", int(old))
    now = datetime.now(UTC)

    async def ids(**asked: str) -> set[str]:
        answer = await app.get("/open311/v2/requests.json", params=asked)
        assert answer.status_code == 200, answer.text
        return {one["service_request_id"] for one in answer.json()}

    assert await ids() == {hole, light}
    assert await ids(service_code="") == {hole, light}
    assert await ids(status="open") == {hole}
    assert await ids(status="closed") == {light}
    assert await ids(status="open,closed", service_code="pothole,light") == {hole, light}
    assert await ids(service_code="light") == {light}
    assert await ids(service_request_id=f"{old},{light}", status="open") == {old, light}
    assert await ids(service_request_id="none,99999999999999999999") == set()
    assert await ids(start_date=(now - timedelta(days=120)).isoformat()) == {old}
    assert await ids(end_date=(now - timedelta(days=95)).strftime("%Y-%m-%dT%H:%M:%SZ")) == {old}


async def test_a_token_of_a_private_link_leads_to_its_report(app) -> None:
    made = (await post(app)).json()[0]
    token = made["service_notice"].rpartition("/")[2]
    (found,) = (await app.get(f"/open311/v2/tokens/{token}.json")).json()
    assert found == {"service_request_id": made["service_request_id"], "token": token}


@pytest.mark.parametrize("format_", ["json", "xml"])
@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("services", {"jurisdiction_id": "city.gov"}, 404),
        ("services/castle", {}, 404),
        ("requests/12", {}, 404),
        ("requests/none", {}, 404),
        ("requests/99999999999999999999", {}, 404),
        ("tokens/none", {}, 404),
        ("requests", {"jurisdiction_id": "999999"}, 404),
        ("requests", {"status": "lost"}, 400),
        ("requests", {"start_date": "yesterday"}, 400),
        ("requests", {"start_date": "2010-01-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, 400),
        ("requests", {"end_date": "0001-01-01T00:00:00+14:00"}, 400),
        ("requests", {"end_date": "0001-01-01T00:00:00Z"}, 400),
        ("requests", {"start_date": "9999-12-31T23:59:59-14:00"}, 400),
        ("requests", {"service_request_id": ",".join(["1"] * 1001)}, 400),
    ],
)
async def test_what_is_wrong_is_said_in_the_specifications_own_form(app, path, query, code, format_) -> None:
    answer = await app.get(f"/open311/v2/{path}.{format_}", params=query)
    assert answer.status_code == code
    if format_ == "json":
        assert [set(error) for error in answer.json()] == [{"code", "description"}]
        assert answer.json()[0]["code"] == code
    else:
        errors = xml_of(answer)
        assert (errors.tag, errors.find("error/code").text) == ("errors", str(code))
        assert errors.find("error/description").text


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"service_code": ""}, 400, "service_code was not provided"),
        ({"service_code": "castle"}, 404, "castle was not found"),
        ({"lat": "", "long": ""}, 400, "location was not provided"),
        ({"lat": "north"}, 400, "decimal numbers"),
        ({"lat": "nan"}, 400, "lies between"),
        ({"lat": "0", "long": "0"}, 400, "990019 Easttown, 990027 Westtown"),
        ({"jurisdiction_id": "990027"}, 400, "not in jurisdiction_id"),
        ({"jurisdiction_id": "city.gov"}, 404, "jurisdiction_id was not found"),
        ({"description": "x" * 4001}, 400, "too long"),
        ({"email": "nobody"}, 400, "email"),
        ({"api_key": "xyz"}, 403, "api_key"),
    ],
)
async def test_a_report_that_cannot_be_taken_is_refused_and_nothing_is_kept(app, conn, fields, code, said) -> None:
    answer = await post(app, **fields)
    assert answer.status_code == code, answer.text
    assert said in answer.json()[0]["description"]
    assert await conn.fetchval("select count(*) from reports.report") == 0


async def test_a_place_in_words_needs_a_municipality(app, towns) -> None:
    words = {"lat": "", "long": "", "address_string": "South exit"}
    assert (await post(app, **words)).status_code == 400
    assert (await post(app, **words, jurisdiction_id=towns.west)).status_code == 200
    assert (await post(app, lat="", long="", jurisdiction_id=towns.west)).status_code == 400


async def test_a_municipality_may_ask_apps_for_a_key(app, conn, officer, towns) -> None:
    desk = await officer(towns.east)
    await desk.send("/desk/reports/apps", {"keys_only": "1"}, at="/desk/reports")
    assert (await post(app)).status_code == 403
    assert (await post(app, long="135.49")).status_code == 200
    key = await identity.add_key(conn, Caller("client", "", "city-app"), title="An app")
    assert (await post(app, api_key=key)).status_code == 200
    bearer = {"Authorization": f"Bearer {key}"}
    assert (await app.post("/open311/v2/requests.json", data=HERE, headers=bearer)).status_code == 200
    unknown = await app.get("/open311/v2/services.json", headers={"Authorization": "Bearer xyz"})
    assert unknown.status_code == 403
    assert unknown.json()[0]["code"] == 403
    await desk.send("/desk/reports/apps", {}, at="/desk/reports")
    assert (await post(app)).status_code == 200


async def test_a_file_that_is_no_photo_is_refused(app) -> None:
    answer = await app.post(
        "/open311/v2/requests.json", data=HERE, files={"media": ("p.jpg", b"no photo", "image/jpeg")}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"%00=%00&service_code=%ff", b"service_code=pothole&service_code=light", b'{"a":1}']
)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "x"]
)
async def test_a_body_of_any_shape_gets_an_answer_and_no_failure(app, body, kind) -> None:
    answer = await app.post("/open311/v2/requests.json", content=body, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert answer.json()[0]["description"]


async def test_characters_that_xml_cannot_hold_never_reach_it(app, conn) -> None:
    id_ = await reported(app, description="a\x00b\x0bc<&>\U0001f573")
    await conn.execute("update reports.report set words_public = true")
    told = xml_of(await app.get(f"/open311/v2/requests/{id_}.xml"))
    assert told.find("request/description").text == "abc<&>\U0001f573"


@pytest.mark.parametrize("path", ["services.yaml", "requests/1", "services/light", "services", "nothing.json"])
async def test_an_address_that_is_not_there_is_not_found(app, path) -> None:
    assert (await app.get(f"/open311/v2/{path}")).status_code == 404
