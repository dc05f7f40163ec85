"""Passkeys (WebAuthn level 3): the options a browser is given and what its answer proves.

User verification (a finger, a face, a PIN) is always required, so a passkey alone is two factors. The authenticator knows
a person by a handle of its own (a keyed digest), never by their key.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import orjson
import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Conflict, Forbidden, Invalid
from hiroba.exchange.identity import store
from hiroba.exchange.identity.people.store import ways
from hiroba.exchange.identity.people.store.ways import Passkey
from hiroba.exchange.identity.people.subjects import pseudonym

LABEL: Final = 60
"""Characters of the name a person gives a passkey."""
LARGEST: Final = 20_000
"""Characters of a browser's answer; a real one has about 1,500."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class PasskeyRefused(Forbidden):
    """This passkey is not known here, or its answer is not right."""


class PasskeyKnown(Conflict):
    """This passkey is in use already."""


class Site(msgspec.Struct, frozen=True):
    """The house as an authenticator knows it: a domain, and the origins whose pages may ask."""

    domain: str
    origins: tuple[str, ...]


def site_of(url: str) -> Site:
    """The site of a house reached at `url`. A number is no domain: on loopback it is `localhost`, with the same port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in LOOPBACK:
        return Site(host, (f"{parts.scheme}://{parts.netloc}",))
    port = f":{parts.port}" if parts.port else ""
    return Site("localhost", (f"{parts.scheme}://localhost{port}",))


async def handle_of(conn: Connection, account: str) -> str:
    """What an authenticator calls a person or an officer's account: always the same, and nobody else can tell whose it is."""
    return pseudonym((await store.secret(conn, "passkey-handles")).encode(), "passkey", account)


def ask_for_new(site: Site, handle: str, name: str, held: list[Passkey]) -> tuple[dict[str, Any], str]:
    """Options for `navigator.credentials.create`, and the challenge (base64url) their answer must carry."""
    options = webauthn.generate_registration_options(
        rp_id=site.domain,
        rp_name="Hiroba",
        user_id=handle.encode(),
        user_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.id) for passkey in held],
    )
    return orjson.loads(webauthn.options_to_json(options)), text(options.challenge)


def ask(site: Site) -> tuple[dict[str, Any], str]:
    """Options for `navigator.credentials.get`, and their challenge; whoever has a passkey of ours may answer."""
    options = webauthn.generate_authentication_options(
        rp_id=site.domain, user_verification=UserVerificationRequirement.REQUIRED
    )
    return orjson.loads(webauthn.options_to_json(options)), text(options.challenge)


async def keep(
    conn: Connection, site: Site, answer: str, challenge: str, *, label: str, person: str | None, officer: str | None
) -> Passkey:
    """A new passkey of a person or an officer's account, out of the browser's answer."""
    try:
        made = webauthn.verify_registration_response(
            credential=_document(answer),
            expected_challenge=octets(challenge),
            expected_rp_id=site.domain,
            expected_origin=list(site.origins),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise PasskeyRefused("The device's answer does not fit what it was asked. Please begin again.") from error
    passkey = Passkey(
        made.credential_id, person, officer, made.credential_public_key, made.sign_count, label[:LABEL], clock.now(), None
    )  # fmt: skip
    if not await ways.add_passkey(conn, passkey):
        raise PasskeyKnown("Use it to sign in.")
    return passkey


async def prove(conn: Connection, site: Site, answer: str, challenge: str) -> Passkey:
    """Whose passkey signed the challenge. A counter that went back (a copied key) is refused by the library."""
    document = _document(answer)
    passkey = await ways.passkey(conn, _credential(document))
    if passkey is None:
        raise PasskeyRefused("It may have been removed from this account.")
    try:
        proved = webauthn.verify_authentication_response(
            credential=document,
            expected_challenge=octets(challenge),
            expected_rp_id=site.domain,
            expected_origin=list(site.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise PasskeyRefused("The device's answer does not fit what it was asked. Please begin again.") from error
    await ways.note_use(conn, passkey.id, proved.new_sign_count)
    return passkey


def text(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def octets(data: str) -> bytes:
    """The bytes of base64url without padding; nothing where it is none."""
    try:
        return urlsafe_b64decode(data.encode() + b"=" * (-len(data) % 4))
    except ValueError:
        return b""


def _document(answer: str) -> dict[str, Any]:
    """The browser's answer as a document, before anything in it is believed."""
    if len(answer) > LARGEST:
        raise Invalid("This is no answer of an authenticator.")
    try:
        document = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise Invalid("This is no answer of an authenticator.") from None
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise Invalid("This is no answer of an authenticator.")
    return document


def _credential(document: dict[str, Any]) -> bytes:
    return octets(document["id"])
