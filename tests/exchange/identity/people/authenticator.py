"""An authenticator in software: makes and uses P-256 passkeys as a device does, and can be told to do it wrongly."""

import hashlib
import os
from typing import Any

import cbor2
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from hiroba.exchange.identity.people.passkeys import octets, text

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


class Authenticator:
    """One device with one passkey."""

    def __init__(self, origin: str = "http://localhost:8026", domain: str = "localhost") -> None:
        self.origin, self.domain = origin, domain
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.count = 0
        self.handle = b""
        self.flags = PRESENT | VERIFIED

    def make(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.create` gives, as the page sends it."""
        self.handle = octets(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        about = self._about(ATTESTED) + bytes(16) + len(self.id).to_bytes(2) + self.id + key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about})
        said = self._said("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": text(said), "attestationObject": text(attestation)})

    def use(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.get` gives."""
        self.count += 1
        about, said = self._about(0), self._said("webauthn.get", options["challenge"])
        signature = self.key.sign(about + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": said,
            "authenticatorData": about,
            "signature": signature,
            "userHandle": self.handle,
        }
        return self._answer({name: text(data) for name, data in response.items()})

    def _about(self, more: int) -> bytes:
        return hashlib.sha256(self.domain.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4)

    def _said(self, kind: str, challenge: str) -> bytes:
        return orjson.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False})

    def _answer(self, response: dict[str, Any]) -> str:
        document = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}
        return orjson.dumps(document | {"clientExtensionResults": {}}).decode()
