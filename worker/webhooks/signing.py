"""Signs webhooks as fal does, with the worker's own key, which receivers load from
``/.well-known/jwks.json``."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generation.protocol.disk import write_private

_SEED_BYTES: Final = 32


class WebhookSigner:
    """An Ed25519 key that signs the request id, the user's id, a timestamp and the body's
    SHA-256."""

    def __init__(self, seed: bytes) -> None:
        """``seed``: the private key's 32 raw bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """The key in the folder; if there is none, a new one is made and stored there, readable by
        its owner only. Blocks."""
        path = folder / "webhook.key"
        if not path.exists():
            # receivers remember the public key, so the private one must survive a power cut
            write_private(path, os.urandom(_SEED_BYTES))
        return cls(path.read_bytes())

    def headers(self, request_id: str, user_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The four headers that let a receiver verify the body; ``timestamp`` in whole seconds
        since 1970."""
        # fal's documented order of the four lines
        message = "\n".join((request_id, user_id, str(timestamp), hashlib.sha256(body).hexdigest()))
        return {
            "x-fal-webhook-request-id": request_id,
            "x-fal-webhook-user-id": user_id,
            "x-fal-webhook-timestamp": str(timestamp),
            "x-fal-webhook-signature": self._key.sign(message.encode()).hex(),
        }

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public key as a JSON web key set.

        ``x`` is padded, against the RFC: the verifier that fal publishes for Python cannot read it
        otherwise, and the other known verifiers read both.
        """
        x = base64.urlsafe_b64encode(self._public).decode()
        kid = hashlib.sha256(self._public).hexdigest()[:16]
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}
            ]
        }
