"""Whether a webhook really comes from the backend: Ed25519 signatures against the keys that it
publishes.

fal signs request id, user id, timestamp and the raw body's SHA-256 in hex, joined by line feeds,
and puts the first three and the signature into headers. Its published keys are JSON web keys whose
``x`` may lack base64 padding. fal's own published verifier cannot read those and rejects
everything.

The keys are fetched from the address that the operator configured, and redirects are not followed:
no stranger names an address here, so :mod:`generation.protocol.net_guard` has nothing to judge.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel

from generation.backends.bounded import PLAIN, read_whole
from generation.protocol.clock import Clock
from generation.protocol.errors import BackendUnavailable
from generation.protocol.json_size import read_json

FAL_JWKS_URL: Final = "https://rest.fal.ai/.well-known/jwks.json"

REQUEST_ID_HEADER: Final = "x-fal-webhook-request-id"
USER_ID_HEADER: Final = "x-fal-webhook-user-id"
TIMESTAMP_HEADER: Final = "x-fal-webhook-timestamp"
SIGNATURE_HEADER: Final = "x-fal-webhook-signature"

_TOLERANCE: Final = timedelta(seconds=300)
_KEYS_LIVE: Final = timedelta(hours=24)
_FETCH_AGAIN_AFTER: Final = timedelta(seconds=30)
"""Wrong signatures and missing keys cause a fetch at most this often, or strangers could make us
fetch all day."""

_MOST_JWKS_BYTES: Final = 64 * 1024
_MOST_KEYS: Final = 32
_MOST_VALUES: Final = 2000
_DEEPEST: Final = 8
"""What a list of keys may hold, members of other kinds included."""
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{128}")


class _Jwks(BaseModel):
    keys: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _SignedMessage:
    """What a webhook's headers and body say: the message, when it was signed, and the signature."""

    message: bytes
    timestamp: int
    signature: bytes

    @classmethod
    def read(cls, headers: Mapping[str, str], body: bytes) -> "_SignedMessage | None":
        """The signed message, or None when a header is missing or malformed."""
        # bounded patterns before anything is parsed: all of it comes from outside
        lower = {name.lower(): value for name, value in headers.items()}
        request_id, user_id, timestamp, signature = (
            lower.get(name, "")
            for name in (REQUEST_ID_HEADER, USER_ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
        )
        if not (
            request_id
            and user_id
            and _TIMESTAMP.fullmatch(timestamp)
            and _SIGNATURE.fullmatch(signature)
        ):
            return None
        message = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest()))
        # a lone surrogate cannot be encoded; with another character the signature is wrong anyway
        return cls(message.encode(errors="replace"), int(timestamp), bytes.fromhex(signature))

    def is_signed_by(self, keys: tuple[Ed25519PublicKey, ...]) -> bool:
        """Whether one of the keys made the signature."""
        return any(_verifies(key, self) for key in keys)


class WebhookVerifier:
    """Verifies webhooks of one backend by the keys at ``jwks_url``, which are kept for at most 24
    hours."""

    def __init__(
        self,
        *,
        clock: Clock,
        jwks_url: str = FAL_JWKS_URL,
        transport: httpx.AsyncBaseTransport | None = None,
        proxy: str | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        self._clock = clock
        self._jwks_url = jwks_url
        self._transport = transport
        self._proxy = proxy
        self._timeout_seconds = timeout_seconds
        self._keys: tuple[Ed25519PublicKey, ...] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the raw body was signed by the backend within the last five minutes.

        The signature covers the request id in the header: only that one may be acted on. Raises
        BackendUnavailable when the keys cannot be fetched, so that the caller can ask for the
        webhook again.
        """
        message = _SignedMessage.read(headers, body)
        if message is None or not self._is_recent(message):
            return False
        # old keys first: a wrong signature alone must not cause a fetch
        keys = await self._current_keys()
        if message.is_signed_by(keys):
            return True
        newer = await self._newer_keys(keys)
        return newer is not None and message.is_signed_by(newer)

    async def key_count(self) -> int:
        """How many keys are published that can be used. Raises BackendUnavailable."""
        return len(await self._current_keys())

    def _is_recent(self, message: _SignedMessage) -> bool:
        age = self._clock.now().timestamp() - message.timestamp
        return abs(age) <= _TOLERANCE.total_seconds()

    async def _current_keys(self) -> tuple[Ed25519PublicKey, ...]:
        # one fetch for all webhooks that arrive together
        async with self._fetching:
            if self._fetched_at is None or self._clock.now() - self._fetched_at > _KEYS_LIVE:
                if self._tried_just_now:
                    raise BackendUnavailable(
                        "fal", "its webhook keys could not be fetched just now"
                    )
                await self._fetch()
            return self._keys

    async def _newer_keys(
        self, known: tuple[Ed25519PublicKey, ...]
    ) -> tuple[Ed25519PublicKey, ...] | None:
        """The keys fetched again, because they may have changed; None when that was tried just now,
        or fails."""
        async with self._fetching:
            # another webhook that waited for the lock has fetched them meanwhile
            if self._keys is not known:
                return self._keys
            if self._tried_just_now:
                return None
            try:
                await self._fetch()
            except BackendUnavailable:
                return None
            return self._keys

    @property
    def _tried_just_now(self) -> bool:
        return (
            self._tried_at is not None and self._clock.now() - self._tried_at < _FETCH_AGAIN_AFTER
        )

    async def _fetch(self) -> None:
        # noted first, so that a failed fetch counts too
        self._tried_at = self._clock.now()
        try:
            body = await self._download()
        except (httpx.HTTPError, TimeoutError) as error:
            raise BackendUnavailable(
                "fal", f"its webhook keys cannot be fetched: {error}"
            ) from error
        keys = tuple(_keys_in(body))
        if not keys:
            raise BackendUnavailable("fal", "it publishes no webhook keys that can be used")
        self._keys, self._fetched_at = keys, self._clock.now()

    async def _download(self) -> bytes:
        async with (
            asyncio.timeout(self._timeout_seconds),
            httpx.AsyncClient(
                transport=self._transport,
                proxy=self._proxy,
                trust_env=False,
                timeout=self._timeout_seconds,
            ) as client,
            client.stream("GET", self._jwks_url, headers=PLAIN) as response,
        ):
            # for redirects too
            response.raise_for_status()
            return await read_whole(response, _MOST_JWKS_BYTES)


def _verifies(key: Ed25519PublicKey, signed: _SignedMessage) -> bool:
    try:
        key.verify(signed.signature, signed.message)
    except InvalidSignature:
        return False
    return True


def _keys_in(jwks: bytes) -> Iterator[Ed25519PublicKey]:
    """Every Ed25519 key in the list; entries of other kinds are ignored."""
    try:
        entries = _Jwks.model_validate(read_json(jwks, values=_MOST_VALUES, depth=_DEEPEST)).keys
    except ValueError:  # pydantic's ValidationError is one
        return
    for entry in entries[:_MOST_KEYS]:
        x = entry.get("x") if isinstance(entry, dict) else None
        if isinstance(x, str) and (raw := _unpadded(x)) is not None:
            yield Ed25519PublicKey.from_public_bytes(raw)


def _unpadded(x: str) -> bytes | None:
    """The 32 bytes of a base64url text with or without its padding; None for anything else."""
    try:
        # Python wants the exact padding
        bare = x.rstrip("=")
        raw = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return None
    return raw if len(raw) == 32 else None
