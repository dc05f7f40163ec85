"""A resident of the sample region reads who may read their data, and answers a question, without a line of JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe


def come_in(page: Any, url: str, name: str) -> None:
    """Sign in at the stand-in for the upstream provider as one of the sample people."""
    page.goto(f"{url}/sign-in?next=/consents")
    page.get_by_role("link", name="デジタル認証アプリで進む").click()
    page.get_by_text(name).first.click()
    page.wait_for_url("**/consents")


def violations(page: Any) -> list[str]:
    return [found["id"] for found in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_pages_of_consents_are_accessible_and_fit(look: Callable[..., Any], size: str) -> None:
    seen = look(size)
    come_in(seen.page, seen.url, "例示 うめ")
    seen.page.get_by_role("heading", name="2つのサービスが").wait_for()
    assert violations(seen.page) == []
    seen.page.get_by_role("link", name="通院の送迎").click()
    seen.page.get_by_text("34分 → 12分").wait_for()
    assert violations(seen.page) == []
    wide = seen.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert seen.complaints == []


def test_a_question_is_answered_in_part_and_taken_back_without_scripts(look: Callable[..., Any]) -> None:
    page, url = (seen := look("phone", javascript=False)).page, seen.url
    come_in(page, url, "見本 花子")
    page.get_by_role("link", name="読んで答える").click()
    page.get_by_label("予約の時刻").check()
    page.get_by_role("button", name="選んだものだけ同意する").click()
    page.get_by_text("いま読めます").first.wait_for()
    assert page.get_by_text("電話番号").count() == 0, "what was not marked is not granted"
    with page.expect_download() as download:
        page.get_by_role("link", name="控えを保存する").click()
    assert download.value.suggested_filename.endswith(".jws")
    page.get_by_role("button", name="同意を取り消す").click()
    page.get_by_text("この根拠では、もう何も読まれません。").wait_for()
