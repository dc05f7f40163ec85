"""Whatever is sent, the answer is never a 500: every operation of both interfaces, by their own OpenAPI documents."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from tests.conftest import Running, up

FEW = settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.xdist_group("malformed")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory, free_port) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("scratch"), free_port(), "--open") as house:
        yield house


def _of_single_segments(document: dict[str, Any]) -> dict[str, Any]:
    """The document with ids that may hold slashes as if they held none: the generator of paths makes no others."""
    for operation in (one for path in document["paths"].values() for one in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path" and parameter["schema"].get("pattern", "").startswith("^/"):
                parameter["schema"]["pattern"] = "^[a-z][a-z0-9.:~-]{0,40}$"
    return document


@pytest.mark.parametrize("document", ["/api/v1/ngsi-ld.json", "/developers/api/openapi.json"])
def test_no_operation_fails_on_what_it_is_sent(scratch: Running, document: str) -> None:
    schema = schemathesis.openapi.from_dict(_of_single_segments(httpx.get(f"{scratch.url}{document}").json()))
    asked = 0
    for operation in schema.get_all_operations():

        @FEW
        @given(case=operation.ok().as_strategy())
        def ask(case) -> None:
            case.call_and_validate(
                base_url=scratch.url, checks=[not_a_server_error], headers={"Authorization": "Bearer nobody"}
            )

        ask()
        asked += 1
    assert asked >= 8
