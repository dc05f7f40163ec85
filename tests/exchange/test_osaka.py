"""Real shelters of a whole prefecture: loaded by the command, found from a place, still there after a restart."""

import math

import httpx
import pytest
from pyproj import Geod
from tests.conftest import run_command, up

STATION = (135.49595, 34.70249)
"""Osaka station."""
WGS84 = Geod(ellps="WGS84")


def near(url: str, metres: int) -> list[dict]:
    answer = httpx.get(
        f"{url}/ngsi-ld/v1/entities",
        params={
            "type": "EvacuationSite", "georel": f"near;maxDistance=={metres}", "geometry": "Point", "limit": 1000,
            "coordinates": str(list(STATION)), "orderBy": "location;dist-asc", "format": "simplified",
        },
        headers={"Link": f'<{url}/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()


def metres_to(entity: dict) -> float:
    longitude, latitude = entity["location"]["coordinates"]
    return WGS84.inv(*STATION, longitude, latitude)[2]


def haversine_to(entity: dict) -> float:
    x, y, to_x, to_y = (math.radians(degrees) for degrees in (*STATION, *entity["location"]["coordinates"]))
    half = math.sin((to_y - y) / 2) ** 2 + math.cos(y) * math.cos(to_y) * math.sin((to_x - x) / 2) ** 2
    return math.asin(math.sqrt(half))


@pytest.mark.xdist_group("osaka")
def test_all_shelters_of_osaka_are_found_from_its_station_and_survive_a_restart(real_data, tmp_path, free_port) -> None:
    shelters = real_data / "shelters_osaka"
    with up(tmp_path, free_port(), "--sample", "none") as house:
        for _ in range(2):  # the second time changes nothing
            loaded = run_command(house, "load", shelters)
            assert loaded.returncode == 0, loaded.stdout + loaded.stderr
        count = {"count": "true", "limit": "0"}
        context = {"Link": f'<{house.url}/context/v1.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'}
        for kind, number in (("EvacuationSite", "5455"), ("EvacuationShelter", "2975")):
            answer = httpx.get(f"{house.url}/ngsi-ld/v1/entities", params={"type": kind, **count}, headers=context)
            assert answer.headers["ngsild-results-count"] == number
        everything = httpx.get(
            f"{house.url}/ngsi-ld/v1/entities",
            params={"type": "EvacuationSite", "limit": 1000, "format": "simplified", "pick": "id,location",
                    "q": 'municipality=="271004"'},
            headers=context,
        ).json()  # fmt: skip
        found = near(house.url, 2000)
        box = f"{STATION[0] - 0.01},{STATION[1] - 0.01},{STATION[0] + 0.01},{STATION[1] + 0.01}"
        on_map = httpx.get(f"{house.url}/map/places.geojson", params={"kind": "EvacuationSite", "bbox": box}).json()
    expected = {entity["id"] for entity in everything if metres_to(entity) <= 2000}
    assert expected <= {entity["id"] for entity in found}
    assert len(found) > 20
    assert max(map(metres_to, found)) <= 2000
    over_a_sphere = [haversine_to(entity) for entity in found]
    assert over_a_sphere == sorted(over_a_sphere), "the order is by Haversine's formula (CIM 009 §4.23.1)"
    assert on_map["features"][0]["geometry"]["coordinates"] == found[0]["location"]["coordinates"], "nearest on the map"
    with up(tmp_path, free_port(), "--sample", "none") as again:
        assert [entity["id"] for entity in near(again.url, 2000)] == [entity["id"] for entity in found]
