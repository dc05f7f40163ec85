"""The reference of every interface: the OpenAPI document as it is, and the same rendered by the house itself."""

from typing import Any, Final

import msgspec
from litestar import Request, Router
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Server

from hiroba.door.pages import Templates
from hiroba.exchange.broker.ngsi_ld import application
from hiroba.exchange.identity.callers import ANYONE, NOBODY

METHODS: Final = ("get", "put", "post", "patch", "delete")


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of an operation."""

    name: str
    place: str
    kind: str
    required: bool
    about: str


class Operation(msgspec.Struct, frozen=True):
    """One operation of an interface."""

    method: str
    path: str
    title: str
    about: str = ""
    group: str = ""
    parameters: list[Parameter] = []
    body: str = ""
    answers: list[tuple[str, str]] = []
    needs_key: bool = False

    @property
    def anchor(self) -> str:
        """Its place in the page."""
        return f"{self.method}-{self.path}".strip("/").translate(str.maketrans("/{}:", "----")).lower()


def ngsi_ld() -> list[Operation]:
    """The operations of the NGSI-LD face, from its own table of routes."""
    found = []
    for route in application.ROUTES:
        about = (route.handler.__doc__ or "").strip().splitlines()[0].rstrip(".")
        first, second = ("{entityId}", "{attributeName}") if route.path.startswith("/entities") else ("{name}", "")
        path = route.path.replace("{}", first, 1).replace("{}", second, 1)
        found.append(Operation(route.method, f"/ngsi-ld/v1{path}", about, needs_key=route.action != "read"))
    return found


def operations(schema: dict[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, group by group."""
    found = (
        _operation(method, path, item[method])
        for path, item in schema.get("paths", {}).items()
        for method in METHODS
        if method in item
    )
    return sorted(found, key=lambda one: (one.group, one.path, METHODS.index(one.method.lower())))


def _operation(method: str, path: str, document: dict[str, Any]) -> Operation:
    parameters = [
        Parameter(
            one["name"],
            one["in"],
            kind_of(one.get("schema", {})),
            bool(one.get("required")),
            one.get("description", ""),
        )
        for one in document.get("parameters", [])
    ]
    content = document.get("requestBody", {}).get("content", {})
    body = "; ".join(f"{media}: {kind_of(given.get('schema', {}))}" for media, given in content.items())
    answers = [(status, answer.get("description", "")) for status, answer in document.get("responses", {}).items()]
    summary, about = document.get("summary", ""), document.get("description", "")
    group = (document.get("tags") or [""])[0]
    return Operation(
        method.upper(), path, summary, about, group, parameters, body, answers, bool(document.get("security"))
    )


def kind_of(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1].rsplit("_", 1)[-1]
    if "oneOf" in schema or "anyOf" in schema:
        parts = [kind_of(part) for part in schema.get("oneOf") or schema.get("anyOf") or []]
        return " | ".join(part for part in dict.fromkeys(parts) if part != "null")
    kind = str(schema.get("type", "object"))
    if kind == "array":
        return f"{kind_of(schema.get('items', {}))}[]"
    return f"{kind} ({form})" if (form := schema.get("format")) else kind


class Reference(OpenAPIRenderPlugin):
    """The reference as a page of the house: no script from elsewhere."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        state = request.app.state
        templates: Templates = state.templates
        page = templates.page(request, request.scope["state"].get("caller", NOBODY), state.regions.known)
        answer = page.html("door/reference.html", ngsi_ld=ngsi_ld(), operations=operations(openapi_schema))
        return answer.content.encode()


def api_documents(version: str, url: str) -> OpenAPIConfig:
    """The OpenAPI document of the house at /developers/api/openapi.json, and its page at /developers/api."""
    key = SecurityScheme(type="http", scheme="bearer", description="A key given by the operator of this house.")
    return OpenAPIConfig(
        title="Hiroba",
        version=version,
        description="Interfaces of this house besides NGSI-LD, which follows ETSI GS CIM 009 below /ngsi-ld/v1.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        servers=[Server(url=url)],
        components=Components(security_schemes={"key": key}),
        use_handler_docstrings=True,
        openapi_router=Router("/developers/api", route_handlers=[], opt={"may": (ANYONE,)}, include_in_schema=False),
        render_plugins=(Reference(),),
    )
