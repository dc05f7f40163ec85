"""Whatever is sent, the answer is never a 500: every operation of both interfaces, by their own OpenAPI documents."""

from collections.abc import Iterator

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


@pytest.mark.parametrize("document", ["/api/v1/ngsi-ld.json", "/developers/api/openapi.json"])
def test_no_operation_fails_on_what_it_is_sent(scratch: Running, document: str) -> None:
    schema = schemathesis.openapi.from_url(f"{scratch.url}{document}")
    asked = 0
    for operation in schema.get_all_operations():

        @FEW
        @given(case=operation.ok().as_strategy())
        def ask(case) -> None:
            case.call_and_validate(checks=[not_a_server_error], headers={"Authorization": "Bearer nobody"})

        ask()
        asked += 1
    assert asked >= 8
