"""The resident's pages about consents, pressed through as a browser without JavaScript would."""

import base64
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.door.consents.conftest import Forms
from tests.exchange.gateway.grants.conftest import BOOKING, WANTED, Known, add_person

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.exchange.gateway.grants import consents
from hiroba.exchange.identity.levels import Level

pytestmark = pytest.mark.anyio


async def press(client: httpx.AsyncClient, page: httpx.Response, end: str, **fields: object) -> httpx.Response:
    """Send the form whose address ends so, from that page."""
    action, hidden = Forms(page.text).of(end)
    return await client.post(action, data=hidden | fields, headers={"Referer": str(page.url)}, follow_redirects=True)


async def refuse(client: httpx.AsyncClient, page: httpx.Response) -> httpx.Response:
    """Press the button that leads elsewhere than its form."""
    _, hidden = Forms(page.text).of("/agree")
    action = next(button["formaction"] for button in Forms(page.text).buttons if "formaction" in button)
    return await client.post(action, data=hidden, follow_redirects=True)


async def asked(conn: Connection, known: Known) -> str:
    return (await consents.ask(conn, WANTED, known.app)).grant.id


async def data_of(conn: Connection) -> list:
    return [
        orjson.loads(row["data"])
        for row in await conn.fetch("select data from gateway.grant_version where state = 'active'")
    ]


async def test_nobody_without_a_sign_in_sees_a_consent(
    conn: Connection, house: httpx.AsyncClient, hanako: Known
) -> None:
    for path in ("/consents", f"/consents/{await asked(conn, hanako)}"):
        assert (await house.get(path)).status_code == 401


async def test_a_question_says_who_what_why_until_when_and_what_a_no_means(
    conn: Connection, sign_in: Callable, hanako: Known
) -> None:
    client = await sign_in(hanako)
    id_ = await asked(conn, hanako)
    assert "お返事を待っているもの（1件）" in (await client.get("/consents")).text
    page = (await client.get(f"/consents/{id_}")).text
    for words in (
        "健診予約",
        "むつ中央病院",
        "むつ市",
        "生年月日",
        "アレルギー",
        "受けた日",
        "30日",
        "電話でも予約できます。",
    ):
        assert words in page, words
    assert hanako.person not in page


async def test_all_three_answers_are_one_press_and_look_alike(
    conn: Connection, sign_in: Callable, hanako: Known
) -> None:
    client = await sign_in(hanako)
    page = (await client.get(f"/consents/{await asked(conn, hanako)}")).text
    answers = [button for button in Forms(page).buttons if "which" in button.get("name", "") or "formaction" in button]
    assert len(answers) == 3
    assert {button["class"] for button in answers} == {"btn quiet"}
    assert answers[0]["value"] == "some", "the Enter key presses the first one, which agrees to nothing by itself"


async def test_agreeing_to_all(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    done = await press(client, page, "/agree", which="all")
    assert "いま読めます" in done.text
    assert await data_of(conn) == [
        [{"type": "Person", "attrs": ["birthDate", "allergy"]}, {"type": "HealthCheckup", "attrs": ["checkedOn"]}]
    ]


async def test_agreeing_to_less(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    wrong = await press(client, page, "/agree", which="some")
    assert wrong.status_code == 422
    assert "1つ以上選ぶか" in wrong.text
    await press(client, page, "/agree", which="some", item=["Person|allergy"])
    assert await data_of(conn) == [[{"type": "Person", "attrs": ["allergy"]}]]


@pytest.mark.parametrize("item", ["Person|income", "Person", "|", "Person|", "Vehicle|birthDate"])
async def test_what_was_not_offered_cannot_be_chosen(
    conn: Connection, sign_in: Callable, hanako: Known, item: str
) -> None:
    client = await sign_in(hanako)
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    answer = await press(client, page, "/agree", which="some", item=[item])
    assert 400 <= answer.status_code < 500
    assert await data_of(conn) == []


async def test_refusing(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    done = await refuse(client, await client.get(f"/consents/{await asked(conn, hanako)}"))
    assert "同意しませんでした" in done.text
    assert await data_of(conn) == []


async def test_taking_back_is_one_press_from_the_list(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    await press(client, await client.get(f"/consents/{await asked(conn, hanako)}"), "/agree", which="all")
    listed = await client.get("/consents")
    assert "1つのサービスが、あなたのデータの一部を読めます" in listed.text
    done = await press(client, listed, "/withdraw")
    assert "取り消しました" in done.text
    assert await conn.fetchval("select count(*) from gateway.permit") == 0


@pytest.mark.parametrize("level", ["mail", "link"])
async def test_a_weak_sign_in_refuses_but_agrees_only_after_a_better_one(
    conn: Connection, sign_in: Callable, hanako: Known, level: Level
) -> None:
    client = await sign_in(hanako, level)
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    client.headers["Accept"] = "application/json"
    answer = await press(client, page, "/agree", which="all")
    assert answer.status_code == 401
    assert answer.json()["level"] == "passkey"
    assert await data_of(conn) == []
    client.headers["Accept"] = "text/html"
    assert (await refuse(client, page)).status_code == 200


async def test_an_old_sign_in_is_shown_again_before_agreeing(
    conn: Connection, sign_in: Callable, hanako: Known
) -> None:
    client = await sign_in(hanako)
    client.headers["Accept"] = "application/json"
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    await conn.execute("update identity.session set proved = $1", clock.now() - timedelta(hours=2))
    assert (await press(client, page, "/agree", which="all")).status_code == 401


async def test_somebody_else_s_grant_is_not_there(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    id_ = await asked(conn, hanako)
    client = await sign_in(await add_person(conn))
    assert (await client.get(f"/consents/{id_}")).status_code == 404
    assert (await client.get(f"/consents/{id_}/receipt")).status_code == 404


async def test_an_application_sends_a_person_who_goes_back_where_they_came_from(
    conn: Connection, sign_in: Callable, hanako: Known
) -> None:
    client = await sign_in(hanako)
    way = f"/consents/new?application={quote(BOOKING)}&purpose=health.checkup@1&source=org:mutsu&next=/services"
    page = await client.get(way, follow_redirects=True)
    assert "健診予約が、あなたのデータを読みたいそうです" in page.text
    action, hidden = Forms(page.text).of("/agree")
    answer = await client.post(action, data=hidden | {"which": "all"})
    assert answer.headers["location"] == "/services"
    assert (await client.get(way.replace("/services", "//evil.example"), follow_redirects=True)).status_code == 200


async def test_a_receipt_is_checked_with_the_published_keys_and_a_few_lines_of_others(
    conn: Connection, sign_in: Callable, hanako: Known
) -> None:
    client = await sign_in(hanako)
    id_ = await asked(conn, hanako)
    await press(client, await client.get(f"/consents/{id_}"), "/agree", which="all")
    answer = await client.get(f"/consents/{id_}/receipt")
    assert answer.headers["content-type"].startswith("application/jose")
    assert "attachment" in answer.headers["content-disposition"]

    head, body, signature = answer.text.split(".")
    plain = [base64.urlsafe_b64decode(part + "==") for part in (head, body, signature)]
    keys = {key["kid"]: key for key in (await client.get("/api/v1/consent-receipts/keys")).json()["keys"]}
    key = keys[orjson.loads(plain[0])["kid"]]
    assert "d" not in key
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
    public.verify(plain[2], f"{head}.{body}".encode())

    receipt = orjson.loads(plain[1])
    record = receipt["dpv:hasRecordOfActivity"]
    assert receipt["@type"] == "dpv:ConsentReceipt"
    assert record["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert record["dpv:hasDataSubject"]["@id"] == f"urn:hiroba:subject:{hanako.app}"
    for secret in (hanako.person, hanako.source, hanako.door):
        assert secret not in plain[1].decode()
    assert [data["dct:title"]["@value"] for data in record["dpv:hasProcess"]["dpv:hasPersonalData"]] == [
        "生年月日", "アレルギー", "受けた日",
    ]  # fmt: skip


async def test_there_is_no_receipt_of_what_was_refused(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    id_ = await asked(conn, hanako)
    await refuse(client, await client.get(f"/consents/{id_}"))
    assert (await client.get(f"/consents/{id_}/receipt")).status_code == 404


async def test_a_form_without_its_token_agrees_to_nothing(conn: Connection, sign_in: Callable, hanako: Known) -> None:
    client = await sign_in(hanako)
    id_ = await asked(conn, hanako)
    assert (await client.post(f"/consents/{id_}/agree", data={"version": 1, "which": "all"})).status_code == 403
    assert await data_of(conn) == []


@pytest.mark.parametrize("form", [{}, {"version": "x"}, {"version": "1", "sha256": "0"}, {"version": "99"}])
async def test_a_form_that_makes_no_sense_is_a_mistake_of_the_caller(
    conn: Connection, sign_in: Callable, hanako: Known, form: dict
) -> None:
    client = await sign_in(hanako)
    page = await client.get(f"/consents/{await asked(conn, hanako)}")
    action, hidden = Forms(page.text).of("/agree")
    data = {"_csrf_token": hidden["_csrf_token"], "which": "all"} | form
    assert 400 <= (await client.post(action, data=data)).status_code < 500
    assert await data_of(conn) == []
