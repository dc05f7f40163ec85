"""Coming in as people do: a real browser, a virtual authenticator, the stand-in of the upstream provider, no JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def sound(page: Any) -> None:
    """The page breaks no rule of accessibility, fits the window and has one headline."""
    found = Axe().run(page, options=RULES).response["violations"]
    assert [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]] == [], page.url
    assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("h1").count() == 1


def device_of(page: Any) -> tuple[Any, str]:
    """A platform authenticator in this window."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    made = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return protocol, made["authenticatorId"]


@pytest.fixture
def here(site: Any) -> str:
    """The house under the name that passkeys work with on this machine."""
    return str(site.url).replace("127.0.0.1", "localhost")


def sign_out(page: Any) -> None:
    page.locator('form[action="/sign-out"] button').last.click()


def upstream(page: Any, name: str) -> None:
    page.locator('a[href^="/sign-in/upstream"]').first.click()
    page.get_by_role("link", name=name).click()


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_an_account_is_made_by_a_passkey_and_opened_again(look: Callable[..., Any], here: str, size: str) -> None:
    seen = look(size)
    page = seen.page
    protocol, device = device_of(page)
    page.goto(f"{here}/account")
    sound(page)
    page.locator("details summary").click()
    page.get_by_label("この端末の呼び名").fill("わたしの電話")
    page.get_by_role("button", name="パスキーでアカウントを作る").click()
    page.wait_for_url(f"{here}/account")
    page.locator("details summary").first.click()
    sound(page)
    assert page.get_by_text("わたしの電話").count() > 0
    kept = protocol.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert [one["rpId"] for one in kept] == ["localhost"]
    sign_out(page)
    page.goto(f"{here}/sign-in?next=/account/mandates")
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url(f"{here}/account/mandates")
    sound(page)
    assert seen.complaints == []


def test_a_device_that_does_not_verify_lets_nobody_in_and_says_so(look: Callable[..., Any], here: str) -> None:
    page = look("phone").page
    protocol, device = device_of(page)
    page.goto(f"{here}/sign-in")
    page.locator("details summary").click()
    page.get_by_role("button", name="パスキーでアカウントを作る").click()
    page.wait_for_url(f"{here}/account")
    sign_out(page)
    protocol.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto(f"{here}/sign-in")
    page.get_by_role("button", name="パスキーでサインインする").click()
    said = page.locator('form[data-passkey="enter"] [data-said]')
    said.wait_for(state="visible")
    sound(page)
    page.goto(f"{here}/account")
    assert "/sign-in" in page.url


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_comes_in_by_the_upstream_provider_with_and_without_scripts(
    look: Callable[..., Any],
    here: str,
    javascript: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    page = look("phone", javascript=javascript).page
    page.goto(f"{here}/account")
    assert page.locator("form[data-passkey]:visible").count() == (1 if javascript else 0)
    page.locator('a[href^="/sign-in/upstream"]').first.click()
    if javascript:
        sound(page)
    page.get_by_role("link", name="例示 うめ").click()
    page.wait_for_url(f"{here}/account")
    assert page.get_by_text("デジタル認証アプリ").count() > 0
    sign_out(page)
    page.goto(f"{here}/account")
    assert "/sign-in" in page.url


def test_leaving_the_provider_changes_nothing(look: Callable[..., Any], here: str) -> None:
    page = look("phone").page
    page.goto(f"{here}/sign-in")
    page.locator('a[href^="/sign-in/upstream"]').first.click()
    page.get_by_role("link", name="やめる").click()
    assert page.get_by_text("403").count() > 0
    page.goto(f"{here}/account")
    assert "/sign-in" in page.url


def test_a_passkey_and_a_card_lead_to_one_account_and_a_step_up_leads_back(look: Callable[..., Any], here: str) -> None:
    page = look("desk").page
    device_of(page)
    page.goto(f"{here}/sign-in")
    upstream(page, "試験 健")
    page.wait_for_url(f"{here}/account")
    page.locator("details summary").first.click()
    page.get_by_role("button", name="この端末でパスキーを作る").click()
    page.locator(".rows").get_by_text("パスキー").first.wait_for()
    number = page.locator(".code").inner_text()
    sign_out(page)
    page.goto(f"{here}/sign-in")
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url(f"{here}/account")
    assert page.locator(".code").inner_text() == number
    page.goto(f"{here}/sign-in?level=upstream&next=/services")
    sound(page)
    assert page.locator("form[data-passkey]").count() == 0
    upstream(page, "試験 健")
    page.wait_for_url(f"{here}/services")


def test_a_mail_link_is_read_at_the_stand_in_and_used(look: Callable[..., Any], here: str, sign_in_link: str) -> None:
    page = look("phone").page
    page.goto(f"{here}/sign-in")
    page.get_by_label("メールアドレス").fill("nonsense")
    page.get_by_role("button", name="リンクを送る").click()
    sound(page)
    page.get_by_label("メールアドレス").fill("e2e@example.jp")
    page.get_by_role("button", name="リンクを送る").click()
    sound(page)
    page.goto(f"{here}{sign_in_link}")
    page.locator("main form button").click()
    page.goto(f"{here}/desk/letters")
    sound(page)
    page.locator("article", has_text="e2e@example.jp").first.locator("a").click()
    sound(page)
    page.locator("main form button").click()
    page.wait_for_url(f"{here}/account")
    assert page.get_by_text("e•••@example.jp").count() > 0


def test_the_counter_and_the_officers_are_sound_pages(look: Callable[..., Any], here: str, sign_in_link: str) -> None:
    page = look("desk").page
    page.goto(f"{here}{sign_in_link}")
    page.locator("main form button").click()
    for path in ("/desk/counter", "/desk/officers"):
        page.goto(f"{here}{path}")
        sound(page)
    page.goto(f"{here}/desk/counter")
    page.get_by_role("button", name="復旧コードを渡す").click()
    sound(page)
    assert page.locator("#said-wrong").count() == 1


def test_a_code_from_a_counter_is_asked_for_on_a_sound_page(look: Callable[..., Any], here: str) -> None:
    page = look("phone").page
    page.goto(f"{here}/sign-in/recover")
    sound(page)
    page.get_by_label("コード").fill("WRONG")
    page.get_by_role("button", name="次へ").click()
    sound(page)
    assert page.locator("#code-wrong").count() == 1
