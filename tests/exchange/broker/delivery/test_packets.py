"""The packets of MQTT: what is written can be read, and nonsense from the other side is called that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.delivery import packets
from hiroba.exchange.broker.delivery.packets import V3, V5, Login, Malformed, Packet, Welcome


def read(data: bytes) -> tuple[int, bytes]:
    length, place = packets._varint_at(data, 1)
    assert place + length == len(data)
    return data[0], data[place:]


@given(st.integers(0, packets.LONGEST))
def test_lengths_go_there_and_back(number: int) -> None:
    assert packets._varint_at(packets.varint(number), 0) == (number, len(packets.varint(number)))


@given(st.text(min_size=1, max_size=50), st.binary(max_size=300), st.integers(0, 2), st.sampled_from([V3, V5]))
def test_a_publication_holds_topic_number_and_payload(topic: str, payload: bytes, qos: int, version: int) -> None:
    first, body = read(packets.publish(version, topic, payload, qos=qos, number=7))
    assert first == 0x30 | qos << 1
    head = packets.text(topic) + (b"\x00\x07" if qos else b"") + (b"\x00" if version == V5 else b"")
    assert body == head + payload


def test_a_login_of_3_1_1_is_what_the_specification_shows() -> None:
    login = Login(version=V3, client="c", user="user", password="secret", keep_alive=10)  # noqa: S106 - an example
    assert packets.connect(login) == b"\x10\x1b\x00\x04MQTT\x04\xc2\x00\x0a\x00\x01c\x00\x04user\x00\x06secret"


def test_a_login_of_5_0_has_properties() -> None:
    assert packets.connect(Login(version=V5, client="c")) == b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c"


def test_the_highest_qos_is_found_among_other_properties() -> None:
    properties = b"\x12\x00\x02id" + b"\x26\x00\x01a\x00\x01b" + b"\x21\x00\x10" + b"\x24\x01"
    answer = Packet(packets.CONNACK, b"\x00\x00" + packets.varint(len(properties)) + properties)
    assert packets.welcome(V5, answer) == Welcome(0, 1, 16)
    assert packets.welcome(V3, Packet(packets.CONNACK, b"\x00\x05")) == Welcome(5)


@given(st.binary(max_size=60), st.sampled_from([V3, V5]))
def test_nonsense_is_malformed_and_nothing_worse(data: bytes, version: int) -> None:
    for read_it in (
        lambda: packets.welcome(version, Packet(packets.CONNACK, data)),
        lambda: packets.acknowledged(Packet(packets.PUBACK, data)),
    ):
        try:
            assert read_it()
        except Malformed:
            continue


def test_what_is_too_long_is_refused_here() -> None:
    with pytest.raises(Malformed):
        packets.text("a" * 70_000)
