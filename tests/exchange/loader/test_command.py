"""`hiroba load` as a person types it: exit statuses, the report, the key, the running house."""

from pathlib import Path

import httpx
import orjson
import pytest

from hiroba.base.errors import Stop
from hiroba.cli.load import execute

TABLE = "#property,latitude,longitude,name,address,telephoneNumber,referenceObject,note\n"


@pytest.fixture
def parks(tmp_path: Path) -> Path:
    file = tmp_path / "town" / "park__data.csv"
    file.parent.mkdir()
    file.write_text(f"{TABLE}1,34.3,134.0,北公園,,,,\n2,34.3,134.0,南公園,,なし,,\n,34.3,134.0,西公園,,,,\n")
    (file.parent / "SOURCE.md").write_text("# Where it is from\n")
    return file.parent


def test_what_went_in_what_was_skipped_and_what_was_refused_is_said(parks, tmp_path, fake, capsys, monkeypatch):
    monkeypatch.setenv("HIROBA_TOKEN", "of the environment")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert execute([str(parks), "--url", fake.url, "--report", str(tmp_path / "report.json")]) == 0
    said = capsys.readouterr().out
    assert "takamatsu-park" in said
    assert "対象外" in said
    assert "登録：2件、拒否：1行" in said
    assert fake.headers[0]["Authorization"] == "Bearer of the environment"
    document = orjson.loads((tmp_path / "report.json").read_bytes())
    assert document["totals"] == {
        "files": 2,
        "rows": 3,
        "created": 2,
        "updated": 0,
        "refusedRows": 1,
        "leftOutCells": 1,
    }
    [table] = [file for file in document["files"] if file["status"] == "loaded"]
    refused = next(finding for finding in table["findings"] if not finding["kept"])
    assert (refused["row"], refused["column"]) == (4, "#property")
    assert set(refused["mend"]) == {"ja", "en"}


def test_strictly_one_refusal_is_a_failure(parks, fake):
    assert execute([str(parks), "--url", fake.url, "--strict"]) == 1


def test_a_folder_without_data_is_a_failure(tmp_path, fake):
    (tmp_path / "README").write_text("words")
    assert execute([str(tmp_path), "--url", fake.url]) == 1


def test_a_file_there_is_none_of_stops_with_its_name(fake):
    with pytest.raises(Stop, match=r"nowhere\.csv"):
        execute(["nowhere.csv", "--url", fake.url])


def test_without_a_running_house_one_is_told_how_to_start_it(parks, tmp_path):
    with pytest.raises(Stop, match="hiroba up"):
        execute([str(parks), "--data", str(tmp_path / "nothing")])


def test_the_key_of_this_machine_goes_to_no_other_house(parks, tmp_path, fake, monkeypatch):
    monkeypatch.delenv("HIROBA_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "operator.key").write_text("ours alone")
    execute([str(parks), "--url", fake.url])
    assert "Authorization" not in fake.headers[0]


def test_the_running_house_takes_it_into_a_tenant_made_for_it(parks, site):
    assert execute([str(parks), "--data", str(site.data), "--tenant", "parks"]) == 0
    assert execute([str(parks), "--data", str(site.data), "--tenant", "parks"]) == 0
    headers = {
        "NGSILD-Tenant": "parks",
        "Authorization": f"Bearer {site.key}",
        "Link": f'<{site.url}/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"',
    }
    answer = httpx.get(f"{site.url}/ngsi-ld/v1/entities", params={"type": "Park"}, headers=headers)
    assert [entity["name"]["value"] for entity in answer.json()] == ["北公園", "南公園"]
    assert answer.json()[0]["location"]["value"] == {"type": "Point", "coordinates": [134.0, 34.3]}
