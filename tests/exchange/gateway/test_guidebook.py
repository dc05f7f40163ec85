"""The national guidebook's scenario, through HTTP alone: a hospital-booking application registers data and consent, and the
on-demand transport service gets what the person allowed, under a name of its own, and nothing else."""

import re
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from prometheus_client import REGISTRY

from hiroba.base.db import Connection
from hiroba.exchange.identity.guards import SESSION_COOKIE
from hiroba.exchange.identity.people import sessions
from hiroba.exchange.identity.people.store import pairs
from hiroba.exchange.identity.people.subjects import LOG, subject_of

pytestmark = pytest.mark.anyio
BOOKING, TRANSPORT = "org:clinic/app:booking", "org:bus/app:ondemand"
RIDE = {
    "title": {"ja": "通院の送迎", "en": "A ride to the hospital"},
    "reason": {"ja": "予約の時刻に間に合うよう、乗り物を用意します。", "en": "To have a vehicle there in time."},
    "recipients": [TRANSPORT],
    "data": [{"type": "Reservation", "attrs": ["startsAt", "place", "wheelchair"]}],
    "words": {
        "Reservation": {"ja": "病院の予約"}, "startsAt": {"ja": "予約の時刻"}, "place": {"ja": "病院の場所"},
        "wheelchair": {"ja": "車いすの有無"},
    },
    "lastsDays": 180,
    "retentionDays": 7,
}  # fmt: skip
RESERVATION = {
    "type": "Reservation", "startsAt": "2126-07-01T09:00:00Z", "department": "精神科", "wheelchair": True,
    "place": {"type": "Point", "coordinates": [135.05, 34.05]}, "doctor": "見本 一郎",
}  # fmt: skip


class Guidebook:
    """Who takes part, each by what they really carry: the operator's key, clients' tokens, a resident's session."""

    def __init__(self, conn: Connection, client: httpx.AsyncClient) -> None:
        self.conn, self.client = conn, client
        self.tokens: dict[str, str] = {}

    async def operate(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        from tests.conftest import OPERATOR  # noqa: PLC0415 - only the operator's calls need it

        answer = await self.client.request(
            method, f"/api/v1{path}", json=body, params=params, headers={"Authorization": f"Bearer {OPERATOR}"}
        )
        assert answer.status_code < 300, answer.text
        return answer

    async def application(self, id_: str, title: str, *purposes: str) -> None:
        organisation = id_.split("/", maxsplit=1)[0]
        await self.operate("PUT", f"/organisations/{organisation}", {"title": {"ja": title}})
        body = {
            "organisation": organisation, "title": {"ja": title}, "state": "production", "purposes": purposes,
            "grants": ["client_credentials"],
        }  # fmt: skip
        secret = (await self.operate("PUT", f"/applications/{id_}", body)).json()["client_secret"]
        for purpose in purposes:
            answer = await self.client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials", "scope": f"purpose:{purpose}"},
                auth=(quote(id_, safe=""), secret),
            )
            assert answer.status_code == 200, answer.text
            self.tokens[f"{id_} {purpose}"] = answer.json()["access_token"]

    async def begin(self) -> None:
        await self.operate("PUT", "/tenants/mutsu_people", personal=True)
        await self.operate("PUT", "/organisations/org:mutsu", {"title": {"ja": "むつ市"}})
        await self.operate(
            "PUT", "/sources/org:mutsu", {"tenant": "mutsu_people", "title": {"ja": "むつ市のあなたの記録"}}
        )
        await self.operate("PUT", "/tenants/mutsu_people/organisations/org:clinic", writes=True)
        await self.operate("POST", "/purposes/transport.ride", RIDE, organisation="org:mutsu")
        for kind in ("pia", "elsi", "decision"):
            paper = {"kind": kind, "sha256": "a3" * 32, "dated": "2026-04-01", "title": kind}
            await self.operate("POST", "/purposes/transport.ride@1/papers", paper)
        await self.operate("PUT", "/purposes/transport.ride@1/state", {"state": "active"})
        await self.application(BOOKING, "むつ中央病院の予約", "publish")
        await self.application(TRANSPORT, "のりあい号", "transport.ride@1")

    async def exchange(self, method: str, path: str, who: str, **more: Any) -> httpx.Response:
        context = '<http://hiroba.test/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
        headers = {"NGSILD-Tenant": "mutsu_people", "Authorization": f"Bearer {self.tokens[who]}", "Link": context}
        return await self.client.request(method, f"/ngsi-ld/v1{path}", headers=headers, **more)

    async def book(self, person: str, **changes: Any) -> None:
        """The hospital's application registers a reservation, under the name it knows the person by."""
        mine = await subject_of(self.conn, person, f"app:{BOOKING}")
        document = {"id": f"urn:ngsi-ld:Reservation:{mine}:7"} | RESERVATION | changes
        answer = await self.exchange("POST", "/entities", f"{BOOKING} publish", json=document)
        assert answer.status_code == 201, answer.text

    async def rides(self, query: str = "") -> httpx.Response:
        return await self.exchange(
            "GET", f"/entities?type=Reservation&options=keyValues{query}", f"{TRANSPORT} transport.ride@1"
        )

    async def sign_in(self, person: str) -> None:
        self.client.cookies.set(SESSION_COOKIE, await sessions.enter(self.conn, person, "passkey"))

    async def press(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        answer = await self.client.post(action, data=hidden | fields, headers={"Accept": "text/html"})
        assert answer.status_code == 303, answer.text
        return answer


@pytest.fixture
async def guidebook(conn: Connection, house: httpx.AsyncClient) -> Guidebook:
    made = Guidebook(conn, house)
    await made.begin()
    return made


async def test_the_on_demand_transport_gets_what_the_patient_allowed_and_nothing_else(guidebook: Guidebook) -> None:
    patient, neighbour = [await pairs.add_person(guidebook.conn) for _ in range(2)]
    await guidebook.book(patient)
    await guidebook.book(neighbour, department="外科")
    assert (await guidebook.rides()).json() == [], "nobody has agreed to anything"

    await guidebook.sign_in(patient)
    way = f"/consents/new?application={TRANSPORT}&purpose=transport.ride@1&source=org:mutsu"
    page = await guidebook.client.get(
        way, headers={"Accept": "text/html", "Accept-Language": "ja"}, follow_redirects=True
    )
    assert "のりあい号が、あなたのデータを読みたいそうです" in page.text
    grant = page.url.path
    await guidebook.press(page, f"{grant}/agree", which="all")

    [ride] = (await guidebook.rides()).json()
    known = await subject_of(guidebook.conn, patient, f"app:{TRANSPORT}")
    assert known in ride["id"]
    assert {name: value for name, value in ride.items() if name not in {"id", "type"}} == {
        name: RESERVATION[name] for name in ("startsAt", "place", "wheelchair")
    }
    assert (await guidebook.rides('&q=department=="精神科"')).json() == [], "nor can it be asked by what is hidden"
    for secret in ("精神科", "見本", await subject_of(guidebook.conn, patient, f"app:{BOOKING}"), patient):
        assert secret not in str(ride)

    listed = await guidebook.client.get("/consents", headers={"Accept": "text/html", "Accept-Language": "ja"})
    await guidebook.press(listed, f"{grant}/withdraw")
    assert (await guidebook.rides()).json() == [], "from the next read on"

    subject = await subject_of(guidebook.conn, patient, LOG)
    kinds = await guidebook.conn.fetch("select kind from audit.entry where subject = $1 order by number", subject)
    assert [row["kind"] for row in kinds] == ["signed-in", "asked", "granted", "read", "withdrawn"]


async def test_a_purpose_without_its_papers_stays_closed_over_http(guidebook: Guidebook) -> None:
    await guidebook.operate("POST", "/purposes/transport.ride", RIDE, organisation="org:mutsu")
    with pytest.raises(AssertionError, match="file: decision, elsi, pia"):
        await guidebook.operate("PUT", "/purposes/transport.ride@2/state", {"state": "active"})


async def test_closing_a_purpose_ends_what_was_granted_for_it(guidebook: Guidebook) -> None:
    patient = await pairs.add_person(guidebook.conn)
    await guidebook.book(patient)
    await guidebook.sign_in(patient)
    way = f"/consents/new?application={TRANSPORT}&purpose=transport.ride@1&source=org:mutsu"
    page = await guidebook.client.get(way, headers={"Accept": "text/html"}, follow_redirects=True)
    await guidebook.press(page, f"{page.url.path}/agree", which="all")
    assert len((await guidebook.rides()).json()) == 1
    await guidebook.operate("PUT", "/purposes/transport.ride@1/state", {"state": "retired"})
    assert (await guidebook.rides()).json() == []


async def test_an_application_asks_and_sees_its_own_grants_under_its_own_name(guidebook: Guidebook) -> None:
    patient = await pairs.add_person(guidebook.conn)
    known = await subject_of(guidebook.conn, patient, f"app:{TRANSPORT}")
    body = {"subject": known, "purpose": "transport.ride@1", "source": "org:mutsu"}
    token = {"Authorization": f"Bearer {guidebook.tokens[f'{TRANSPORT} transport.ride@1']}"}
    asked = await guidebook.client.post("/api/v1/grants", json=body, headers=token)
    assert asked.status_code == 201, asked.text
    grant = asked.json()["grant"]
    assert (grant["subject"], grant["state"], grant["recipient"]) == (known, "offered", TRANSPORT)
    assert (await guidebook.client.get(f"/api/v1/grants/{grant['id']}", headers=token)).json() == asked.json()
    other = {"Authorization": f"Bearer {guidebook.tokens[f'{BOOKING} publish']}"}
    assert (await guidebook.client.get(f"/api/v1/grants/{grant['id']}", headers=other)).status_code == 404
    assert (await guidebook.client.post("/api/v1/grants", json=body, headers=other)).status_code == 403


async def test_what_the_hospital_recorded_fills_the_transport_s_form_and_what_is_asked_twice_is_counted(
    guidebook: Guidebook,
) -> None:
    patient = await pairs.add_person(guidebook.conn)
    await guidebook.book(patient)
    known = await subject_of(guidebook.conn, patient, f"app:{TRANSPORT}")
    token = {"Authorization": f"Bearer {guidebook.tokens[f'{TRANSPORT} transport.ride@1']}"}
    body = {"subject": known, "data": [{"type": "Reservation", "attrs": ["startsAt", "department", "luggage"]}]}

    async def filled() -> tuple[dict[str, Any], dict[str, float]]:
        before = _questions()
        answer = await guidebook.client.post("/api/v1/prefill", json=body, headers=token)
        assert answer.status_code == 200, answer.text
        return answer.json(), {name: count - before[name] for name, count in _questions().items()}

    answer, counted = await filled()
    assert answer == {"filled": [], "ask": [{"type": "Reservation", "attrs": ["startsAt", "department", "luggage"]}]}
    assert counted == {"prefilled": 0, "twice": 2, "first": 1}

    await guidebook.sign_in(patient)
    way = f"/consents/new?application={TRANSPORT}&purpose=transport.ride@1&source=org:mutsu"
    page = await guidebook.client.get(way, headers={"Accept": "text/html"}, follow_redirects=True)
    await guidebook.press(page, f"{page.url.path}/agree", which="all")
    answer, counted = await filled()
    [one] = answer["filled"]
    assert (one["attr"], one["value"], one["source"]) == ("startsAt", RESERVATION["startsAt"], "org:mutsu")
    assert answer["ask"] == [{"type": "Reservation", "attrs": ["department", "luggage"]}]
    assert counted == {"prefilled": 1, "twice": 1, "first": 1}
    subject = await subject_of(guidebook.conn, patient, LOG)
    last = await guidebook.conn.fetchval(
        "select event from audit.entry where subject = $1 order by number desc", subject
    )
    assert orjson.loads(last)["note"] == "filled into a form"
    assert orjson.loads(last)["data"] == [{"type": "Reservation", "attrs": ["startsAt"]}]


def _questions() -> dict[str, float]:
    names = ("prefilled", "twice", "first")
    return {name: REGISTRY.get_sample_value("hiroba_form_questions_total", {"answer": name}) or 0.0 for name in names}
