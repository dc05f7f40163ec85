"""What every test of the past may ask for."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

PAST = "/ngsi-ld/v1/temporal/entities"
Past = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def past(broker: httpx.AsyncClient) -> Past:
    """The past of one entity, by the parameters that are given."""

    async def ask(id_: str, status: int = 200, **params: Any) -> dict[str, Any]:
        answer = await broker.get(f"{PAST}/{id_}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask
