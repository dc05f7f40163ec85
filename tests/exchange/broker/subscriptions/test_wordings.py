"""Contexts of notifications: at hand, and never waited for by who writes."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from hiroba.exchange.broker.contexts.context import CORE, Context, flatten
from hiroba.exchange.broker.errors import LdContextNotAvailable
from hiroba.exchange.broker.subscriptions import wordings
from hiroba.exchange.broker.subscriptions.model import Endpoint, NotificationParams, Stored, Subscription
from hiroba.exchange.broker.subscriptions.wordings import Wordings

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored(address: str) -> Stored:
    notification = NotificationParams(endpoint=Endpoint(uri="http://example.org/"))
    return Stored(
        tenant="", document=Subscription(notification=notification, jsonld_context=address), created=NOW, modified=NOW
    )


class SlowBook:
    """Contexts that come when they are let, or not at all."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.come = asyncio.Event()

    async def context(self, source: str, tenant: str = "") -> Context:
        self.asked.append(source)
        await self.come.wait()
        if source == "dead":
            raise LdContextNotAvailable("It is not to be had.")
        assert tenant == ""
        return Context(flatten([]), source)


async def test_a_context_is_asked_for_once_and_then_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    book = SlowBook()
    book.come.set()
    ready: Any = Wordings(book)  # type: ignore[arg-type]  # a book as far as it is asked here
    first = await ready.of(stored("a"))
    assert first is await ready.of(stored("a"))
    assert (first.source, book.asked) == ("a", ["a"])
    monkeypatch.setattr(wordings, "FRESH", -1.0)
    await ready.of(stored("dead"))
    assert await ready.of(stored("dead")) is CORE


async def test_those_that_do_not_come_are_waited_for_together_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordings, "PATIENCE", 0.01)
    book = SlowBook()
    ready: Any = Wordings(book)  # type: ignore[arg-type]  # as above
    await ready.ready([stored("a"), stored("b"), stored("a")])
    assert sorted(book.asked) == ["a", "b"]
    assert await ready.of(stored("a")) is CORE
    book.come.set()
    while (await ready.of(stored("a"))) is CORE:  # noqa: ASYNC110 - the task that asks is nobody's to wait for
        await asyncio.sleep(0)
    assert sorted(book.asked) == ["a", "b"]
