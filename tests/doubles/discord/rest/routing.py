"""How a REST route is declared: next to the function that serves it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from doubles.discord.backstage import Backstage
from doubles.discord.rest.call import Answer, Call

Handler = Callable[[Backstage, Call], Answer]


@dataclass(frozen=True)
class Route:
    """One operation: what it matches, its handler, and the rate-limit bucket that it counts against."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    needs_token: bool = True
    bucket: str | None = "other"
    major: str | None = None
    """The path parameter that separates buckets: a channel or an interaction token."""


@dataclass
class Routes:
    """Collects the routes of one module."""

    found: list[Route]

    def __call__(
        self,
        method: str,
        path: str,
        *,
        needs_token: bool = True,
        bucket: str | None = "other",
        major: str | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the server of `path`, whose `{names}` become parameters."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

        def declare(handler: Handler) -> Handler:
            self.found.append(Route(method, pattern, handler, needs_token, bucket, major))
            return handler

        return declare
