"""Where notifications go, behind one protocol: each way of sending takes a target and a message, and says how it went."""

from typing import Protocol

from hiroba.base.egress import CallFailed, CallRefused, Egress
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import Message
from hiroba.exchange.broker.delivery.model import Target
from hiroba.exchange.broker.delivery.mqtt import Mqtt

PATIENCE = 10.0
"""Seconds an answer is waited for where the subscription says nothing."""
MOST_PATIENCE = 60.0


class Receiver(Protocol):
    """One way of sending."""

    async def send(self, target: Target, message: Message, seconds: float) -> Attempt:
        """Hand it over; what the other side says of it. Raises CallFailed where it says nothing."""


class Http:
    """POST to an address (CIM 009 §6.3.8)."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def send(self, target: Target, message: Message, seconds: float) -> Attempt:
        """Post it; any 2xx is success."""
        status = await self._egress.post(target.uri, headers=message.headers, body=message.body, seconds=seconds)
        if 200 <= status < 300:  # noqa: PLR2004 - what 2xx means
            return Attempt(ok=True)
        return Attempt(ok=False, reason=f"it answered {status}", refused=status not in TROUBLED and status < 500)  # noqa: PLR2004 - 5xx


TROUBLED = frozenset({408, 425, 429})
"""Answers that say «not now» rather than «not this»."""


class Receivers:
    """Every way of sending, by the scheme of the address."""

    def __init__(self, egress: Egress) -> None:
        self._mqtt = Mqtt(egress)
        http = Http(egress)
        self._by_scheme: dict[str, Receiver] = {"http": http, "https": http, "mqtt": self._mqtt, "mqtts": self._mqtt}

    async def close(self) -> None:
        """Let the connections go."""
        await self._mqtt.close()

    async def send(self, target: Target, message: Message) -> Attempt:
        """Send it, whatever happens: a failure is an answer too."""
        seconds = min(target.timeout or PATIENCE, MOST_PATIENCE)
        receiver = self._by_scheme.get(target.uri.split(":", 1)[0].lower())
        if receiver is None:
            return Attempt(ok=False, reason="there is no way to send to such an address", refused=True)
        try:
            return await receiver.send(target, message, seconds)
        except CallRefused as refused:
            return Attempt(ok=False, reason=refused.detail, refused=True)
        except CallFailed as failed:
            return Attempt(ok=False, reason=failed.detail)
