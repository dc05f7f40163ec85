"""The door as people meet it: every page on a phone and a desk, without scripts, by keyboard, enlarged, and weighed."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

PATHS = [
    "/",
    "/map",
    "/search",
    "/search?q=図書館",
    "/search?q=竜宮城",
    "/services",
    "/developers",
    "/developers/api",
    "/no-such-page",
]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def violations(page: Any) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def too_wide(page: Any) -> int:
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("path", [*PATHS, "place"])
def test_a_page_is_accessible_fits_and_breaks_no_rule(
    look: Callable[..., Any], place: str, path: str, size: str
) -> None:
    seen = look(size)
    page = seen.open(place if path == "place" else path)
    assert violations(page) == []
    assert too_wide(page) <= 0
    expected = ["404"] if path == "/no-such-page" else []
    assert [text for text in seen.complaints if not any(word in text for word in expected)] == []
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("path", [*PATHS, "place"])
def test_a_page_serves_without_scripts(look: Callable[..., Any], place: str, path: str) -> None:
    page = look("phone", javascript=False).open(place if path == "place" else path)
    assert page.locator("main h1").inner_text()
    assert page.locator("[data-here]:visible, [data-copy]:visible").count() == 0
    if path in {"/", "/map"}:
        assert page.locator(".spot").count() > 3
        assert page.locator(".drawn .sign").count() > 0


@pytest.mark.parametrize("path", [*PATHS, "place"])
def test_a_page_at_200_percent_needs_no_sideways_scroll(look: Callable[..., Any], place: str, path: str) -> None:
    page = look("desk", width=640, height=400).open(place if path == "place" else path)
    assert too_wide(page) <= 0
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    assert too_wide(page) <= 0


def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(look: Callable[..., Any]) -> None:
    page = look("desk").open("/")
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0) }")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("""() => {
            const at = document.activeElement, row = at.closest('.spot') ?? at;
            const ring = getComputedStyle(at).outlineStyle !== 'none' || getComputedStyle(row).outlineStyle !== 'none';
            return [at.className || at.tagName, ring];
        }""")
        )
    names = [name for name, _ in reached]
    assert names[0] == "skip"
    assert "to" in names
    assert [name for name, ring in reached if not ring and name != "BODY"] == []


def test_the_skip_link_leads_to_the_content(look: Callable[..., Any]) -> None:
    page = look("desk").open("/search")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_what_can_be_pressed_is_large_enough_for_a_thumb(look: Callable[..., Any]) -> None:
    page = look("phone").open("/")
    small = page.eval_on_selector_all(
        ".btn, .in, .lead-nav a, .tool, .tiles a, .change summary",
        """all => all.map(one => [one.className || one.textContent, one.getBoundingClientRect().height])
                     .filter(([, height]) => height && height < 48).map(([name]) => name)""",
    )
    assert small == []


def test_search_from_home_leads_to_a_place(look: Callable[..., Any]) -> None:
    page = look("phone").open("/")
    page.get_by_role("searchbox").first.fill("図書館")
    page.get_by_role("button", name="さがす").click()
    page.locator(".spot .to").first.click()
    assert "図書館" in page.locator("h1").inner_text()


def test_the_language_changes_on_the_page_one_reads(look: Callable[..., Any]) -> None:
    page = look("desk").open("/search?q=図書館")
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "Search"
    assert page.url.endswith("/search?q=%E5%9B%B3%E6%9B%B8%E9%A4%A8")


def test_the_browsers_position_is_used_when_given(look: Callable[..., Any]) -> None:
    seen = look("phone")
    seen.page.context.grant_permissions(["geolocation"])
    seen.page.context.set_geolocation({"longitude": 136.2193, "latitude": 33.0054})
    page = seen.open("/")
    page.locator(".change summary").click()
    page.locator("[data-here]").click()
    page.wait_for_url("**/?at=136.21930%2C33.00540", timeout=10_000)
    assert page.locator(".spot").count() > 3


def test_the_list_follows_the_map(look: Callable[..., Any]) -> None:
    page = look("desk").open("/map?kind=EvacuationSite")
    before = page.locator(".spots").inner_text()
    page.locator(".maplibregl-canvas").focus()
    with page.expect_response("**/map/places.geojson**"):
        for _ in range(6):
            page.keyboard.press("ArrowUp")
    page.wait_for_function("before => document.querySelector('.spots').innerText !== before", arg=before)
    assert violations(page) == []


def test_a_sign_of_the_map_opens_its_place(look: Callable[..., Any]) -> None:
    page = look("desk").open("/map?kind=Library")
    row = page.locator(".spot").first
    row.locator(".to").focus()
    assert "lit" in (row.get_attribute("class") or "")


def test_an_officer_signs_in_once_and_out_again(look: Callable[..., Any], sign_in_link: str) -> None:
    seen = look("desk")
    page = seen.open(sign_in_link)
    assert violations(page) == []
    page.get_by_role("button", name="サインインする").click()
    assert page.url.endswith("/desk")
    assert page.locator(".who").inner_text() == "運用担当者"
    assert violations(page) == []
    page.get_by_role("button", name="サインアウト").click()
    assert page.url == f"{seen.url}/"
    page.goto(seen.url + sign_in_link)
    page.get_by_role("button", name="サインインする").click()
    assert page.locator("h1").inner_text() == "このリンクはもう使えません"


@pytest.mark.parametrize("path", ["/", "/search?q=図書館", "/developers", "place"])
def test_a_page_weighs_less_than_100_kilobytes_besides_the_map(look: Callable[..., Any], place: str, path: str) -> None:
    seen = look("phone")
    weights: dict[str, int] = {}

    def weigh(response: Any) -> None:
        if "/map" not in response.url:
            weights[response.url] = response.request.sizes()["responseBodySize"]

    seen.page.on("requestfinished", lambda request: weigh(request.response()))
    seen.open(place if path == "place" else path)
    assert len(weights) >= 2, "the page and its style at least"
    assert sum(weights.values()) < 100_000, weights


def test_paper_shows_the_content_alone(look: Callable[..., Any], place: str) -> None:
    page = look("desk").open(place)
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert not page.locator(".lead-nav.wide").is_visible()
    assert not page.locator(".tool").first.is_visible()


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_whole_map_is_seen_at_once_with_its_scale(look: Callable[..., Any], size: str) -> None:
    page = look(size).open("/map")
    page.evaluate("() => window.scrollTo(0, 0)")
    scale = page.locator(".maplibregl-ctrl-scale").bounding_box()
    assert scale["y"] + scale["height"] <= page.viewport_size["height"]
