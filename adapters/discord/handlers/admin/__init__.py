"""``/flipbook-admin …``: what members who manage the server decide."""
