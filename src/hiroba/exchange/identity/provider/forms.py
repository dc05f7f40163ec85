"""What an application sends: a form or a query, each parameter once (RFC 6749 §3.1, §3.2)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request

from hiroba.exchange.identity.provider.errors import InvalidRequest

FORM: Final = "application/x-www-form-urlencoded"
LARGEST: Final = 64_000
"""Bytes of a form."""
MOST: Final = 60
"""Parameters of a form."""


async def form_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The form in the body of a request."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise InvalidRequest(f"The body has to be sent as {FORM}.")
    return parameters(await request.body())


def query_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The query of a request."""
    query: bytes = request.scope["query_string"]
    return parameters(query)


def parameters(text: bytes) -> dict[str, str]:
    """Parameters by name. One without a value is as if it were not sent; one that comes twice is an error."""
    if len(text) > LARGEST:
        raise InvalidRequest(f"More than {LARGEST} bytes are not taken.")
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=MOST, errors="strict")
    except ValueError:
        raise InvalidRequest("The parameters cannot be read.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidRequest(f"{name[:50]} comes twice.")
        if "\x00" in value or "\x00" in name:
            raise InvalidRequest("A parameter must not hold a zero byte.")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def needed(form: Mapping[str, str], name: str) -> str:
    """A parameter that has to be there."""
    if name not in form:
        raise InvalidRequest(f"{name} is missing.")
    return form[name]
