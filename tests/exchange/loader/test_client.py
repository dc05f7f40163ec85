"""The exchange is called in batches, with patience, and its refusals find their way back to the rows."""

import asyncio
from pathlib import Path

import pytest

from hiroba.base.console import bar
from hiroba.base.errors import Stop
from hiroba.exchange.loader.client import Outcome
from hiroba.exchange.loader.load import Load
from hiroba.exchange.loader.mapping import built_in


def parks(folder: Path, count: int) -> Path:
    file = folder / "park__data.csv"
    rows = (f"{number},34.3,134.0,第{number}公園" for number in range(1, count + 1))
    file.write_text("\n".join(["#property,latitude,longitude,name", *rows]))
    return file


def test_batches_are_of_five_hundred_and_carry_key_context_and_tenant(tmp_path, fake, load):
    load(parks(tmp_path, 1201), tenant="odpo")
    assert sorted(fake.batches) == [201, 500, 500]
    assert len(fake.entities) == 1201
    assert fake.tenants == {"odpo"}
    headers = fake.headers[0]
    assert headers["Authorization"] == "Bearer secret"
    assert headers["NGSILD-Tenant"] == "odpo"
    assert f"<{fake.url}/context/v1.jsonld>" in headers["Link"]


def test_what_the_exchange_refuses_is_told_by_row(tmp_path, fake, load):
    fake.refuse["urn:ngsi-ld:Park:takamatsu-park:2"] = "no such park"
    report = load(parks(tmp_path, 3))
    [finding] = report.files[0].findings
    assert finding.row == 3
    assert "no such park" in finding.sentence.in_language("en")
    assert report.went_in == 2


def test_a_busy_exchange_is_asked_again(tmp_path, fake, load):
    fake.statuses = [503, 429, 200]
    assert load(parks(tmp_path, 3)).went_in == 3


def test_a_batch_refused_whole_is_halved_until_the_rest_is_in(tmp_path, fake, load):
    fake.statuses = [413, 413]
    assert load(parks(tmp_path, 8)).went_in == 8


@pytest.mark.parametrize(
    ("status", "said"), [(401, "HIROBA_TOKEN"), (403, "HIROBA_TOKEN"), (404, "no NGSI-LD"), (500, "run the same load")]
)
def test_where_going_on_is_of_no_use_the_load_stops_with_a_mend(tmp_path, fake, load, status, said):
    fake.statuses = [status]
    with pytest.raises(Stop, match=said):
        load(parks(tmp_path, 3))


def test_an_exchange_that_is_not_there_stops_the_load(tmp_path, fake, load):
    fake.url = "http://127.0.0.1:9"
    with pytest.raises(Stop, match="run the same load again"):
        load(parks(tmp_path, 3))


def test_a_file_is_read_no_faster_than_the_exchange_takes_it(tmp_path):
    class Slow:
        """An exchange that notes how far the file was read when each batch arrived, and how many were under way."""

        tenant = ""
        under_way = 0
        most = 0

        async def upsert(self, entities, **_):
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0.001)
            self.under_way -= 1
            seen.append((int(entities[-1]["id"].rpartition(":")[2]), report.files[0].rows))
            return Outcome(len(entities))

    seen: list[tuple[int, int]] = []
    slow = Slow()
    with bar("Loading") as progress:
        load = Load(slow, list(built_in().values()), named=False, progress=progress)
        report = load._report
        asyncio.run(load.run([parks(tmp_path, 4000)]))
    assert slow.most == 2
    assert report.went_in == 4000
    assert all(read - last <= 3 * 500 for last, read in seen)
