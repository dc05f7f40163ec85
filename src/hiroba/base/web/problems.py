"""Problems on the wire: RFC 9457 for programs, whatever goes wrong; a page asks for its own rendering."""

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from hiroba.base import logs
from hiroba.base.errors import Problem

log = logging.getLogger("hiroba.web")
MEDIA_TYPE = "application/problem+json"


def document_of(error: Exception) -> dict[str, Any]:
    """The problem document of any exception; what we did not foresee says nothing of its inside."""
    if isinstance(error, Problem):
        return error.document()
    if isinstance(error, HTTPException):
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": error.detail or "Problem",
            "status": error.status_code,
        }
        if isinstance(error, ValidationException) and error.extra:
            document |= {"title": "The request cannot be understood", "errors": error.extra}
        return document
    return {"type": "about:blank", "title": "Something went wrong on our side", "status": 500}


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The answer to a program."""
    document = document_of(error)
    if document["status"] >= 500 and not isinstance(error, Problem):  # noqa: PLR2004 - server errors begin there
        log.error("unforeseen", exc_info=error)
    if document["status"] in logs.REFUSALS:
        where = f"{request.method} {request.scope.get('path_template') or '(none)'}"
        caller = (request.scope.get("state") or {}).get("caller")
        who = f"{caller.kind} {caller.id}".strip() if caller else ""
        logs.refused(where, document["status"], who, type(error).__name__)
    headers = {"WWW-Authenticate": "Bearer"} if document["status"] == 401 else {}  # noqa: PLR2004 - Unauthorized
    if isinstance(error, Problem):
        headers |= dict(error.headers)
    return Response(document, status_code=document["status"], media_type=MEDIA_TYPE, headers=headers)
