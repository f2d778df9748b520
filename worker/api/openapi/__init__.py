"""The OpenAPI document of the worker."""
