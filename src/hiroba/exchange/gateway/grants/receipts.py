"""The receipt of a consent: a record after ISO/IEC TS 27560 in W3C DPV's words (JSON-LD), signed as a JWS.

It names the person by the recipient's own pairwise ID, so that person and recipient hold the same paper and nobody else
can tell whose it is. Whoever has the published keys can check it without asking us.
"""

from typing import Any, Final

import msgspec
import orjson
from joserfc import jws
from joserfc.jwk import OKPKey

from hiroba.base import clock
from hiroba.exchange.gateway.grants.model import Kept, State
from hiroba.exchange.gateway.grants.notice import Text

ALGORITHM: Final = "Ed25519"
"""RFC 9864: the curve is part of the name."""
CONTEXT: Final = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "loc": "https://w3id.org/dpv/loc#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "hiroba": "urn:hiroba:v1:",
}
STATUS: Final[dict[State, str]] = {
    "offered": "dpv:ConsentRequested",
    "active": "dpv:ConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "superseded": "dpv:ConsentInvalidated",
}
REFUSED: Final = "dpv:ConsentRefused"


def document(kept: Kept, notice: Text, principal: str, house: str) -> dict[str, Any]:
    """The receipt's content; `principal` is the person as the recipient knows them, `house` our address."""
    grant = kept.grant
    refused = grant.state == "withdrawn" and kept.decided is None
    record: dict[str, Any] = {
        "@id": f"urn:hiroba:grant:{grant.id}:{grant.version}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": grant.ground,
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
        "dpv:hasDataSubject": {"@id": f"urn:hiroba:subject:{principal}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": _party(notice.recipient, notice.recipient_name, "dpv:DataController"),
        "dpv:hasDataSource": _party(grant.source, notice.source_name, "dpv:DataSource"),
        "dpv:hasJurisdiction": "loc:JP",
        "dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent",
        "dpv:hasConsentStatus": REFUSED if refused else STATUS[grant.state],
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:hasVersion": notice.form,
            "dct:language": notice.language,
            "hiroba:sha256": notice.as_shown().sha256,
            "hiroba:text": msgspec.to_builtins(notice),
        },
        "dpv:hasProcess": {
            "@type": "dpv:Process",
            "dpv:hasPurpose": {
                "@id": f"urn:hiroba:purpose:{grant.purpose}",
                "@type": "dpv:Purpose",
                "dct:title": {"@value": notice.title, "@language": notice.language},
                "dct:description": {"@value": notice.reason, "@language": notice.language},
            },
            "dpv:hasProcessing": "dpv:Access",
            "dpv:hasRecipient": notice.recipient,
            "dpv:hasPersonalData": [
                {
                    "@type": "dpv:PersonalData",
                    "dct:type": part.type,
                    "dct:identifier": attr,
                    "dct:title": {"@value": _word(notice, part.type, attr), "@language": notice.language},
                }
                for part in grant.data
                for attr in part.attrs
            ],
            "dpv:hasStorageCondition": {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": f"P{notice.retention_days}D",
            },
            "hiroba:onward": grant.onward,
        },
        "dct:valid": {"schema:startDate": clock.iso(grant.from_), "schema:endDate": clock.iso(grant.until)},
        "hiroba:events": _events(kept, refused=refused),
        "hiroba:withdrawalMethod": f"{house}/consents/{grant.id}",
    }
    return {
        "@context": CONTEXT,
        "@id": f"urn:hiroba:receipt:{grant.id}:{grant.version}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": f"receipt-{grant.id}-{grant.version}",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "dct:created": clock.iso(kept.ended or kept.decided or kept.made),
        "dct:publisher": house,
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": record,
    }


def _party(id_: str, name: str, kind: str) -> dict[str, Any]:
    return {"@id": id_, "@type": kind, "schema:name": name}


def _word(notice: Text, type_: str, attr: str) -> str:
    words = {(part.term, item.term): item.word for part in notice.data for item in part.items}
    return words.get((type_, attr), attr)


def _events(kept: Kept, *, refused: bool) -> list[dict[str, Any]]:
    """What happened to the consent and when, as TS 27560 keeps events."""
    grant, ended = kept.grant, kept.ended
    end = REFUSED if refused else STATUS[grant.state]
    steps = [(kept.made, "dpv:ConsentRequested"), (kept.decided, "dpv:ConsentGiven"), (ended, end)]
    return [
        {"schema:startTime": clock.iso(at), "dpv:hasConsentStatus": status} | _given(kept, status)
        for at, status in steps
        if at is not None
    ]


def _given(kept: Kept, status: str) -> dict[str, Any]:
    if status != "dpv:ConsentGiven":
        return {}
    return {"hiroba:givenBy": kept.grant.given_by, "hiroba:authn": kept.grant.authn}


class Key(msgspec.Struct, frozen=True):
    """A key that signs receipts."""

    kid: str
    jwk: str

    @property
    def key(self) -> OKPKey:
        """As the library takes it."""
        return OKPKey.import_key(orjson.loads(self.jwk))


def new_key() -> Key:
    """A fresh key, named by its thumbprint (RFC 7638)."""
    made = OKPKey.generate_key("Ed25519")
    return Key(made.thumbprint(), orjson.dumps(made.as_dict(private=True)).decode())


def signed(content: dict[str, Any], key: Key) -> str:
    """The receipt as a compact JWS."""
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "consent-receipt+jws", "cty": "application/ld+json"}
    return jws.serialize_compact(header, orjson.dumps(content), key.key, algorithms=[ALGORITHM])


def published(keys: list[Key]) -> dict[str, Any]:
    """The public halves as a JWK Set (RFC 7517)."""
    return {"keys": [_public(key) for key in keys]}


def _public(key: Key) -> dict[str, Any]:
    return key.key.as_dict(private=False) | {"kid": key.kid, "alg": ALGORITHM, "use": "sig"}
