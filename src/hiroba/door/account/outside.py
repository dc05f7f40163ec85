"""Whom signing in speaks to outside: the mail server and the upstream provider, or their stand-ins on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar

from hiroba.base.db import Pool
from hiroba.base.egress import LOOPBACK, Egress
from hiroba.base.mail import Folder, Post
from hiroba.base.smtp import Smtp, is_local
from hiroba.exchange.identity.people import fake_upstream
from hiroba.exchange.identity.people.upstream import Provider, Upstream, key_of


@asynccontextmanager
async def outside(app: Litestar) -> AsyncIterator[None]:
    """Puts `post` and `upstream` (None: there is none) into the application's state."""
    state = app.state
    ourselves = Egress(LOOPBACK)  # for what the operator set up on this machine, and never for an address from outside
    try:
        state.post = _post(state.settings, ourselves if is_local(state.settings.mail) else state.egress)
        state.upstream = await _upstream(
            state.settings, state.pool, ourselves if state.settings.fake_upstream else state.egress
        )
        yield
    finally:
        await ourselves.close()


def _post(settings: Any, egress: Egress) -> Post:
    if settings.mail:
        return Smtp(egress, settings.mail, settings.mail_from)
    return Folder(settings.data / "mail", settings.mail_from)


async def _upstream(settings: Any, pool: Pool, egress: Egress) -> Upstream | None:
    if settings.fake_upstream:
        async with pool.acquire() as conn:
            return Upstream(await fake_upstream.provider(conn, settings.url), egress)
    if settings.upstream in {"", "none"}:
        return None
    key = key_of(settings.upstream_key)
    return Upstream(Provider(settings.upstream, settings.upstream_client, key, settings.upstream_acr), egress)
