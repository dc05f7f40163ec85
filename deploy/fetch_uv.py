"""Fetch uv's wheel with nothing but the standard library, check it against the hashes below, and unpack its binary.

Usage: python3 fetch_uv.py VERSION FOLDER. A hash that does not match leaves nothing behind.
"""

import hashlib
import html
import io
import os
import platform
import re
import sys
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urljoin

SHA256 = {
    ("0.13.8", "x86_64"): "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ("0.13.8", "aarch64"): "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
}


def get(url: str) -> bytes:
    """The body behind `url`, given a minute."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - the index is https unless its owner says otherwise
        body: bytes = answer.read()
    return body


def main(version: str, folder: Path) -> None:
    """Put `uv` of `version` into `folder`, or end with one line that says what to do."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    wanted = SHA256.get((version, machine))
    if wanted is None or sys.platform != "linux":
        sys.exit(f"hiroba: no pinned uv for {sys.platform} {machine}. Install uv {version} yourself and run again.")
    index = os.environ.get("UV_INDEX_URL") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page = f"{index.rstrip('/')}/uv/"
    try:
        links = re.findall(r'href="([^"]+)#sha256=([0-9a-f]{64})"', get(page).decode())  # the simple index, PEP 503
        link = next((html.unescape(link) for link, sha256 in links if sha256 == wanted), None)
        if link is None:
            sys.exit(f"hiroba: {page} does not offer uv {version} for {machine}. Install uv yourself and run again.")
        wheel = get(urljoin(page, link))
    except (OSError, ValueError) as error:
        sys.exit(
            f"hiroba: could not fetch uv from {page} ({error}). Check the network or set UV_INDEX_URL, or install uv."
        )
    if hashlib.sha256(wheel).hexdigest() != wanted:
        sys.exit(f"hiroba: what {page} sent is not the pinned uv {version}. Nothing was installed.")
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        part = folder / f"uv.{os.getpid()}"
        part.write_bytes(archive.read(member))
    part.chmod(0o755)
    part.rename(folder / "uv")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
