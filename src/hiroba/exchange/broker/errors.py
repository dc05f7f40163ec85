"""The problems of the NGSI-LD API, each with the URI that CIM 009 §5.5.2 and §6.3.2 give it."""

from typing import ClassVar

from hiroba.base.errors import Problem

_ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"


class NgsiLdProblem(Problem):
    """A problem whose type an NGSI-LD client knows."""

    type: ClassVar[str] = _ERRORS + "InternalError"


class InvalidRequest(NgsiLdProblem):
    """Invalid request."""

    type = _ERRORS + "InvalidRequest"


class BadRequestData(NgsiLdProblem):
    """Bad request data."""

    type = _ERRORS + "BadRequestData"


class AlreadyExists(NgsiLdProblem):
    """Already exists."""

    status = 409
    type = _ERRORS + "AlreadyExists"


class Conflict(NgsiLdProblem):
    """Conflict."""

    status = 409
    type = _ERRORS + "Conflict"


class OperationNotSupported(NgsiLdProblem):
    """Operation not supported."""

    status = 422
    type = _ERRORS + "OperationNotSupported"


class ResourceNotFound(NgsiLdProblem):
    """Resource not found."""

    status = 404
    type = _ERRORS + "ResourceNotFound"


class InternalError(NgsiLdProblem):
    """Internal error."""

    status = 500
    type = _ERRORS + "InternalError"


class TooComplexQuery(NgsiLdProblem):
    """The query is too complex."""

    status = 403
    type = _ERRORS + "TooComplexQuery"


class TooManyResults(NgsiLdProblem):
    """Too many results."""

    status = 403
    type = _ERRORS + "TooManyResults"


class LdContextNotAvailable(NgsiLdProblem):
    """The JSON-LD context is not available."""

    status = 504
    type = _ERRORS + "LdContextNotAvailable"


class NonexistentTenant(NgsiLdProblem):
    """There is no such tenant."""

    status = 404
    type = _ERRORS + "NonexistentTenant"


class NoMultiTenantSupport(NgsiLdProblem):
    """Tenants are not supported here."""

    status = 501
    type = _ERRORS + "NoMultiTenantSupport"
