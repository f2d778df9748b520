"""Webhooks are accepted only with a fresh signature by a key that the backend publishes."""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from doubles.backends.scripted_queue import Reply, ScriptedQueue
from doubles.clock import AutoClock
from generation.backends.webhook_signature import FAL_JWKS_URL, WebhookVerifier
from generation.protocol.errors import BackendUnavailable

ASKED = "GET /.well-known/jwks.json"
REQUEST_ID = "123e4567-e89b-12d3-a456-426614174000"
TIMESTAMP = 1_700_000_000
SIGNED_AT = datetime.fromtimestamp(TIMESTAMP, UTC)
X = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
BODY = (
    b'{"request_id":"123e4567-e89b-12d3-a456-426614174000","gateway_request_id":"123e4567-e89b-12d3-a456-426614174000",'
    b'"status":"OK","payload":{"seed":1}}'
)
SIGNATURE = (
    "b06ec7d980c20d202f10a42795eabfdb9f96749fc50daf71cc41fabf242ad02c"
    "af76784c3cfa08b32b9ec36cc15e4293084b6a5ba7eeae4342361d37410cc804"
)
HEADERS = {
    "X-Fal-Webhook-Request-Id": REQUEST_ID,
    "X-Fal-Webhook-User-Id": "user-1",
    "X-Fal-Webhook-Timestamp": str(TIMESTAMP),
    "X-Fal-Webhook-Signature": SIGNATURE,
}
OURS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def jwks(*keys: object) -> Reply:
    return Reply(200, {"keys": list(keys)})


def jwk(x: str = X) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": x}


def x_of(key: Ed25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")


def a_verifier(*replies: object, at: datetime = SIGNED_AT) -> tuple[WebhookVerifier, ScriptedQueue, AutoClock]:
    published, clock = ScriptedQueue(), AutoClock(at)
    published.on(ASKED, *(replies or [jwks(jwk())]))
    return WebhookVerifier(clock=clock, transport=published), published, clock


def signed(key: Ed25519PrivateKey, at: datetime, body: bytes = BODY) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    message = "\n".join([REQUEST_ID, "user-1", timestamp, hashlib.sha256(body).hexdigest()])
    return {
        **HEADERS,
        "X-Fal-Webhook-Timestamp": timestamp,
        "X-Fal-Webhook-Signature": key.sign(message.encode()).hex(),
    }


async def test_the_known_vector_is_genuine():
    verifier, published, _ = a_verifier()
    assert await verifier.is_genuine(HEADERS, BODY)
    assert str(published.requests[0].url) == FAL_JWKS_URL


async def test_header_names_have_no_case():
    verifier, _, _ = a_verifier()
    assert await verifier.is_genuine({name.lower(): value for name, value in HEADERS.items()}, BODY)


@pytest.mark.parametrize("x", [X, X + "=", X + "=="])
async def test_a_published_key_may_be_padded_or_not(x):
    verifier, _, _ = a_verifier(jwks(jwk(x)))
    assert await verifier.is_genuine(HEADERS, BODY)


async def test_every_published_key_is_tried_and_odd_entries_are_passed_over():
    odd = [None, 5, "x", {}, {"kty": "RSA", "n": "1"}, jwk(""), jwk("!!!"), jwk("A" * 44), {"x": 7}]
    verifier, _, _ = a_verifier(jwks(*odd, jwk(x_of(OTHER)), jwk()))
    assert await verifier.is_genuine(HEADERS, BODY)


async def test_no_byte_of_the_body_can_be_changed():
    verifier, _, _ = a_verifier()
    for n in range(len(BODY)):
        changed = bytes([*BODY[:n], BODY[n] ^ 1, *BODY[n + 1 :]])
        assert not await verifier.is_genuine(HEADERS, changed)
    for changed in (BODY[:-1], BODY + b"\n", b""):
        assert not await verifier.is_genuine(HEADERS, changed)


@pytest.mark.parametrize("name", HEADERS)
async def test_no_byte_of_a_header_can_be_changed(name):
    verifier, _, _ = a_verifier()
    value = HEADERS[name]
    for n in range(len(value)):
        changed = value[:n] + chr(ord(value[n]) ^ 1) + value[n + 1 :]
        assert not await verifier.is_genuine({**HEADERS, name: changed}, BODY)


@pytest.mark.slow
async def test_no_byte_of_the_body_can_become_any_other():
    verifier, _, _ = a_verifier()
    for n in range(len(BODY)):
        for byte in set(range(256)) - {BODY[n]}:
            assert not await verifier.is_genuine(HEADERS, bytes([*BODY[:n], byte, *BODY[n + 1 :]])), (n, byte)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADERS)
async def test_no_byte_of_a_header_can_become_any_other(name):
    """But for the case of a hex digit: that is the same signature in other letters."""
    verifier, _, _ = a_verifier()
    value = HEADERS[name]
    for n in range(len(value)):
        same = {value[n], value[n].swapcase()} if name.endswith("Signature") else {value[n]}
        for character in {chr(byte) for byte in range(256)} - same:
            changed = {**HEADERS, name: value[:n] + character + value[n + 1 :]}
            assert not await verifier.is_genuine(changed, BODY), (n, character)


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, "", " ", "x", "0" * 128, "9" * 400, "٣" * 10, "é"])
async def test_a_missing_or_malformed_header_is_refused(name, value):
    verifier, _, _ = a_verifier()
    headers = {k: v for k, v in HEADERS.items() if k != name}
    assert not await verifier.is_genuine(headers if value is None else {**headers, name: value}, BODY)


@settings(deadline=None, max_examples=50)
@given(headers=st.fixed_dictionaries({}, optional={name: st.text() for name in HEADERS}), body=st.binary(max_size=50))
async def test_nothing_made_up_is_genuine(headers, body):
    verifier, _, _ = a_verifier()
    assert not await verifier.is_genuine(headers, body)


@pytest.mark.parametrize(("seconds", "genuine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
async def test_a_signature_is_valid_for_five_minutes_before_and_after(seconds, genuine):
    verifier, _, _ = a_verifier(at=SIGNED_AT + timedelta(seconds=seconds))
    assert await verifier.is_genuine(HEADERS, BODY) is genuine


async def test_an_old_or_malformed_webhook_fetches_no_keys():
    verifier, published, _ = a_verifier(at=SIGNED_AT + timedelta(hours=1))
    assert not await verifier.is_genuine(HEADERS, BODY)
    assert not await verifier.is_genuine({}, BODY)
    assert published.asked == []


async def test_keys_are_kept_for_a_day():
    verifier, published, clock = a_verifier()
    for hours in (0, 12, 12):
        clock.advance(hours * 3600)
        assert await verifier.is_genuine(signed(OURS, clock.now()), BODY)
    assert published.asked == [ASKED]
    clock.advance(1)
    assert await verifier.is_genuine(signed(OURS, clock.now()), BODY)
    assert published.asked == [ASKED, ASKED]


async def test_a_key_published_since_is_found():
    verifier, published, clock = a_verifier(jwks(jwk(x_of(OTHER))), jwks(jwk()))
    assert await verifier.is_genuine(signed(OTHER, clock.now()), BODY)
    clock.advance(3600)
    assert await verifier.is_genuine(signed(OURS, clock.now()), BODY)
    assert published.asked == [ASKED, ASKED]


async def test_webhooks_that_arrive_together_share_the_new_keys():
    verifier, published, clock = a_verifier(jwks(jwk(x_of(OTHER))), jwks(jwk()))
    await verifier.is_genuine(signed(OTHER, clock.now()), BODY)
    clock.advance(3600)
    headers = signed(OURS, clock.now())
    assert await asyncio.gather(*(verifier.is_genuine(headers, BODY) for _ in range(5))) == [True] * 5
    assert published.asked == [ASKED, ASKED]


async def test_wrong_signatures_cannot_make_us_fetch_keys_all_day():
    verifier, published, clock = a_verifier()
    clock.advance(-60)
    for _ in range(100):
        assert not await verifier.is_genuine(signed(OTHER, clock.now()), BODY)
    assert published.asked == [ASKED]
    clock.advance(31)
    assert not await verifier.is_genuine(signed(OTHER, clock.now()), BODY)
    assert published.asked == [ASKED, ASKED]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(""),
        Reply(500, b""),
        Reply(302, b""),
        Reply(200, b"<html>"),
        Reply(200, b"[]"),
        Reply(200, {"keys": None}),
        Reply(200, {"keys": []}),
        Reply(200, {"keys": [jwk("short")]}),
        Reply(200, chunks=[b" " * 10_000] * 10),
    ],
    ids=lambda value: f"{type(value).__name__}{getattr(value, 'status', '')}",
)
async def test_without_keys_no_webhook_is_judged(failure):
    verifier, published, clock = a_verifier(failure, jwks(jwk()))
    for _ in range(3):
        with pytest.raises(BackendUnavailable):
            await verifier.is_genuine(HEADERS, BODY)
    assert published.asked == [ASKED]
    clock.advance(31)
    assert await verifier.is_genuine(HEADERS, BODY)


async def test_known_keys_are_used_while_new_ones_cannot_be_fetched():
    verifier, _, clock = a_verifier(jwks(jwk()), httpx.ConnectError("refused"))
    assert await verifier.is_genuine(HEADERS, BODY)
    clock.advance(60)
    assert not await verifier.is_genuine(signed(OTHER, clock.now()), BODY)
    assert await verifier.is_genuine(signed(OURS, clock.now()), BODY)


async def test_the_keys_may_be_published_elsewhere():
    published = ScriptedQueue()
    published.on("GET /keys", jwks(jwk()))
    verifier = WebhookVerifier(clock=AutoClock(SIGNED_AT), jwks_url="http://127.0.0.1:8191/keys", transport=published)
    assert await verifier.is_genuine(HEADERS, BODY)
