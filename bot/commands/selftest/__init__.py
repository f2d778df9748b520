"""``flipbook selftest``: tries everything at a real platform once; its report holds no secrets."""
