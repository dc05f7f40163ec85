"""MQTT over TLS with a real mosquitto: an authority that the operator names is trusted, names are checked, and refusals told."""

import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.certificates import Authority
from tests.conftest import client_of, missing
from tests.exchange.broker.delivery.conftest import until

from hiroba.base.egress import port_is_free
from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
BASE = "/ngsi-ld/v1"


class Secure:
    """A mosquitto that speaks TLS as `localhost`, who vouches for it, and what it handed on."""

    def __init__(self, port: int, authority: Path, log: Path) -> None:
        self.port, self.authority, self._log = port, authority, log

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self._log.read_bytes().splitlines()]


def wait(condition: Callable[[], bool]) -> None:
    """Until mosquitto is as it should be, and not for ever."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("mosquitto does not come up")


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Secure]:
    if not Path(MOSQUITTO).exists() or shutil.which("mosquitto_sub") is None:
        missing("mosquitto")
    authority, port, log = Authority(tmp_path), free_port(), tmp_path / "got.txt"
    server = authority.vouch_for("localhost")
    (tmp_path / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser {'root' if os.geteuid() == 0 else ''}\n"
        f"cafile {authority.certificate}\ncertfile {server.certificate}\nkeyfile {server.key}\n"
        "log_dest stderr\nlog_type subscribe\n"
    )
    with (tmp_path / "log.txt").open("wb") as said:
        running = subprocess.Popen([MOSQUITTO, "-c", str(tmp_path / "conf")], stdout=subprocess.DEVNULL, stderr=said)
    wait(lambda: not port_is_free("127.0.0.1", port))
    listen = ["mosquitto_sub", "-h", "localhost", "-p", str(port), "--cafile", str(authority.certificate), "-t", "#"]
    with log.open("wb") as out:
        listener = subprocess.Popen([*listen, "-q", "1"], stdout=out)
    wait(lambda: bool((tmp_path / "log.txt").read_bytes()))
    yield Secure(port, authority.certificate, log)
    for process in (listener, running):
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def house(database: str, folder: Path, authority: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        data=folder, database_url=database, open=True, public_url="http://hiroba.test", egress_ca=authority
    )
    async with client_of(settings) as client:
        yield client


async def subscribed(client: httpx.AsyncClient, receiver: str) -> str:
    document = {
        "type": "Subscription",
        "entities": [{"type": "Sensor"}],
        "notification": {
            "endpoint": {"uri": receiver, "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}]},
        },
    }
    made = await client.post(f"{BASE}/subscriptions", json=document)
    assert made.status_code == 201, made.text
    entity = {"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "level": {"type": "Property", "value": 3}}
    assert (await client.post(f"{BASE}/entities", json=entity)).status_code == 201
    return made.headers["location"]


async def outcome(client: httpx.AsyncClient, subscription: str) -> dict[str, Any]:
    """How it went, as soon as that is known."""
    told: dict[str, Any] = {}

    async def known() -> bool:
        told.update((await client.get(subscription)).json()["notification"])
        return "status" in told

    await until(known)
    return told


async def test_a_broker_whose_authority_is_named_is_trusted(database, tmp_path, mosquitto) -> None:
    async with house(database, tmp_path, str(mosquitto.authority)) as client:
        made = await subscribed(client, f"mqtts://localhost:{mosquitto.port}/city")
        await until(lambda: len(mosquitto.messages) == 1)
        status = await outcome(client, made)
    assert mosquitto.messages[0]["body"]["data"][0]["id"] == "urn:ngsi-ld:Sensor:1"
    assert (status["status"], status["timesSent"]) == ("ok", 1)
    assert "lastFailureReason" not in status


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("localhost", "self-signed certificate in certificate chain"),
        ("127.0.0.1", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
    ids=["an authority nobody named", "another name than the certificate's"],
)
async def test_a_certificate_that_is_not_trusted_is_refused_and_the_subscription_says_why(
    database, tmp_path, mosquitto, host, why
) -> None:
    async with house(database, tmp_path, "" if host == "localhost" else str(mosquitto.authority)) as client:
        made = await subscribed(client, f"mqtts://{host}:{mosquitto.port}/city")
        status = await outcome(client, made)
    assert (status["status"], status["timesFailed"]) == ("failed", 1)
    assert status["lastFailureReason"] == (f"{host}:{mosquitto.port} has a certificate that is not trusted: {why}.")
    assert mosquitto.messages == []
