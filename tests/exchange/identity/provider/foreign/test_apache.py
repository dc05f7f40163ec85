"""Debian's libapache2-mod-auth-openidc signs people in by the provider, and lets them go when their session is over."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Running, missing
from tests.exchange.identity.provider.foreign.conftest import agreed

from hiroba.base.db import Connection
from hiroba.base.egress import port_is_free
from hiroba.exchange.identity.people.subjects import subject_of

pytestmark = pytest.mark.anyio
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "headers", "dir")
CONFIGURATION = """
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/pid"
DefaultRuntimeDir "{folder}"
ErrorLog "{folder}/error.log"
LogLevel warn auth_openidc:info
{modules}
DocumentRoot "{folder}/pages"
DirectoryIndex index.txt
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/private/back
OIDCCryptoPassphrase {secret}
OIDCPKCEMethod S256
OIDCScope openid
OIDCResponseType code
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRemoteUserClaim sub
OIDCUserInfoRefreshInterval 0
<Location "/private">
  AuthType openid-connect
  Require valid-user
  Header always set X-Person "expr=%{{REMOTE_USER}}"
</Location>
"""


@pytest.fixture
def apache(real_house: Running, free_port: Callable[[], int]) -> Iterator[str]:
    """The address of an Apache of our own, in the foreground, without rights, registered as an application."""
    program = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
    if program is None or not (MODULES / "mod_auth_openidc.so").exists():
        missing("apache2 with libapache2-mod-auth-openidc (Debian: apt install apache2 libapache2-mod-auth-openidc)")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    body = {
        "organisation": "org:clinic", "title": {"ja": "病院の受付", "en": "Reception"},
        "redirect_uris": [f"{url}/private/back"], "backchannel_logout_uri": f"{url}/private/back?logout=backchannel",
    }  # fmt: skip
    operator = {"Authorization": f"Bearer {real_house.key}"}
    told = httpx.put(f"{real_house.url}/api/v1/applications/apache?new_secret=true", json=body, headers=operator)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pages/private").mkdir(parents=True)
        (folder / "pages/private/index.txt").write_text("private")
        (folder / "apache.conf").write_text(CONFIGURATION.format(
            folder=folder, port=port, issuer=real_house.url, secret=told.json()["client_secret"],
            modules="\n".join(f"LoadModule {module}_module {MODULES}/mod_{module}.so" for module in NEEDED),
        ))  # fmt: skip
        command = [str(program), "-d", name, "-f", f"{name}/apache.conf", "-D", "FOREGROUND"]
        with (folder / "apache.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **_without_rights(folder))
            try:
                for _ in range(300):
                    if not port_is_free("127.0.0.1", port):
                        break
                    assert process.poll() is None, (folder / "apache.log").read_text()
                    time.sleep(0.1)
                yield url
            finally:
                process.terminate()
                process.wait(20)


def _without_rights(folder: Path) -> dict[str, Any]:
    """As root, Apache is started as nobody, to whom its folder belongs."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "nobody", "nogroup")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


async def test_apache_signs_a_person_in_and_is_told_when_the_session_is_over(
    apache: str, house: httpx.AsyncClient, conn: Connection
) -> None:
    async with httpx.AsyncClient() as browser:
        away = await browser.get(f"{apache}/private/")
        assert away.status_code == 302, away.text
        back = await agreed(house, f"{apache}/private/back?", away.headers["location"])
        opened = await browser.get(back, follow_redirects=True)
        assert (opened.status_code, opened.text) == (200, "private")
        person = await conn.fetchval("select person from identity.agreement where application = 'apache'")
        assert opened.headers["x-person"].startswith(await subject_of(conn, person, "app:apache"))
        assert (await browser.get(f"{apache}/private/")).status_code == 200
        await conn.execute("delete from identity.session where person = $1", person)
        for _ in range(300):
            if (await browser.get(f"{apache}/private/")).status_code == 302:
                break
            await asyncio.sleep(0.1)
        assert (await browser.get(f"{apache}/private/")).status_code == 302
        assert await conn.fetchval("select count(*) from identity.logout_notice") == 0


async def test_apache_shows_nothing_to_whom_it_does_not_know(apache: str) -> None:
    async with httpx.AsyncClient() as browser:
        away = await browser.get(f"{apache}/private/")
        query = httpx.URL(away.headers["location"]).params
        assert query["code_challenge_method"] == "S256"
        forged = f"{apache}/private/back?code=x&state={query['state']}&iss=http://evil.example"
        assert (await browser.get(forged)).text != "private"
        assert (await browser.get(f"{apache}/private/")).status_code == 302
