"""What the provider says about itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2)."""

from typing import Any, Final, get_args

from hiroba.exchange.identity.levels import ORDER
from hiroba.exchange.identity.organisations.model import ALGORITHMS, Grant
from hiroba.exchange.identity.tokens.jose import CLIENTS_SIGN_WITH

AUTHORIZE: Final = "/oauth/authorize"
PUSH: Final = "/oauth/par"
TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
DEVICE: Final = "/oauth/device"
USERINFO: Final = "/oauth/userinfo"
KEYS: Final = "/oauth/jwks"
INTROSPECT: Final = "/oauth/introspect"
REVOKE: Final = "/oauth/revoke"
LOGOUT: Final = "/oauth/logout"
LEVELS: Final = ORDER[ORDER.index("mail") :]
"""How surely a person is known, from the weakest on: the values of `acr`."""
SCOPES: Final = ("openid", "offline_access")
CLAIMS: Final = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid")


def document(issuer: str) -> dict[str, Any]:
    """The metadata of this provider, under both well-known addresses."""
    methods = ["client_secret_basic", "private_key_jwt"]
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "pushed_authorization_request_endpoint": issuer + PUSH,
        "token_endpoint": issuer + TOKEN,
        "device_authorization_endpoint": issuer + DEVICE,
        "userinfo_endpoint": issuer + USERINFO,
        "jwks_uri": issuer + KEYS,
        "introspection_endpoint": issuer + INTROSPECT,
        "revocation_endpoint": issuer + REVOKE,
        "end_session_endpoint": issuer + LOGOUT,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(get_args(Grant)),
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": [*methods, "none"],
        "token_endpoint_auth_signing_alg_values_supported": list(CLIENTS_SIGN_WITH),
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": list(CLIENTS_SIGN_WITH),
        "revocation_endpoint_auth_methods_supported": [*methods, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": list(CLIENTS_SIGN_WITH),
        "dpop_signing_alg_values_supported": list(CLIENTS_SIGN_WITH),
        "acr_values_supported": list(LEVELS),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claim_types_supported": ["normal"],
        "claims_supported": list(CLAIMS),
        "ui_locales_supported": ["ja", "en"],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": False,
        "service_documentation": f"{issuer}/developers",
    }
