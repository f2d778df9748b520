"""Stored secrets: unreadable without the key, readable with an older one, refused when changed."""

import pytest

from db.encryption import FernetCipher
from generation.protocol.errors import StoreError

KEY = "c29tZS1rZXktZm9yLXRlc3RzLW9mLTMyLWJ5dGVzISE="


@pytest.mark.parametrize("secret", ["", "aW50ZXJhY3Rpb24=", "https://hooks.slack.com/commands/T1/2/ü💥", "x" * 4000])
def test_what_was_encrypted_can_be_decrypted(secret):
    cipher = FernetCipher(KEY)
    stored = cipher.encrypt(secret)
    assert (cipher.decrypt(stored), stored.isascii(), stored == secret) == (secret, True, False)


def test_one_secret_looks_different_each_time():
    cipher = FernetCipher(KEY)
    assert cipher.encrypt("token") != cipher.encrypt("token")


def test_new_keys_differ_and_work():
    keys = {FernetCipher.new_key() for _ in range(3)}
    assert len(keys) == 3
    assert all(FernetCipher(key).decrypt(FernetCipher(key).encrypt("token")) == "token" for key in keys)


def test_an_older_key_still_decrypts_and_the_new_one_encrypts():
    new_key = FernetCipher.new_key()
    both = FernetCipher(new_key, KEY)
    assert both.decrypt(FernetCipher(KEY).encrypt("token")) == "token"
    assert FernetCipher(new_key).decrypt(both.encrypt("token")) == "token"


@pytest.mark.parametrize("stored", ["", "plain text", "gAAAAABn", "ü"])
def test_what_is_not_ours_is_refused(stored):
    with pytest.raises(StoreError, match="another key"):
        FernetCipher(KEY).decrypt(stored)


def test_another_keys_text_and_a_changed_one_are_refused():
    stored = FernetCipher(KEY).encrypt("token")
    changed = stored[:-6] + ("A" if stored[-6] != "A" else "B") + stored[-5:]
    for cipher, text in ((FernetCipher(FernetCipher.new_key()), stored), (FernetCipher(KEY), changed)):
        with pytest.raises(StoreError, match="another key"):
            cipher.decrypt(text)


@pytest.mark.parametrize("key", ["", "short", "ü" * 44, "a" * 44])
def test_a_key_that_is_none_is_refused_without_being_repeated(key):
    with pytest.raises(ValueError, match="32 bytes as URL-safe base64") as caught:
        FernetCipher(key)
    assert not key or key not in str(caught.value)
