"""What a part of ``/flipbook admin`` is made of."""

from collections.abc import Awaitable, Callable, Mapping

from adapters.slack.models import Act, SlackContent

AdminVerb = Callable[[Act, str], Awaitable[SlackContent]]
"""Handles the words after two known ones, such as ``limits set``."""
AdminVerbs = Mapping[tuple[str, str], AdminVerb]
"""By topic and verb; the verb is empty where a topic stands alone."""
