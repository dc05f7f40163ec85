"""Answering: agree to all, agree to some, refuse; and taking back what was agreed to. Each is one press of a button."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from hiroba.base import clock
from hiroba.base.errors import Invalid
from hiroba.base.web.given import GivenConnection
from hiroba.door.consents.mine import MINE, asked
from hiroba.door.language import here
from hiroba.door.pages import GivenPage
from hiroba.exchange.gateway.grants import consents, sights
from hiroba.exchange.gateway.grants.model import Authn
from hiroba.exchange.gateway.purposes.model import Data
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.guards import GivenCaller
from hiroba.exchange.identity.levels import LevelNeeded, must_have_level

PROVEN: Final = timedelta(hours=1)
"""How long ago, at most, somebody who agrees has shown who they are. Who refuses or withdraws need not."""


class Answer(msgspec.Struct, frozen=True):
    """Which version was read (by the hash of its notice), and where to go on."""

    version: int
    sha256: str = ""
    next_: str = ""


@post("/consents/{id_:str}/agree", opt=MINE, include_in_schema=False)
async def agree(
    request: Request[Any, Any, Any], conn: GivenConnection, caller: GivenCaller, page: GivenPage, id_: FromPath[str]
) -> Response[Any]:
    """Agree to all that is asked for, or to the items chosen."""
    form = await request.form()
    try:
        answer = msgspec.convert(dict(form.items()), Answer, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"This form is not whole: {error}.") from None
    seen = await sights.one(conn, caller.subject, id_, answer.version)
    data = None
    if form.get("which") == "some":
        data = _chosen([item for item in form.getall("item", []) if isinstance(item, str)])
        if not data:
            wrong = {"items": page.text("Choose at least one item, or refuse.")}
            return asked(page, seen, answer.next_, wrong)
    await consents.agree(
        conn, seen, language=page.language, sha256=answer.sha256, authn=_authn(caller), data=data,
    )  # fmt: skip
    return _on(id_, answer)


@post("/consents/{id_:str}/refuse", opt=MINE, include_in_schema=False)
async def refuse(
    conn: GivenConnection, caller: GivenCaller, id_: FromPath[str], data: URLEncodedBody[Answer]
) -> Redirect:
    """Say no."""
    await consents.refuse(conn, await sights.one(conn, caller.subject, id_, data.version))
    return _on(id_, data)


@post("/consents/{id_:str}/withdraw", opt=MINE, include_in_schema=False)
async def withdraw(conn: GivenConnection, caller: GivenCaller, id_: FromPath[str]) -> Redirect:
    """Take it back: nothing is read from now on."""
    await consents.withdraw(conn, await sights.one(conn, caller.subject, id_))
    return Redirect(f"/consents/{id_}", status_code=303)


def _authn(caller: Caller) -> Authn:
    """How surely we know who agrees; LevelNeeded where that is not enough or too long ago."""
    if caller.proof is None:
        raise LevelNeeded("passkey")
    must_have_level(caller.proof, "passkey", clock.now(), PROVEN)
    return "upstream" if caller.proof.level == "upstream" else "passkey"


def _chosen(items: list[str]) -> tuple[Data, ...]:
    """The items of the form, each `type|attribute`."""
    pairs = [item.partition("|") for item in items]
    types = dict.fromkeys(type_ for type_, _, attr in pairs if attr)
    return tuple(Data(type_, tuple(attr for of, _, attr in pairs if of == type_ and attr)) for type_ in types)


def _on(id_: str, answer: Answer) -> Redirect:
    return Redirect(here(answer.next_) if answer.next_ else f"/consents/{id_}", status_code=303)


ROUTES = [agree, refuse, withdraw]
