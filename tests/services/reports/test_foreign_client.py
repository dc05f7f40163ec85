"""A client that others wrote and we did not touch (georeport, from PyPI) reads our endpoint over the wire, in both formats."""

import httpx
import pytest
from georeport import GeoReport

HERE = {"service_code": "pothole", "description": "A hole", "jurisdiction_id": "", "address_string": "South exit"}


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_an_unmodified_client_finds_services_and_requests(site, format_) -> None:
    town = httpx.get(f"{site.url}/api/v1/municipalities").json()[0]["lg_code"]
    made = httpx.post(f"{site.url}/open311/v2/requests.json", data=HERE | {"jurisdiction_id": town}).json()[0]
    id_ = made["service_request_id"]
    client = GeoReport(f"{site.url}/open311/v2", jurisdiction=town, output_format=format_)
    codes = [service["service_code"] for service in client.get_service_list()]
    assert codes[0] == "pothole"
    assert client.get_service_definition("pothole")["service_code"] == "pothole"
    assert id_ in [
        one["service_request_id"] for one in client.get_service_requests(status="open", service_code="pothole")
    ]
    found = client.get_service_request(id_)
    assert (found["status"], found["service_code"]) == ("open", "pothole")
