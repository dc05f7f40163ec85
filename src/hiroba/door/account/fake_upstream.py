"""The pages of the stand-in for the upstream sign-in; routed on loopback only."""

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.response import Redirect

from hiroba.base.web.given import GivenConnection
from hiroba.door.account.coming import PRIVATE, Asked, site
from hiroba.door.account.upstream import RETURN
from hiroba.door.pages import GivenPage
from hiroba.exchange.identity.callers import ANYONE
from hiroba.exchange.identity.people import fake_upstream
from hiroba.exchange.identity.people.fake_upstream import PATH

OPEN = {"may": (ANYONE,)}


@get(f"{PATH}/.well-known/openid-configuration", opt=OPEN, include_in_schema=False, sync_to_thread=False)
def discovery(state: State) -> dict[str, Any]:
    """What it says of itself."""
    return fake_upstream.discovery(state.settings.url)


@get(f"{PATH}/jwks", opt=OPEN, include_in_schema=False)
async def jwks(conn: GivenConnection) -> dict[str, Any]:
    """Its public key."""
    return await fake_upstream.jwks(conn)


@get(f"{PATH}/authorize", opt=OPEN, include_in_schema=False)
async def authorize(conn: GivenConnection, request: Asked, state: State, page: GivenPage) -> Response[Any]:
    """Ask whom to be; a choice (`as`) leads back with a code."""
    query = dict(request.query_params)
    url = state.settings.url
    redirects = tuple(f"{origin}{RETURN}" for origin in {url, *site(request).origins})
    asked = fake_upstream.asked(query, redirects)
    chosen = query.get("as", "")
    if chosen:
        back = await fake_upstream.let_in(conn, url, asked, chosen)
        return Redirect(back, status_code=303, headers=PRIVATE)
    answer = page.html(
        "door/account/fake_upstream.html", people=fake_upstream.PEOPLE, query=request.url.query,
        leave=fake_upstream.let_go(url, asked),
    )  # fmt: skip
    answer.headers.update(PRIVATE)
    return answer


@post(f"{PATH}/token", opt=OPEN | {"exclude_from_csrf": True}, include_in_schema=False, status_code=200)
async def token(conn: GivenConnection, request: Asked, state: State) -> Response[dict[str, Any]]:
    """A code for an ID token."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return Response(await fake_upstream.token(conn, state.settings.url, form), headers=PRIVATE)


ROUTES = [discovery, jwks, authorize, token]
