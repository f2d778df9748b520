"""slack_sdk's client of the Web API, without what it takes from the environment by itself."""

import aiohttp
from pydantic import SecretStr
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient


def web_client(
    token: SecretStr, base_url: str, session: aiohttp.ClientSession, *, repeatable: bool
) -> AsyncWebClient:
    """A client for one token; cheap to make, because the connections belong to the session."""
    client = AsyncWebClient(
        token=token.get_secret_value(),
        base_url=base_url,
        session=session,
        # slack_sdk's own handler would repeat a post whose answer was lost
        retry_handlers=[AsyncConnectionErrorRetryHandler()] if repeatable else [],
    )
    # the session knows the proxy: slack_sdk reads one of the environment, but not NO_PROXY
    client.proxy = None
    return client
