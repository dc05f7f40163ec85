"""A road report in a browser: told on a phone, with the map and without scripts, and taken on at the desk."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def sound(page: Any) -> None:
    """The page breaks no rule of accessibility, fits the window and has one headline."""
    found = Axe().run(page, options=RULES).response["violations"]
    assert [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]] == [], page.url
    assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("h1").count() == 1


def photo() -> dict[str, Any]:
    made = io.BytesIO()
    Image.new("RGB", (400, 300), "grey").save(made, "JPEG")
    return {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def go_on(page: Any) -> None:
    page.locator("main form .acts button.btn").last.click()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_resident_tells_of_a_hole_on_a_phone(look: Callable[..., Any], javascript: bool) -> None:  # noqa: FBT001 - a parameter of the test
    seen = look("phone", javascript=javascript)
    page = seen.open("/reports")
    page.get_by_role("link", name="道路の不具合を知らせる").click()
    page.get_by_label("穴・段差").check()
    sound_if(javascript, page)
    go_on(page)
    go_on(page)
    assert page.locator(".wrong-list li").count() == 2
    sound_if(javascript, page)
    if javascript:
        page.locator(".map").scroll_into_view_if_needed()
        page.wait_for_selector(".map[data-ready]", timeout=30_000)
        box = page.locator(".map").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.locator("details summary").click()
        assert float(page.locator("#longitude").input_value()) > 100
    page.locator("#landmark").fill("見本駅の北口")
    page.locator("#lg_code").select_option(index=1)
    if not javascript:
        assert page.locator("[data-pick-here]:visible").count() == 0
    go_on(page)
    if page.locator("#place-wrong").count():  # the middle of the region may lie between its municipalities
        page.locator("#longitude").fill("")
        page.locator("#latitude").fill("")
        page.locator("#lg_code").select_option(index=1)
        go_on(page)
    page.locator("#photo").set_input_files(photo())
    page.locator("#words").fill("大きな穴です")
    sound_if(javascript, page)
    go_on(page)
    sound_if(javascript, page)
    page.locator("#mail").fill("mihon@example.jp")
    go_on(page)
    sound_if(javascript, page)
    go_on(page)
    assert "/reports/follow/" in page.url
    assert page.get_by_text("ありがとうございます。受付番号は").count() == 1
    sound_if(javascript, page)
    assert [text for text in seen.complaints if "422" not in text] == []


def sound_if(javascript: bool, page: Any) -> None:  # noqa: FBT001 - whether the rules can be run in the page
    if javascript:
        sound(page)


def test_an_officer_takes_a_report_on_by_keyboard(look: Callable[..., Any], sign_in_link: str) -> None:
    seen = look("desk")
    page = seen.page
    page.goto(seen.url + sign_in_link)
    page.locator("main form button").click()
    page.goto(f"{seen.url}/desk/reports")
    sound(page)
    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/reports/*")
    sound(page)
    page.locator("#state input").first.focus()
    page.keyboard.press("Space")
    page.locator("#words").fill("見に行きます")
    page.locator("#words").press("Tab")
    page.locator("#decide .btn").press("Enter")
    page.wait_for_load_state()
    assert page.locator(".side").get_by_text("見に行きます").count() == 1
    assert seen.complaints == []
