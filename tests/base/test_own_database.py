"""A PostgreSQL of one's own, of any version that is taken: the house starts on it, keeps what was written, and finds Japanese."""

from collections.abc import Iterator

import httpx
import pytest
from tests.conftest import up
from tests.own_postgres import INSTALLED, own_postgres


@pytest.fixture(params=INSTALLED or [None], ids=lambda folder: folder.parent.name if folder else "none")
def own(request, free_port) -> Iterator[str]:
    """The address of a database in a cluster of the system's own PostgreSQL."""
    with own_postgres(request.param, free_port()) as address:
        yield address


def test_the_house_starts_on_it_and_finds_its_sample_in_japanese(own: str, tmp_path, free_port, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", own)
    for _ in range(2):
        with up(tmp_path, free_port()) as house:
            assert not (house.data / "postgres").exists()
            assert "図書館" in httpx.get(f"{house.url}/search", params={"q": "図書館"}).text
            answer = httpx.get(f"{house.url}/ngsi-ld/v1/types")
            assert len(answer.json()["typeList"]) > 10
