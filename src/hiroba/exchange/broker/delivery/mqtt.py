"""MQTT receivers (CIM 009 §7): one connection per broker and login, opened when needed and let go when idle."""

import asyncio
import os
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from hiroba.base.egress import CallFailed, Egress
from hiroba.exchange.broker.delivery import packets
from hiroba.exchange.broker.delivery.line import Attempt
from hiroba.exchange.broker.delivery.message import Message, enveloped
from hiroba.exchange.broker.delivery.model import Target
from hiroba.exchange.broker.delivery.packets import V3, V5, Login, Malformed, Packet

IDLE: Final = 20.0
"""Seconds after which an unused connection is closed: before the broker would ask whether we are still there."""
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
VERSIONS: Final = {"mqtt3.1.1": V3, "mqtt5.0": V5}
LARGEST: Final = 1 << 16
"""Bytes of a packet from a broker, which has nothing long to say to us."""


class Place(msgspec.Struct, frozen=True):
    """A broker as one login sees it."""

    secure: bool
    host: str
    port: int
    user: str | None
    password: str | None
    version: int


class Connection:
    """One connection; it is used by many publications at once."""

    def __init__(self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._place, self._reader, self._writer = place, reader, writer
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._number = 0
        self._highest_qos = 2
        self._places = asyncio.Semaphore()
        self._listening: asyncio.Task[None] | None = None
        self.used = asyncio.get_running_loop().time()

    @property
    def open(self) -> bool:
        """Whether it can be used."""
        listening = self._listening is not None and not self._listening.done()
        return listening and not self._writer.transport.is_closing()

    @property
    def idle(self) -> bool:
        """Whether nobody has needed it for a while."""
        return not self._waiting and self.used + IDLE < asyncio.get_running_loop().time()

    async def welcome(self) -> None:
        """Introduce ourselves."""
        place = self._place
        login = Login(
            version=place.version, client=f"hiroba-{os.urandom(6).hex()}", user=place.user, password=place.password
        )
        self._writer.write(packets.connect(login))
        answer = packets.welcome(place.version, await self._read())
        if answer.code:
            raise CallFailed(f"{place.host}:{place.port} refuses the login (MQTT code {answer.code}).")
        self._highest_qos, self._places = answer.qos, asyncio.Semaphore(answer.under_way)
        self._listening = asyncio.create_task(self._listen())

    async def publish(self, topic: str, payload: bytes, qos: int) -> int:
        """Publish; the broker's reason code, when it has taken the message."""
        self.used = asyncio.get_running_loop().time()
        qos = min(qos, self._highest_qos)
        self._must_be_open()
        if not qos:
            self._writer.write(packets.publish(self._place.version, topic, payload, qos=0, number=0))
            await self._writer.drain()
            return 0
        async with self._places:
            return await self._publish_and_wait(topic, payload, qos)

    async def _publish_and_wait(self, topic: str, payload: bytes, qos: int) -> int:
        self._must_be_open()
        number = self._next_number()
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(packets.publish(self._place.version, topic, payload, qos=qos, number=number))
            await self._writer.drain()
            code: int = await answer
            return code
        finally:
            del self._waiting[number]

    def _must_be_open(self) -> None:
        if not self.open:
            raise CallFailed(f"{self._place.host}:{self._place.port} closed the connection.")

    def _next_number(self) -> int:
        while True:
            self._number = self._number % 0xFFFF + 1
            if self._number not in self._waiting:
                return self._number

    async def _read(self) -> Packet:
        first = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the bit that says there is more
                break
            if shift > 21 or length > LARGEST:  # noqa: PLR2004 - four bytes at most
                raise Malformed("a packet is too long")
        return Packet(first >> 4, await self._reader.readexactly(length))

    async def _listen(self) -> None:
        """Take acknowledgements until the connection ends, and with it whatever waits for one."""
        try:
            while True:
                packet = await self._read()
                if packet.type in {packets.PUBACK, packets.PUBCOMP}:
                    self._answer(*packets.acknowledged(packet))
                elif packet.type == packets.PUBREC:
                    number, code = packets.acknowledged(packet)
                    if code >= packets.FAILED:
                        self._answer(number, code)
                    elif self.open:
                        self._writer.write(packets.pubrel(number))
                elif packet.type == packets.DISCONNECT:
                    return
        except (OSError, EOFError, Malformed):
            return
        finally:
            self._writer.close()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(CallFailed(f"{self._place.host}:{self._place.port} closed the connection."))

    def _answer(self, number: int, code: int) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(code)

    async def close(self) -> None:
        """Say good bye."""
        if self.open:
            self._writer.write(packets.disconnect())
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()


class Mqtt:
    """Publish to a topic of a broker (CIM 009 §7.2)."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._connections: dict[Place, asyncio.Task[Connection]] = {}

    async def close(self) -> None:
        """Let all connections go."""
        tasks, self._connections = list(self._connections.values()), {}
        for task in tasks:
            task.cancel()
        for connection in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(connection, Connection):
                await connection.close()

    async def send(self, target: Target, message: Message, seconds: float) -> Attempt:
        """Publish it; with QoS 1 and 2 the broker's acknowledgement is success, with 0 that it could be written."""
        try:
            parts = urlsplit(target.uri)
            place, topic = _place(parts, dict(target.notifier_info)), unquote(parts.path[1:])
            qos = int(dict(target.notifier_info).get("MQTT-QoS", "0"))
        except ValueError as error:
            return Attempt(ok=False, reason=f"its address cannot be read: {error}", refused=True)
        if not topic or set(topic) & {"#", "+", "\0"}:
            return Attempt(ok=False, reason="its topic is empty or has a wildcard", refused=True)
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connection(place, seconds)
                code = await connection.publish(topic, enveloped(message), qos)
        except (OSError, EOFError, Malformed) as error:  # TimeoutError is an OSError
            raise CallFailed(f"{place.host}:{place.port} did not answer: {type(error).__name__}.") from error
        if code >= packets.FAILED:
            return Attempt(ok=False, reason=f"the broker refuses it (MQTT code {code})", refused=True)
        return Attempt(ok=True)

    async def _connection(self, place: Place, seconds: float) -> Connection:
        """The connection to a broker, opened once however many wait for it."""
        await self._let_idle_go()
        task = self._connections.get(place)
        if task is None or (task.done() and (task.cancelled() or task.exception() or not task.result().open)):
            task = self._connections[place] = asyncio.create_task(self._open(place, seconds))
        return await asyncio.shield(task)

    async def _open(self, place: Place, seconds: float) -> Connection:
        reader, writer = await self._egress.connect(place.host, place.port, secure=place.secure, seconds=seconds)
        connection = Connection(place, reader, writer)
        try:
            async with asyncio.timeout(seconds):
                await connection.welcome()
        except BaseException:
            writer.close()
            raise
        return connection

    async def _let_idle_go(self) -> None:
        for place, task in list(self._connections.items()):
            if not task.done():
                continue
            if task.cancelled() or task.exception() is not None:
                del self._connections[place]
            elif task.result().idle or not task.result().open:
                del self._connections[place]
                await task.result().close()


def _place(parts: SplitResult, settings: dict[str, str]) -> Place:
    version = settings.get("MQTT-Version", "mqtt5.0")
    if not parts.hostname:
        raise ValueError("it names no host")
    if version not in VERSIONS:
        raise ValueError("MQTT-Version is mqtt3.1.1 or mqtt5.0")
    return Place(
        secure=parts.scheme == "mqtts",
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        version=VERSIONS[version],
    )
