"""``/flipbook notify`` and ``/flipbook defaults``: what members choose for themselves."""

from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import lists
from adapters.slack.text.markup import SLACK, plain
from generation.service import Service
from generation.text.forms.choices import default_named, default_value, notify_value


class SlackChoices:
    """Shows and changes a member's choices; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def notify(self, act: Act, words: str) -> SlackContent:
        """When the member is told that a clip is ready."""
        user, server = user_ref(act), server_ref(act)
        if not words:
            return lists.notify_content(await self._service.choices_of(user, server))
        changes = {"notify": notify_value(plain(words), SLACK)}
        return lists.notify_content(await self._service.choose(user, server, changes))

    async def defaults(self, act: Act, words: str) -> SlackContent:
        """What stands in the member's requests where they ask for nothing else."""
        user, server = user_ref(act), server_ref(act)
        given, _, value = plain(words).replace("=", " ", 1).strip().partition(" ")
        match given.lower(), value.strip():
            case "", _:
                own = await self._service.choices_of(user, server)
            case "reset", "":
                own = await self._service.reset_defaults(user, server)
            case _, text:
                name = default_named(given, SLACK)
                if not text:
                    # a name alone asks what it is: nothing is taken back
                    return lists.defaults_content(await self._service.choices_of(user, server))
                # quotes around a prompt do not belong to it
                changes = {name: default_value(name, text.strip('"'), SLACK)}
                own = await self._service.choose(user, server, changes)
        return lists.defaults_content(own)
