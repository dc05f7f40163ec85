"""MQTT receivers, with a real mosquitto: both versions, every QoS, logins, and brokers that are not there."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import orjson
import pytest
from tests.conftest import missing
from tests.exchange.broker.delivery.conftest import address, until

from hiroba.base import clock
from hiroba.base.egress import LOOPBACK, Egress, port_is_free
from hiroba.exchange.broker.delivery import mqtt
from hiroba.exchange.broker.delivery.message import message
from hiroba.exchange.broker.delivery.model import Row, Target
from hiroba.exchange.broker.delivery.receivers import Receivers

pytestmark = pytest.mark.anyio
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Broker:
    """A mosquitto of this test, and what it is told."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log

    @property
    def messages(self) -> list[tuple[str, dict]]:
        lines = self.log.read_text().splitlines()
        return [(topic, orjson.loads(payload)) for topic, _, payload in (line.partition(" ") for line in lines)]

    async def has(self, count: int) -> None:
        await until(lambda: len(self.messages) >= count)


@pytest.fixture
def broker(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    if not Path(MOSQUITTO).exists() or shutil.which("mosquitto_sub") is None:
        missing("mosquitto")
    port, log = free_port(), tmp_path / "got.txt"
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "me", "p@ss word"], check=True, capture_output=True)
    passwords.chmod(0o644)
    tmp_path.chmod(0o755)
    (tmp_path / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npassword_file {passwords}\nuser root\n"
    )
    server = subprocess.Popen(
        [MOSQUITTO, "-c", str(tmp_path / "conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while port_is_free("127.0.0.1", port):
        time.sleep(0.02)
    with log.open("wb") as out:
        listener = subprocess.Popen(["mosquitto_sub", "-p", str(port), "-t", "#", "-q", "2", "-v"], stdout=out)
    time.sleep(0.3)
    yield Broker(port, log)
    for process in (listener, server):
        process.terminate()
        process.wait(10)


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    made = Receivers(Egress(LOOPBACK))
    yield made
    await made.close()


def rows(number: int = 1) -> tuple[Row, ...]:
    item = orjson.dumps({"id": "urn:x:1", "n": number})
    return (Row(number=number, address=address("one"), entity="urn:x:1", trigger="", at=clock.now(), data=item),)


def target(uri: str, **more: object) -> Target:
    return Target(uri=uri, **more)


@pytest.mark.parametrize("version", ["mqtt3.1.1", "mqtt5.0"])
async def test_every_qos_of_both_versions_arrives_as_metadata_and_body(broker, receivers, version) -> None:
    for qos in ("0", "1", "2"):
        to = target(
            f"mqtt://127.0.0.1:{broker.port}/city/air/{qos}",
            notifier_info=(("MQTT-Version", version), ("MQTT-QoS", qos)),
            receiver_info=(("x-kind", "test"),),
        )
        assert (await receivers.send(to, message(rows(), to))).ok
    await broker.has(3)
    assert [topic for topic, _ in broker.messages] == ["city/air/0", "city/air/1", "city/air/2"]
    got = broker.messages[0][1]
    assert set(got) == {"metadata", "body"}
    assert got["metadata"]["Content-Type"] == "application/json"
    assert got["metadata"]["x-kind"] == "test"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in got["metadata"]["Link"]
    assert got["body"]["data"] == [{"id": "urn:x:1", "n": 1}]


async def test_many_at_once_share_a_connection_and_each_is_acknowledged(broker, receivers) -> None:
    to = target(f"mqtt://127.0.0.1:{broker.port}/t", notifier_info=(("MQTT-QoS", "2"),))
    attempts = await asyncio.gather(*(receivers.send(to, message(rows(number), to)) for number in range(200)))
    assert all(attempt.ok for attempt in attempts)
    await broker.has(200)
    assert sorted(got["body"]["data"][0]["n"] for _, got in broker.messages) == list(range(200))
    assert len(receivers._mqtt._connections) == 1


async def test_user_and_password_stand_in_the_address(broker, receivers) -> None:
    right = target(f"mqtt://me:p%40ss%20word@127.0.0.1:{broker.port}/t", notifier_info=(("MQTT-QoS", "1"),))
    wrong = target(f"mqtt://me:no@127.0.0.1:{broker.port}/t")
    assert (await receivers.send(right, message(rows(), right))).ok
    attempt = await receivers.send(wrong, message(rows(), wrong))
    assert not attempt.ok
    assert "refuses the login" in attempt.reason


async def test_a_connection_nobody_uses_is_let_go(broker, receivers, monkeypatch) -> None:
    one, other = (
        target(f"mqtt://127.0.0.1:{broker.port}/t", notifier_info=(("MQTT-Version", v),)) for v in mqtt.VERSIONS
    )
    assert (await receivers.send(one, message(rows(), one))).ok
    monkeypatch.setattr(mqtt, "IDLE", -1.0)
    assert (await receivers.send(other, message(rows(), other))).ok
    assert [place.version for place in receivers._mqtt._connections] == [mqtt.VERSIONS["mqtt5.0"]]


async def test_a_broker_that_comes_back_is_connected_to_again(broker, receivers) -> None:
    to = target(f"mqtt://127.0.0.1:{broker.port}/t", notifier_info=(("MQTT-QoS", "1"),))
    assert (await receivers.send(to, message(rows(), to))).ok
    (connection,) = [task.result() for task in receivers._mqtt._connections.values()]
    connection._writer.transport.abort()
    await asyncio.sleep(0.05)
    assert (await receivers.send(to, message(rows(2), to))).ok


async def test_addresses_that_cannot_be_are_refused_with_a_reason(receivers) -> None:
    for uri, said in {
        "mqtt://127.0.0.1:1/": "topic",
        "mqtt://127.0.0.1:1/a/%23": "topic",
        "mqtt://127.0.0.1:99999/a": "address",
        "mqtt:///a": "host",
    }.items():
        attempt = await receivers.send(target(uri), message(rows(), target(uri)))
        assert (attempt.ok, attempt.refused) == (False, True)
        assert said in attempt.reason
    absent = target("mqtt://127.0.0.1:1/t")
    attempt = await receivers.send(absent, message(rows(), absent))
    assert (attempt.ok, attempt.refused) == (False, False)


async def test_private_addresses_are_closed_for_mqtt_too() -> None:
    closed = Receivers(Egress())
    to = target("mqtt://127.0.0.1/t")
    attempt = await closed.send(to, message(rows(), to))
    assert "not public" in attempt.reason
    await closed.close()
