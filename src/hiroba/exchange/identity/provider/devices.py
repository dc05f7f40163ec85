"""Devices without a browser of their own, at counters and on tablets (RFC 8628): a code is typed where somebody is signed in."""

import secrets
from datetime import timedelta
from typing import Any, Final

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection
from hiroba.base.errors import Unauthorized
from hiroba.base.ids import ulid
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.organisations import store as registered
from hiroba.exchange.identity.organisations.model import Application, Organisation
from hiroba.exchange.identity.people.store import sessions
from hiroba.exchange.identity.provider import issuing, telling
from hiroba.exchange.identity.provider.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidScope,
    SlowDown,
    UnauthorizedClient,
)
from hiroba.exchange.identity.provider.forms import needed
from hiroba.exchange.identity.provider.granting import Asking
from hiroba.exchange.identity.provider.store import waiting_devices
from hiroba.exchange.identity.tokens import store
from hiroba.exchange.identity.tokens.store import Family

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of a code that is typed: no vowels, so that it is no word (RFC 8628 §6.1)."""
LIFE: Final = timedelta(minutes=10)
INTERVAL: Final = timedelta(seconds=5)
"""How long a device waits between two questions."""


async def begin(conn: Connection, asking: Asking) -> dict[str, Any]:
    """A device begins to wait (RFC 8628 §3.2): its own code, and the one that is typed or scanned."""
    if GRANT not in asking.application.grants:
        raise UnauthorizedClient
    scope = asking.form.get("scope", "openid").split()
    if scope != ["openid"]:
        raise InvalidScope("A device is given the scope openid.")
    now = clock.now()
    user_code = "".join(secrets.choice(LETTERS) for _ in range(8))
    device = waiting_devices.Device(
        application=asking.application.id, scope=scope, thumbprint=asking.thumbprint, made=now, expires=now + LIFE
    )
    shown = f"{user_code[:4]}-{user_code[4:]}"
    return {
        "device_code": await waiting_devices.add_device(conn, user_code, device),
        "user_code": shown,
        "verification_uri": f"{asking.issuer}/device",
        "verification_uri_complete": f"{asking.issuer}/device?code={shown}",
        "expires_in": int(LIFE.total_seconds()),
        "interval": int(INTERVAL.total_seconds()),
    }


def typed(text: str) -> str:
    """The code as it is kept, however it was typed: small letters, spaces, full width."""
    return "".join(letter for letter in text.translate(_HALF_WIDTH).upper() if letter in LETTERS)


_HALF_WIDTH: Final = {ord("A") + 0xFEE0 + i: ord("A") + i for i in range(26)} | {
    ord("a") + 0xFEE0 + i: ord("a") + i for i in range(26)
}


class Shown(msgspec.Struct, frozen=True):
    """A device that waits, as the page about it shows it."""

    application: Application
    organisation: Organisation


async def look(conn: Connection, code: str) -> Shown | None:
    """Who is behind the code that was typed; None where no device shows it now."""
    device = await waiting_devices.device_by_user_code(conn, typed(code))
    application = await registered.application(conn, device.application) if device else None
    organisation = await registered.organisation(conn, application.organisation) if application else None
    if application is None or organisation is None or application.state == "suspended":
        return None
    return Shown(application, organisation)


async def say(conn: Connection, code: str, caller: Caller, *, yes: bool) -> None:
    """What the person at the page says to the device."""
    person = await sessions.person_of(conn, caller.id)
    if person is None or caller.proof is None:
        raise Unauthorized("Please sign in.")
    proof = caller.proof
    await waiting_devices.settle(conn, typed(code), person if yes else None, proof.level, proof.at, refused=not yes)


async def for_a_device(conn: Connection, asking: Asking) -> dict[str, Any]:
    """The device asks whether the person has answered (RFC 8628 §3.4); the code works once."""
    code = needed(asking.form, "device_code")
    device = await waiting_devices.device(conn, code)
    if device is None or device.application != asking.application.id:
        raise InvalidGrant
    now = clock.now()
    if device.expires <= now:
        raise ExpiredToken
    if device.refused:
        await waiting_devices.end_device(conn, code)
        raise AccessDenied("The person said no.")
    if device.person is None:
        await waiting_devices.polled(conn, code)
        if device.polled is not None and now - device.polled < INTERVAL:
            raise SlowDown
        raise AuthorizationPending
    if device.thumbprint not in (None, asking.thumbprint):
        raise InvalidGrant("The code is bound to another key.")
    return await _tokens(conn, asking, device, device.person)


async def _tokens(conn: Connection, asking: Asking, device: waiting_devices.Device, person: str) -> dict[str, Any]:
    """Tokens for the person who agreed: for one visit at the counter, so without a way to go on."""
    family = Family(
        id=ulid(), application=device.application, person=device.person, scope=device.scope, level=device.level,
        proved=device.proved, thumbprint=asking.thumbprint, made=clock.now(),
    )  # fmt: skip
    await store.add_family(conn, family)
    await waiting_devices.end_device(conn, asking.form["device_code"])
    answer = await issuing.access(conn, family, device.scope)
    answer["id_token"] = await issuing.id_token(
        conn, asking.application, family, issuing.SignedIn(asking.issuer), answer["access_token"]
    )
    await telling.signed_in(conn, person, device.application, device.level)
    return answer
