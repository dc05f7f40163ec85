"""The frame of every page: languages, headers, trouble, files."""

import httpx
import pytest

pytestmark = pytest.mark.anyio
BROWSER = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "ja"}


async def test_a_page_says_its_language_and_follows_the_readers_wish(house: httpx.AsyncClient) -> None:
    japanese = await house.get("/", headers={"Accept-Language": "ja,en;q=0.5"})
    english = await house.get("/", headers={"Accept-Language": "en-GB"})
    assert '<html lang="ja">' in japanese.text
    assert '<html lang="en">' in english.text
    assert english.headers["content-language"] == "en"


async def test_the_language_switch_is_remembered_and_comes_back_to_the_page(house: httpx.AsyncClient) -> None:
    switched = await house.get("/language/en?next=/search%3Fq%3Dpark")
    assert switched.status_code == 303
    assert switched.headers["location"] == "/search?q=park"
    assert '<html lang="en">' in (await house.get("/", headers={"Accept-Language": "ja"})).text


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "javascript:x"]
)
async def test_the_language_switch_leads_nowhere_else(house: httpx.AsyncClient, address: str) -> None:
    switched = await house.get("/language/en", params={"next": address})
    assert switched.headers["location"] == "/"


async def test_an_unknown_language_is_not_found(house: httpx.AsyncClient) -> None:
    assert (await house.get("/language/xx")).status_code == 404


async def test_people_read_a_page_and_programs_a_document_when_something_is_missing(house: httpx.AsyncClient) -> None:
    page = await house.get("/no-such-page", headers=BROWSER)
    document = await house.get("/no-such-page")
    assert (page.status_code, document.status_code) == (404, 404)
    assert page.headers["content-type"].startswith("text/html")
    assert "/search" in page.text
    assert document.headers["content-type"] == "application/problem+json"


async def test_every_answer_carries_the_security_headers(house: httpx.AsyncClient) -> None:
    for path in ("/", "/no-such-page", "/robots.txt"):
        headers = (await house.get(path, headers=BROWSER)).headers
        policy = headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "script-src 'self'" in policy
        assert "https://cyberjapandata.gsi.go.jp" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"]
        assert headers["permissions-policy"]


async def test_a_built_file_is_packed_and_kept_for_good(house: httpx.AsyncClient) -> None:
    page = (await house.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    style = await house.get(address)
    assert style.status_code == 200
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-encoding"] == "gzip"
    again = await house.get(address, headers={"If-None-Match": style.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["../pages.py", "%2e%2e%2fpages.py", ".hidden", "nothing.css"])
async def test_no_other_file_leaves_the_house(house: httpx.AsyncClient, name: str) -> None:
    assert (await house.get(f"/static/x/{name}")).status_code == 404


@pytest.mark.parametrize(
    "name", ["favicon.svg", "favicon.ico", "apple-touch-icon.png", "manifest.webmanifest", "robots.txt"]
)
async def test_browsers_find_what_they_look_for_at_the_root(house: httpx.AsyncClient, name: str) -> None:
    assert (await house.get(f"/{name}")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/health/live", "/developers/api/openapi.json"])
async def test_head_answers_as_get_does_without_the_body(house: httpx.AsyncClient, path: str) -> None:
    got, headed = await house.get(path), await house.head(path)
    assert headed.status_code == got.status_code == 200
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.content == b""
