"""Where context sources send what they have to tell of copies of subscriptions (CIM 009 §5.8.6, §6.3.8).

Who may tell something is who knows the id of a copy: this house chose it, beyond guessing, and gave it to the source alone.
"""

import logging
from typing import Any, Final

from litestar.types import HTTPScope, Receive, Send

from hiroba.base.errors import Problem
from hiroba.exchange.broker.contexts.book import Book
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.errors import InternalError, ResourceNotFound
from hiroba.exchange.broker.forwarded.model import PATH
from hiroba.exchange.broker.forwarded.receiving import Receiver
from hiroba.exchange.broker.ngsi_ld.http import (
    JSON,
    JSON_LD,
    Answer,
    MethodNotAllowed,
    Request,
    parse,
    problem,
    send,
)

log = logging.getLogger("hiroba.ngsi_ld")
METHODS: Final = ("OPTIONS", "POST")


class Inbox:
    """One address that takes notifications."""

    def __init__(self, receiver: Receiver, book: Book) -> None:
        self._receiver = receiver
        self._book = book

    async def __call__(self, scope: HTTPScope, receive: Receive, send_: Send) -> None:
        """Answer one request, whatever it is; 200 says that it will reach the subscriber."""
        request = Request(scope, receive, self._book, PATH)
        request.tenant = ""  # the source's, if it says one; whose subscription it is, the id tells
        try:
            answer = await self._answer(request, scope)
        except Problem as error:
            answer = problem(error)
        except Exception:
            log.exception("unforeseen in a notification")
            answer = problem(InternalError("Something went wrong on our side."))
        await send(answer, send_)

    async def _answer(self, request: Request, scope: HTTPScope) -> Answer:
        if scope["path"] != PATH:
            raise ResourceNotFound(f"There is no {scope['path']}.")
        if scope["method"] == "OPTIONS":
            return Answer(204, headers=[("allow", ", ".join(METHODS))])
        if scope["method"] != "POST":
            refusal = MethodNotAllowed(f"{PATH} takes {', '.join(METHODS)}.")
            refusal.allowed = METHODS
            raise refusal
        await self._take(request)
        return Answer(200)

    async def _take(self, request: Request) -> None:
        request.must_say_its_length()
        request.must_come_as(JSON, JSON_LD)
        document = parse(await request.body())
        around = document.get("@context") if isinstance(document, dict) else None

        async def context_of(entity: Any) -> Context:
            own = entity.get("@context", around) if isinstance(entity, dict) else around
            return await request.context() if own is None else await self._book.context(own)

        await self._receiver.receive(document, context_of)
