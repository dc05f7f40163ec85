"""The errors of OAuth 2.0 as nouns: on the wire `{"error": …, "error_description": …}` (RFC 6749 §5.2), never cached."""

from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import MediaType, Request, Response

from hiroba.base.errors import Problem
from hiroba.base.web import problems

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What carries a token, or says why there is none, is kept by nobody (RFC 6749 §5.1)."""


class OAuthProblem(Problem):
    """The request cannot be answered with what it asks for."""

    code: ClassVar[str] = "invalid_request"

    def said(self) -> dict[str, Any]:
        """The error and a sentence about it, of the signs that RFC 6749 lets it have."""
        sentence = self.detail or (type(self).__doc__ or "").strip().splitlines()[0]
        return {"error": self.code, "error_description": printable(sentence)}


class InvalidRequest(OAuthProblem):
    """The request is not complete, or says something twice."""


class InvalidClient(OAuthProblem):
    """The application is not known, or it did not show that it is the one it says."""

    status = 401
    code = "invalid_client"


class InvalidGrant(OAuthProblem):
    """What was sent to be turned into tokens is unknown, over, used, or another application's."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthProblem):
    """This application is not registered for that way of getting a token."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthProblem):
    """There is no such way of getting a token here."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthProblem):
    """This scope is unknown, or not this application's."""

    code = "invalid_scope"


class InvalidProof(OAuthProblem):
    """The DPoP proof does not prove that the caller holds the key."""

    code = "invalid_dpop_proof"


class NonceNeeded(OAuthProblem):
    """The DPoP proof has to carry the nonce that stands in DPoP-Nonce."""

    code = "use_dpop_nonce"


class UnsupportedResponseType(OAuthProblem):
    """Only the response type code is given here."""

    code = "unsupported_response_type"


class AccessDenied(OAuthProblem):
    """The person, or the house, said no."""

    code = "access_denied"


class LoginRequired(OAuthProblem):
    """Nobody is signed in as the request asks, and it may show no page."""

    code = "login_required"


class ConsentRequired(OAuthProblem):
    """The person has not agreed yet, and the request may show no page."""

    code = "consent_required"


class RequestNotSupported(OAuthProblem):
    """Request objects are not read here; push the request instead (RFC 9126)."""

    code = "request_not_supported"


class RequestUriNotSupported(OAuthProblem):
    """Only a request_uri that was given by the pushed authorization request endpoint is taken."""

    code = "request_uri_not_supported"


class RegistrationNotSupported(OAuthProblem):
    """Applications are registered by the operator, not in the request."""

    code = "registration_not_supported"


class AuthorizationPending(OAuthProblem):
    """The person has not answered yet."""

    code = "authorization_pending"


class SlowDown(OAuthProblem):
    """Ask more slowly: five seconds more from now on."""

    code = "slow_down"


class ExpiredToken(OAuthProblem):
    """The code on the device is too old; begin again."""

    code = "expired_token"


def printable(sentence: str) -> str:
    """The sentence in the signs an error_description may have: printable ASCII without quotation marks and backslash."""
    return "".join(sign if " " <= sign <= "~" and sign not in '"\\' else "?" for sign in sentence)


def answer(error: Problem, headers: Mapping[str, str] | None = None) -> Response[dict[str, Any]]:
    """The error on the wire."""
    if isinstance(error, OAuthProblem):
        document = error.said()
    else:
        code = "temporarily_unavailable" if error.status >= 500 else "invalid_request"  # noqa: PLR2004 - server errors
        document = {"error": code, "error_description": printable(error.detail or str(error.document()["title"]))}
    told = NOT_KEPT | dict(error.headers) | dict(headers or {})
    return Response(document, status_code=error.status, media_type=MediaType.JSON, headers=told)


def foreseen(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer of an endpoint for programs where something fails before its handler: the same document."""
    if isinstance(error, Problem):
        return answer(error)
    said = problems.problem(request, error)
    status: int = said.content["status"]
    code = "invalid_request" if status < 500 else "server_error"  # noqa: PLR2004 - server errors begin there
    document = {"error": code, "error_description": printable(str(said.content["title"]))}
    return Response(document, status_code=status, media_type=MediaType.JSON, headers=NOT_KEPT)
