"""Open311's two formats from one value: XML, and JSON by the Spark convention (a list names its items, an object nests)."""

from typing import Any, Final
from xml.etree import ElementTree as ET

import orjson
from litestar import Request, Response

from hiroba.base.errors import NotFound

ITEMS: Final = {
    "services": "service",
    "attributes": "attribute",
    "service_requests": "request",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
"""What one item of a list is called in XML."""
TYPES: Final = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}


def format_of(path: str) -> str:
    """`json` or `xml`, as the address ends."""
    return path.rpartition(".")[2]


def answer(request: Request[Any, Any, Any], name: str, value: Any, status: int = 200) -> Response[bytes]:
    """`value` in the format that the address asks for; an error is told in XML where it asks for none we know."""
    asked = format_of(request.url.path)
    if asked not in TYPES:
        if name != "errors":
            raise NotFound("There is .xml and .json.")
        asked = "xml"
    body = orjson.dumps(value) if asked == "json" else _xml(name, value)
    return Response(body, status_code=status, headers={"Content-Type": TYPES[asked]})


def _xml(name: str, value: Any) -> bytes:
    element = ET.Element(name)
    _fill(element, value)
    written: bytes = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _fill(element: ET.Element, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _fill(ET.SubElement(element, key), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(ET.SubElement(element, ITEMS[element.tag]), inner)
    elif isinstance(value, bool):
        element.text = str(value).lower()
    elif value is not None:
        element.text = str(value)
