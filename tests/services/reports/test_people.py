"""A contact never leaves the service, is given to whom it belongs, and goes when its time is over."""

import httpx
import pytest

from hiroba.services.reports import jobs, model
from hiroba.services.reports.service import SERVICE, check

pytestmark = pytest.mark.anyio

CONTACT = {"name": "ヒミツ　ハナコ", "phone": "06-9876-5432", "mail": "himitsu@example.jp"}
ENTITIES = "/ngsi-ld/v1/entities?type=urn:hiroba:v1:RoadDamageReport&limit=100"
LINK = '<http://hiroba.test/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
OURS = {"Link": LINK}
"""The names of the house's own context."""
TRACES = [*CONTACT.values(), "0698765432", "himitsu", "ヒミツ"]


async def everything_public(client: httpx.AsyncClient, number: int) -> str:
    paths = [
        f"{ENTITIES}&options=sysAttrs", "/ngsi-ld/v1/types",
        "/reports", f"/reports/{number}", f"/reports/{number}?supported=1",
        "/open311/v2/requests.json", "/open311/v2/requests.xml", f"/open311/v2/requests/{number}.json",
        "/health/ready", "/",
    ]  # fmt: skip
    answers = [await client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return "".join(answer.text for answer in answers)


async def test_a_contact_is_in_no_answer_of_the_exchange_and_on_no_public_page(
    resident, number, officer, towns, conn
) -> None:
    one = number(await resident.tell(contact=CONTACT))
    desk = await officer(towns.east)
    await desk.send(f"/desk/reports/{one}/contact", at=f"/desk/reports/{one}")
    await desk.send(f"/desk/reports/{one}/show", {"words": "1"}, at=f"/desk/reports/{one}")
    stranger = httpx.AsyncClient(transport=resident.client._transport, base_url=resident.client.base_url)
    async with stranger:
        public = await everything_public(stranger, one)
    assert "大きな穴があります" in public
    for trace in TRACES:
        assert trace not in public
    for trace in TRACES:
        assert trace not in (await desk.open(f"/desk/reports/{one}")).text
        assert trace not in (await desk.open("/desk/reports")).text
    schemas = await conn.fetch("""
        select table_schema, table_name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
           and (table_schema, table_name) not in (('reports', 'contact'))
    """)
    for row in schemas:
        kept = await conn.fetch(f'select t::text from "{row["table_schema"]}"."{row["table_name"]}" t')  # noqa: S608
        assert not [trace for trace in TRACES for record in kept if trace in record[0]], tuple(row)


async def test_the_entity_is_written_with_the_report_and_owned_by_its_municipality(
    resident, number, officer, towns
) -> None:
    one = number(await resident.tell())

    async def entity() -> dict:
        (found,) = (await resident.client.get(f"{ENTITIES}&format=simplified", headers=OURS)).json()
        return found

    fresh = await entity()
    assert fresh["location"] == {"type": "Point", "coordinates": [135.51, 34.55]}
    assert (fresh["reportStatus"], fresh["lgCode"], fresh["reportNumber"]) == ("received", towns.east, one)
    assert "description" not in fresh
    assert "landmark" not in fresh
    desk = await officer(towns.east)
    await desk.send(f"/desk/reports/{one}/show", {"words": "1"}, at=f"/desk/reports/{one}")
    await desk.send(f"/desk/reports/{one}/state", {"state": "done", "words": "埋めました"}, at=f"/desk/reports/{one}")
    after = await entity()
    assert (after["reportStatus"], after["statusNote"], after["description"]) == (
        "done",
        "埋めました",
        "大きな穴があります",
    )
    await desk.send(f"/desk/reports/{one}/show", {}, at=f"/desk/reports/{one}")
    assert "description" not in await entity()


async def test_a_reporter_erases_their_contact_with_the_private_link(resident, conn) -> None:
    done = await resident.tell(contact=CONTACT)
    assert await conn.fetchval("select count(*) from reports.contact") == 1
    after = await resident.send(f"{done.url.path}/forget", at=done.url.path)
    assert "Erase my contact now" not in after.text
    assert await conn.fetchval("select count(*) from reports.contact") == 0


async def test_contacts_go_thirty_days_after_the_report_was_closed(resident, conn) -> None:
    for days in ("29 days", "31 days", None):
        await resident.tell(contact=CONTACT)
        await conn.execute("""
            update reports.report set closed = now() - $1::text::interval where number = (select max(number) from reports.report)
        """, days)  # fmt: skip
    await jobs.forget(conn)
    assert await conn.fetchval("select count(*) from reports.contact") == 2


@pytest.mark.parametrize("subject", ["06-9876-5432", "０６９８７６５４３２", "Himitsu@example.jp"])
async def test_a_person_gets_all_that_is_held_of_them(resident, conn, camera, subject) -> None:
    await resident.tell(contact=CONTACT, photo=camera())
    await resident.tell(contact={"mail": "another@example.jp"})
    (held,) = await SERVICE.export(conn, subject)
    assert held["contact"] == CONTACT | {"name": "ヒミツ ハナコ"} or held["contact"] == CONTACT
    assert held["words"] == "大きな穴があります"
    assert held["photo"]
    assert held["history"][0]["state"] == "received"
    assert await SERVICE.export(conn, "nobody@example.jp") == []


async def test_a_private_link_is_a_subject_too(resident, conn) -> None:
    done = await resident.tell()
    (held,) = await SERVICE.export(conn, done.url.path.rpartition("/")[2])
    assert held["contact"] is None


async def test_erasing_a_person_leaves_the_damage_and_nothing_of_them(
    resident, conn, camera, officer, exchange
) -> None:
    done = await resident.tell(contact=CONTACT, photo=camera())
    other = await resident.tell(contact={"mail": "another@example.jp"}, words="別の人の言葉")
    desk = await officer("990019")
    one = "/desk/reports/1"
    await desk.send(f"{one}/show", {"words": "1", "photo": "1"}, at=one)
    async with conn.transaction():
        assert await SERVICE.erase(conn, exchange, CONTACT["mail"]) == 1
    assert (await resident.client.get(done.url.path)).status_code == 404
    assert (await resident.client.get("/reports/1/photo")).status_code == 404
    seen = (await resident.client.get(ENTITIES)).text
    assert "大きな穴があります" not in seen
    assert "/photo" not in seen
    assert seen.count("135.51") == 2
    assert await SERVICE.export(conn, CONTACT["mail"]) == []
    assert "別の人の言葉" in (await resident.open(other.url.path)).text


async def test_the_service_complains_about_what_waits_and_what_is_kept_too_long(resident, conn) -> None:
    await resident.tell(contact=CONTACT)
    assert await check(conn) == []
    await conn.execute("update reports.report set reported = now() - interval '15 days'")
    (complaint,) = await check(conn)
    assert complaint.startswith("990019: 1 reports wait")
    await conn.execute("update reports.report set state = 'done', closed = now() - interval '40 days'")
    (complaint,) = await check(conn)
    assert "1 contacts are kept longer" in complaint
    await jobs.forget(conn)
    assert await check(conn) == []


async def test_the_sample_is_a_dozen_reports_that_anybody_may_see(towns, conn, exchange, house) -> None:
    async with conn.transaction():
        await SERVICE.sample(conn, exchange, 1)
    assert await conn.fetchval("select count(*) from reports.report") == 12
    assert await check(conn) == []
    states = {row["state"] for row in await conn.fetch("select distinct state from reports.report")}
    assert states >= set(model.STATES) - {"duplicate"}
    assert (await house.get("/reports")).text.count("見本") >= 6
    found = await house.get(ENTITIES)
    assert len(found.json()) == 12


async def test_a_complaint_does_not_send_residents_away(resident, conn) -> None:
    await resident.tell()
    await conn.execute("update reports.report set reported = now() - interval '15 days'")
    ready = await resident.client.get("/health/ready")
    assert ready.status_code == 200
    assert list(ready.json()["services"]) == ["reports"]


async def test_without_municipalities_the_sample_is_nothing(conn, exchange) -> None:
    await SERVICE.sample(conn, exchange, 1)
    assert await conn.fetchval("select count(*) from reports.report") == 0
