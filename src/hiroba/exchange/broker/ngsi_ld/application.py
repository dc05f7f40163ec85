"""The NGSI-LD face as a thin ASGI application."""

from litestar.types import Receive, Scope, Send

from hiroba.base.egress import Egress
from hiroba.exchange.broker.access import Access
from hiroba.exchange.broker.exchange import Exchange


class NgsiLd:
    """CIM 009 over HTTP."""

    def __init__(self, exchange: Exchange, access: Access, egress: Egress) -> None:
        self.exchange, self.access, self.egress = exchange, access, egress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
