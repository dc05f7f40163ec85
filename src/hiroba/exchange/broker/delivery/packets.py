"""The packets of MQTT that one who only publishes needs (OASIS MQTT 3.1.1 and 5.0): pure functions between bytes and values."""

import struct
from typing import Final

import msgspec

CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, PINGRESP, DISCONNECT = 2, 3, 4, 5, 6, 7, 13, 14
"""Types of packets, the upper half of their first byte."""
V3, V5 = 4, 5
"""Protocol levels: 3.1.1 and 5.0."""
LONGEST: Final = 268_435_455
"""Bytes that may follow the fixed header (§2.2.3 of 3.1.1, §2.1.4 of 5.0)."""
FAILED: Final = 0x80
"""Reason codes from here on say that it was not taken."""
RECEIVE_MAXIMUM, MAXIMUM_QOS = 0x21, 0x24
"""Properties of a CONNACK: messages of QoS 1 and 2 that may be under way at once, the highest QoS that the broker knows."""
_SIZES: Final = {0x24: 1, 0x25: 1, 0x28: 1, 0x29: 1, 0x2A: 1, 0x13: 2, 0x21: 2, 0x22: 2, 0x11: 4, 0x27: 4}
"""Bytes of properties whose length is fixed; the others are texts, and 0x26 a pair of them."""
_PAIR: Final = 0x26


class Malformed(Exception):  # noqa: N818 - the specification's own word
    """The other side does not speak MQTT."""


class Packet(msgspec.Struct, frozen=True):
    """A packet as it came in."""

    type: int
    body: bytes


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """With what a connection is asked for."""

    version: int
    client: str
    user: str | None = None
    password: str | None = None
    keep_alive: int = 60


def varint(number: int) -> bytes:
    """A variable byte integer: seven bits a byte, the lowest first."""
    if not 0 <= number <= LONGEST:
        raise Malformed("a packet is longer than MQTT allows")
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text(value: str) -> bytes:
    """A text with its length before it."""
    encoded = value.encode()
    if len(encoded) > 0xFFFF:  # noqa: PLR2004 - two bytes of length
        raise Malformed("a text is longer than MQTT allows")
    return struct.pack("!H", len(encoded)) + encoded


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


def connect(login: Login) -> bytes:
    """Ask for a connection without a session."""
    named, secret = login.user is not None or login.password is not None, login.password is not None
    flags = 0x02 | (0x80 if named else 0) | (0x40 if secret else 0)  # 3.1.1 knows no password without a user
    body = text("MQTT") + struct.pack("!BBH", login.version, flags, login.keep_alive)
    body += b"\0" if login.version == V5 else b""
    body += text(login.client)
    body += text(login.user or "") if named else b""
    body += text(login.password or "") if secret else b""
    return _packet(0x10, body)


def publish(version: int, topic: str, payload: bytes, *, qos: int, number: int) -> bytes:
    """Publish; `number` tells messages of QoS 1 and 2 apart."""
    head = text(topic) + (struct.pack("!H", number) if qos else b"") + (b"\0" if version == V5 else b"")
    return _packet(PUBLISH << 4 | qos << 1, head + payload)


def pubrel(number: int) -> bytes:
    """The second half of QoS 2: it may be passed on."""
    return _packet(PUBREL << 4 | 0x02, struct.pack("!H", number))


def disconnect() -> bytes:
    """Good bye."""
    return _packet(DISCONNECT << 4, b"")


def acknowledged(packet: Packet) -> tuple[int, int]:
    """The number of the message an acknowledgement is about, and its reason code; 3.1.1 has none, which is success."""
    if len(packet.body) < 2:  # noqa: PLR2004 - a number has two bytes
        raise Malformed("an acknowledgement names no message")
    return int.from_bytes(packet.body[:2]), packet.body[2] if len(packet.body) > 2 else 0  # noqa: PLR2004 - as above


class Welcome(msgspec.Struct, frozen=True):
    """A broker's answer to a login."""

    code: int
    """0 where the login is taken."""
    qos: int = 2
    under_way: int = 0xFFFF


def welcome(version: int, packet: Packet) -> Welcome:
    """What a CONNACK says."""
    if packet.type != CONNACK or len(packet.body) < 2:  # noqa: PLR2004 - flags and a code
        raise Malformed("the answer to a connection is not one")
    said = properties(packet.body[2:]) if version == V5 and len(packet.body) > 2 else {}  # noqa: PLR2004 - as above
    return Welcome(packet.body[1], said.get(MAXIMUM_QOS, 2), said.get(RECEIVE_MAXIMUM) or 0xFFFF)


def properties(data: bytes) -> dict[int, int]:
    """The properties that are numbers, by their identifier."""
    length, place = _varint_at(data, 0)
    end, found = place + length, dict[int, int]()
    if end > len(data):
        raise Malformed("properties are cut off")
    while place < end:
        identifier = data[place]
        place += 1
        size = _SIZES.get(identifier)
        if size is not None:
            found[identifier] = int.from_bytes(data[place : place + size])
            place += size
            continue
        for _ in range(2 if identifier == _PAIR else 1):
            place += 2 + int.from_bytes(data[place : place + 2])
    return found


def _varint_at(data: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 28, 7):
        if place >= len(data):
            break
        number |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:  # noqa: PLR2004 - the bit that says there is more
            return number, place
    raise Malformed("a length is cut off or too long")
