"""The table of devices that wait for a person to agree elsewhere."""

from datetime import datetime

import msgspec

from hiroba.base import clock
from hiroba.base.db import Connection, fetch_one
from hiroba.exchange.identity.tokens.store import digest, new_secret

_COLUMNS = "application, scope, thumbprint, made, expires, polled, person, level, proved, refused"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that waits, or got its answer."""

    application: str
    scope: list[str]
    thumbprint: str | None = None
    made: datetime
    expires: datetime
    polled: datetime | None = None
    person: str | None = None
    level: str = ""
    proved: datetime | None = None
    refused: bool = False


async def add_device(conn: Connection, user_code: str, device: Device) -> str:
    """A device that begins to wait; its device code, which is not kept."""
    secret = new_secret()
    await conn.execute("""
        insert into identity.device_grant (sha256, user_code, application, scope, thumbprint, made, expires)
             values ($1, $2, $3, $4, $5, $6, $7)
    """, digest(secret), digest(user_code), device.application, device.scope, device.thumbprint, device.made,
        device.expires)  # fmt: skip
    return secret


async def device(conn: Connection, device_code: str) -> Device | None:
    """The device of this code, also where its time is over; its row is held until the transaction ends."""
    return await fetch_one(conn, Device, f"""
        select {_COLUMNS} from identity.device_grant where sha256 = $1 for update
    """, digest(device_code))  # noqa: S608 - a constant  # fmt: skip


async def device_by_user_code(conn: Connection, user_code: str) -> Device | None:
    """The device that shows this code and was not answered yet."""
    return await fetch_one(conn, Device, f"""
        select {_COLUMNS} from identity.device_grant
         where user_code = $1 and expires > $2 and person is null and not refused for update
    """, digest(user_code), clock.now())  # noqa: S608 - as above  # fmt: skip


async def polled(conn: Connection, device_code: str) -> None:
    """Remember when the device asked last."""
    await conn.execute(
        "update identity.device_grant set polled = $2 where sha256 = $1", digest(device_code), clock.now()
    )


async def settle(
    conn: Connection, user_code: str, person: str | None, level: str, proved: datetime | None, *, refused: bool
) -> None:
    """Keep what the person said to the device that shows this code."""
    await conn.execute("""
        update identity.device_grant set person = $2, level = $3, proved = $4, refused = $5
         where user_code = $1 and person is null and not refused
    """, digest(user_code), person, level, proved, refused)  # fmt: skip


async def end_device(conn: Connection, device_code: str) -> None:
    """A device got its tokens, or its refusal."""
    await conn.execute("delete from identity.device_grant where sha256 = $1", digest(device_code))


async def forget_what_is_over(conn: Connection) -> None:
    """Remove devices that waited too long."""
    await conn.execute("delete from identity.device_grant where expires <= $1", clock.now())
