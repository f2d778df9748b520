"""One package per outside party that talks to us; each only translates."""
