"""@contexts: kept ones over HTTP, remote ones as HTTP lets them be believed, and what is refused (CIM 009 §5.13)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import client_of

from hiroba.base import clock
from hiroba.base.egress import Answer, CallFailed
from hiroba.exchange.broker.contexts import book as books
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.remote import FRESH, LEAST, LONGEST, believed
from hiroba.exchange.broker.errors import BadRequestData, LdContextNotAvailable
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio

BASE = "/ngsi-ld/v1/jsonldContexts"
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"
ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
TERMS = {"@context": {"speed": "https://example.org/speed", "Car": "https://example.org/Car"}}
HERE = "https://example.org/c.jsonld"


class Web:
    """An egress that has pages of its own and remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, object] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status = 200

    async def call(self, method: str, url: str, *, headers: dict[str, str], **_: object) -> Answer:
        assert method == "GET"
        self.asked.append((url, headers))
        await asyncio.sleep(0)
        if url not in self.pages:
            raise CallFailed(f"{url} did not answer.")
        if self.headers.get("ETag") and headers.get("If-None-Match") == self.headers["ETag"]:
            return Answer(304, self.headers, b"")
        return Answer(self.status, self.headers, orjson.dumps(self.pages[url]))


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
async def book(pool, web) -> AsyncIterator[Book]:
    made = Book(web, "http://hiroba.test", pool)
    yield made
    await made.stop()


async def added(broker: httpx.AsyncClient, document: object = TERMS, **headers: str) -> str:
    answer = await broker.post(BASE, json=document, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].removeprefix(f"{BASE}/")


async def test_a_hosted_context_is_served_listed_described_and_deleted(broker) -> None:
    id_ = await added(broker, TERMS | {"beside": "is passed over"})
    served = await broker.get(f"{BASE}/{id_}")
    assert served.headers["content-type"] == "application/json"
    assert served.json() == TERMS
    assert served.headers["cache-control"] == "max-age=3600"
    as_ld = await broker.get(f"{BASE}/{id_}", headers={"Accept": "application/ld+json"})
    assert as_ld.headers["content-type"] == "application/ld+json"
    assert (await broker.get(BASE)).json() == [f"http://hiroba.test{BASE}/{id_}"]
    (known,) = (await broker.get(BASE, params={"details": "true", "kind": "Hosted"})).json()
    assert {"URL", "localId", "kind", "createdAt", "lastUsage", "numberOfHits"} == known.keys()
    assert (await broker.get(BASE, params={"kind": "Cached"})).json() == []
    assert (await broker.delete(f"{BASE}/{id_}")).status_code == 204
    assert (await broker.get(f"{BASE}/{id_}")).status_code == 404
    assert (await broker.get(BASE)).json() == []


async def test_a_hosted_context_is_used_by_its_address_and_its_uses_are_counted(broker) -> None:
    address = f"http://hiroba.test{BASE}/{await added(broker)}"
    car = {"id": "urn:x:car:1", "type": "Car", "speed": {"type": "Property", "value": 3}, "@context": address}
    made = await broker.post(
        "/ngsi-ld/v1/entities", content=orjson.dumps(car), headers={"Content-Type": "application/ld+json"}
    )
    assert made.status_code == 201, made.text
    link = {"Link": f'<{address}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'}
    found = await broker.get("/ngsi-ld/v1/entities", params={"type": "Car"}, headers=link)
    assert [entity["speed"]["value"] for entity in found.json()] == [3]
    plain = (await broker.get("/ngsi-ld/v1/entities/urn:x:car:1")).json()
    assert "https://example.org/speed" in plain
    details = (await broker.get(f"{BASE}/{address.rsplit('/', 1)[1]}", params={"details": "true"})).json()
    assert details["numberOfHits"] == 2


async def test_a_deleted_context_is_known_no_longer(broker) -> None:
    id_ = await added(broker)
    link = {"Link": f'<http://hiroba.test{BASE}/{id_}>; rel="http://www.w3.org/ns/json-ld#context"'}
    assert (await broker.get("/ngsi-ld/v1/types", headers=link)).status_code == 200
    await broker.delete(f"{BASE}/{id_}")
    gone = await broker.get("/ngsi-ld/v1/types", headers=link)
    assert gone.status_code == 504
    assert gone.json()["type"] == f"{ERRORS}LdContextNotAvailable"


async def test_another_process_sees_a_deletion(database, tmp_path) -> None:
    settings = Settings(data=tmp_path, database_url=database, open=True, public_url="http://hiroba.test")
    async with client_of(settings) as one, client_of(settings) as other:
        id_ = await added(one)
        link = {"Link": f'<http://hiroba.test{BASE}/{id_}>; rel="http://www.w3.org/ns/json-ld#context"'}
        assert (await other.get("/ngsi-ld/v1/types", headers=link)).status_code == 200
        await one.delete(f"{BASE}/{id_}")
        for _ in range(200):
            if (await other.get("/ngsi-ld/v1/types", headers=link)).status_code == 504:
                return
            await asyncio.sleep(0.05)
        pytest.fail("the other process never heard of it")


async def test_a_context_belongs_to_its_tenant(broker) -> None:
    mine, other = {"NGSILD-Tenant": "mine"}, {"NGSILD-Tenant": "other"}
    id_ = await added(broker, **mine)
    await added(broker, **other)
    assert (await broker.get(f"{BASE}/{id_}", headers=other)).status_code == 404
    assert (await broker.delete(f"{BASE}/{id_}", headers=other)).status_code == 404
    assert id_ not in (await broker.get(BASE, headers=other)).text
    assert (await broker.get(f"{BASE}/{id_}", headers=mine)).status_code == 200


REFUSED = (
    ({"speed": "https://example.org/speed"}, "InvalidRequest"),
    ([], "InvalidRequest"),
    ({"@context": 7}, "BadRequestData"),
    ({"@context": True}, "BadRequestData"),
    ({"@context": 0}, "BadRequestData"),
    ({"@context": [HERE, 7]}, "BadRequestData"),
    ({"@context": [[HERE]]}, "BadRequestData"),
    ({"@context": {"a": 7}}, "BadRequestData"),
    ({"@context": {"a": {"@id": "x:y", "@context": {}}}}, "BadRequestData"),
    ({"@context": {"a": "b:c", "b": "a:c"}}, "BadRequestData"),
    ({"@context": {"@vocab": 3}}, "BadRequestData"),
    ({"@context": "ftp://example.org/c"}, "BadRequestData"),
    ({"@context": {"a": "x" * 3000}}, "BadRequestData"),
)


async def test_what_is_no_context_is_refused(broker) -> None:
    for document, kind in REFUSED:
        answer = await broker.post(BASE, json=document)
        assert answer.status_code == 400, (document, answer.text)
        assert answer.json()["type"] == ERRORS + kind, document
        assert "location" not in answer.headers


async def test_the_core_context_is_described_and_stays(broker) -> None:
    url = f"{BASE}/{httpx.URL(CORE).raw_path and CORE.replace('/', '%2F').replace(':', '%3A')}"
    assert (await broker.get(url, params={"details": "true"})).json()["kind"] == "Cached"
    assert (await broker.get(url)).status_code == 422
    assert (await broker.delete(url)).json()["type"] == f"{ERRORS}BadRequestData"
    assert (await broker.delete(url, params={"reload": "true"})).status_code == 204


async def test_only_copies_are_reloaded_and_only_known_ones_deleted(broker) -> None:
    id_ = await added(broker)
    assert (await broker.delete(f"{BASE}/{id_}", params={"reload": "true"})).status_code == 400
    assert (await broker.delete(f"{BASE}/{id_}", params={"reload": "perhaps"})).status_code == 400
    assert (await broker.delete(f"{BASE}/nothing")).status_code == 404
    assert (await broker.delete(f"{BASE}/")).json()["type"] == f"{ERRORS}BadRequestData"
    assert (await broker.get(f"{BASE}/nothing")).json()["type"] == f"{ERRORS}ResourceNotFound"
    assert (await broker.get(BASE, params={"kind": "Other"})).json()["type"] == f"{ERRORS}BadRequestData"
    assert (await broker.get(BASE, params={"limit": "1"})).json()["type"] == f"{ERRORS}InvalidRequest"


async def test_a_remote_context_is_asked_once_however_many_need_it(book, web) -> None:
    web.pages[HERE] = TERMS
    made = await asyncio.gather(*(book.context(HERE) for _ in range(20)))
    assert {context.expand("speed") for context in made} == {"https://example.org/speed"}
    assert len(web.asked) == 1


async def test_another_process_uses_the_copy_without_the_network(book, pool, web) -> None:
    web.pages[HERE] = TERMS
    await book.context(HERE)
    fresh = Book(Web(), "http://hiroba.test", pool)
    assert (await fresh.context([HERE])).expand("speed") == "https://example.org/speed"


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + by)


async def test_a_stale_copy_is_asked_for_by_its_etag_and_believed_again(book, web, monkeypatch) -> None:
    web.pages[HERE] = TERMS
    web.headers = {"ETag": '"1"', "Cache-Control": "max-age=60"}
    context = await book.context(HERE)
    later(monkeypatch, timedelta(seconds=61))
    assert (await book.context(HERE)).expand("speed") == "https://example.org/speed"
    assert [headers.get("If-None-Match") for _, headers in web.asked] == [None, '"1"']
    web.headers = {"ETag": '"2"'}
    web.pages[HERE] = {"@context": {"speed": "https://example.org/other"}}
    later(monkeypatch, timedelta(minutes=11))
    assert (await book.context(HERE)).expand("speed") == "https://example.org/other"
    assert context.expand("speed") == "https://example.org/speed"


async def test_a_copy_stays_in_use_when_its_address_fails(book, web, monkeypatch) -> None:
    web.pages[HERE] = TERMS
    await book.context(HERE)
    del web.pages[HERE]
    later(monkeypatch, timedelta(days=2))
    assert (await book.context(HERE)).expand("speed") == "https://example.org/speed"
    await book.context(HERE)
    assert len(web.asked) == 2
    stored = await book.library.find("", HERE)
    with pytest.raises(LdContextNotAvailable):
        await book.reload(stored)
    assert (await book.library.find("", HERE)).source == TERMS["@context"]


async def test_an_address_that_failed_is_left_alone_for_a_moment(book, web, monkeypatch) -> None:
    for _ in range(3):
        with pytest.raises(LdContextNotAvailable):
            await book.context(HERE)
    assert len(web.asked) == 1
    web.pages[HERE] = TERMS
    later(monkeypatch, books.AGAIN * 2)
    await book.context(HERE)
    assert len(web.asked) == 2


async def test_a_page_that_names_its_context_is_followed(book, web) -> None:
    web.pages["https://example.org/"] = "<html>"
    web.pages["https://example.org/docs/c"] = TERMS
    web.headers = {
        "Content-Type": "text/html",
        "Link": '</docs/c>; rel="alternate"; type="application/ld+json"',
    }
    assert (await book.context("https://example.org/")).expand("speed") == "https://example.org/speed"


async def test_contexts_may_share_others_but_not_lead_back_to_themselves(book, web) -> None:
    web.pages = {
        "https://e.org/a": {"@context": ["b", "c"]},
        "https://e.org/b": {"@context": ["d", {"x": "e:b"}]},
        "https://e.org/c": {"@context": ["d", {"@import": "d", "y": "e:c"}]},
        "https://e.org/d": {"@context": {"e": "https://e.org/#"}},
        "https://e.org/self": {"@context": "self"},
        "https://e.org/round": {"@context": ["d", "trip"]},
        "https://e.org/trip": {"@context": "round"},
    }
    context = await book.context("https://e.org/a")
    assert (context.expand("x"), context.expand("y")) == ("https://e.org/#b", "https://e.org/#c")
    for url in ("https://e.org/self", "https://e.org/round"):
        with pytest.raises(BadRequestData, match="back to itself"):
            await book.context(url)


async def test_a_context_that_doubles_at_every_step_is_stopped_early(book, web) -> None:
    for step in range(40):
        web.pages[f"https://e.org/{step}"] = {"@context": [str(step + 1), str(step + 1)]}
    with pytest.raises(BadRequestData, match="leads to more"):
        await book.context("https://e.org/0")
    assert len(web.asked) <= books.MOST


async def test_null_forgets_what_stood_before_it_and_the_core_stays(book) -> None:
    context = await book.context([{"a": "e:a", "name": "e:name"}, None, {"b": "e:b", "location": "e:nowhere"}])
    assert context.expand("a") == "https://uri.etsi.org/ngsi-ld/default-context/a"
    assert context.expand("b") == "e:b"
    assert context.expand("location") == "https://uri.etsi.org/ngsi-ld/location"


async def test_files_of_an_operator_are_known_without_a_network(web, tmp_path) -> None:
    file = tmp_path / "contexts" / "example.org" / "c.jsonld"
    file.parent.mkdir(parents=True)
    file.write_bytes(orjson.dumps(TERMS))
    (tmp_path / "secret").write_bytes(orjson.dumps(TERMS))
    book = Book(web, "http://hiroba.test", None, tmp_path / "contexts")
    assert (await book.context(HERE)).expand("speed") == "https://example.org/speed"
    assert web.asked == []
    for outside in (
        "https://example.org/../../secret",
        "https://example.org/%2e%2e/%2e%2e/secret",
        "https://../secret",
    ):
        with pytest.raises(LdContextNotAvailable):
            await book.context(outside)


async def test_the_same_content_is_made_implicitly_once(book) -> None:
    first = await book.address_for([HERE, {"a": "e:a"}], "")
    assert await book.address_for([HERE, {"a": "e:a"}], "") == first
    assert await book.address_for([HERE, {"a": "e:b"}], "") != first
    assert await book.address_for(HERE, "") == HERE
    assert await book.address_for([HERE, CORE], "") == HERE
    kinds = [stored.kind for stored in await book.library.listing("", None)]
    assert kinds == ["ImplicitlyCreated", "ImplicitlyCreated"]


SOURCES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
        st.sampled_from([HERE, CORE, "//", "http://[", "a:b"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text("ab:@/", max_size=4), st.sampled_from(["@vocab", "@import", "@id", "@context", "@prefix"])),
            inner, max_size=3,
        ),
    ),
    max_leaves=10,
)  # fmt: skip


@given(SOURCES)
def test_any_json_is_a_context_or_is_refused(source) -> None:
    web = Web()
    web.pages[HERE] = {"@context": source}

    async def use() -> None:
        book = Book(web, "http://hiroba.test")
        for one in (source, [source, HERE]):
            with suppress(BadRequestData, LdContextNotAvailable):
                context = await book.context(one)
                assert context.expand("location") == "https://uri.etsi.org/ngsi-ld/location"

    asyncio.run(use())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, FRESH),
        ({"cache-control": "public, max-age=3600"}, timedelta(hours=1)),
        ({"cache-control": "max-age=3600, s-maxage=60"}, timedelta(minutes=1)),
        ({"cache-control": "max-age=3600", "age": "600"}, timedelta(minutes=50)),
        ({"cache-control": "max-age=0"}, LEAST),
        ({"cache-control": "no-store"}, LEAST),
        ({"cache-control": "max-age=99999999999"}, LONGEST),
        ({"expires": "Sat, 21 Nov 2026 07:30:00 GMT", "date": "Sat, 21 Nov 2026 07:00:00 GMT"}, timedelta(minutes=30)),
        ({"expires": "0"}, LEAST),
        (
            {"last-modified": "Sat, 21 Nov 2026 02:00:00 GMT", "date": "Sat, 21 Nov 2026 07:00:00 GMT"},
            timedelta(minutes=30),
        ),
    ],
)
def test_an_answer_is_believed_as_long_as_http_says_within_bounds(headers, expected) -> None:
    assert believed(headers, clock.now()) == expected
