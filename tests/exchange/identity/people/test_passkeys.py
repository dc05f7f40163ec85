"""A passkey lets in whoever holds the device and is verified by it, for this challenge, on this site, and nobody else."""

import pytest
from tests.exchange.identity.people.authenticator import PRESENT, Authenticator

from hiroba.base.db import Connection
from hiroba.base.errors import Invalid
from hiroba.exchange.identity.people import passkeys
from hiroba.exchange.identity.people.passkeys import PasskeyKnown, PasskeyRefused, Site, ask, ask_for_new, site_of
from hiroba.exchange.identity.people.store import pairs, ways

pytestmark = pytest.mark.anyio
SITE = site_of("http://127.0.0.1:8026")


async def enrolled(conn: Connection, device: Authenticator, person: str | None = None) -> str:
    person = person or await pairs.add_person(conn)
    options, challenge = ask_for_new(SITE, await passkeys.handle_of(conn, person), "me", [])
    await passkeys.keep(conn, SITE, device.make(options), challenge, label="phone", person=person, officer=None)
    return person


def test_the_site_is_the_domain_and_on_loopback_localhost() -> None:
    assert site_of("https://hiroba.example") == Site("hiroba.example", ("https://hiroba.example",))
    assert site_of("http://127.0.0.1:8026") == Site("localhost", ("http://localhost:8026",))
    assert site_of("http://[::1]:8026") == Site("localhost", ("http://localhost:8026",))


def test_a_device_is_always_asked_to_verify_and_to_keep_the_passkey() -> None:
    options, _ = ask_for_new(SITE, "handle", "me", [])
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert ask(SITE)[0]["userVerification"] == "required"


async def test_a_passkey_that_was_made_lets_its_person_in(conn: Connection) -> None:
    device = Authenticator()
    person = await enrolled(conn, device)
    for _ in range(2):
        options, challenge = ask(SITE)
        assert (await passkeys.prove(conn, SITE, device.use(options), challenge)).person == person
    assert (await ways.passkeys_of(conn, person))[0].sign_count == 2


async def test_the_device_learns_a_handle_that_is_not_the_persons_key(conn: Connection) -> None:
    device = Authenticator()
    person = await enrolled(conn, device)
    assert person.encode() not in device.handle
    assert device.handle.decode() == await passkeys.handle_of(conn, person)


async def test_an_answer_to_another_challenge_is_refused(conn: Connection) -> None:
    device = Authenticator()
    await enrolled(conn, device)
    (options, _), (_, other) = ask(SITE), ask(SITE)
    with pytest.raises(PasskeyRefused):
        await passkeys.prove(conn, SITE, device.use(options), other)


@pytest.mark.parametrize("wrong", ["origin", "domain", "unverified", "copied", "another key", "unknown"])
async def test_what_does_not_come_from_the_persons_own_device_on_our_page_is_refused(
    conn: Connection, wrong: str
) -> None:
    device = Authenticator()
    await enrolled(conn, device)
    options, challenge = ask(SITE)
    await passkeys.prove(conn, SITE, device.use(options), challenge)
    match wrong:
        case "origin":
            device.origin = "http://localhost.evil.example"
        case "domain":
            device.domain = "evil.example"
        case "unverified":
            device.flags = PRESENT
        case "copied":
            device.count = 0
        case "another key":
            device.key = Authenticator().key
        case "unknown":
            device.id = b"another"
    options, challenge = ask(SITE)
    with pytest.raises(PasskeyRefused):
        await passkeys.prove(conn, SITE, device.use(options), challenge)


async def test_a_passkey_is_made_only_by_a_device_that_verified_somebody(conn: Connection) -> None:
    device = Authenticator()
    device.flags = PRESENT
    with pytest.raises(PasskeyRefused):
        await enrolled(conn, device)


async def test_a_passkey_belongs_to_one_account(conn: Connection) -> None:
    device = Authenticator()
    await enrolled(conn, device)
    with pytest.raises(PasskeyKnown):
        await enrolled(conn, device)


@pytest.mark.parametrize(
    "answer", ["", "[]", "{}", '{"id": 1}', '{"id": "ä"}', '{"id": "AAAA", "response": 5}', "x" * 30_000]
)
async def test_nonsense_is_refused_and_never_an_error_of_ours(conn: Connection, answer: str) -> None:
    _, challenge = ask(SITE)
    with pytest.raises((Invalid, PasskeyRefused)):
        await passkeys.prove(conn, SITE, answer, challenge)
    with pytest.raises((Invalid, PasskeyRefused)):
        await passkeys.keep(conn, SITE, answer, challenge, label="", person=None, officer=None)


async def test_a_known_device_that_answers_nonsense_is_refused(conn: Connection) -> None:
    device = Authenticator()
    person = await enrolled(conn, device)
    known = passkeys.text((await ways.passkeys_of(conn, person))[0].id)
    for response in ("{}", "[]", "5", '{"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}'):
        answer = f'{{"id": "{known}", "rawId": "{known}", "type": "public-key", "response": {response}}}'
        with pytest.raises((Invalid, PasskeyRefused)):
            await passkeys.prove(conn, SITE, answer, ask(SITE)[1])
