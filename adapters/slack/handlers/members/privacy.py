"""``/flipbook privacy``: what is kept of a member, a copy of it as a file in a direct message, and
being forgotten."""

from collections.abc import Mapping
from typing import Final

from adapters.slack.handlers.payloads import Click
from adapters.slack.models import Act, PostTarget, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import privacy as texts
from adapters.slack.web_api import SlackApi
from generation.service import Service
from generation.service.privacy import EXPORT_NAME

_WORDS: Final[Mapping[str, str]] = {"export": "export", "forget": "ask", "keep": "keep"}


class SlackPrivacy:
    """Handles the command and its buttons; raises FlipbookError when the answer is no."""

    def __init__(self, api: SlackApi, service: Service) -> None:
        self._api = api
        self._service = service

    async def command(self, act: Act, words: str) -> SlackContent:
        """The words after ``/flipbook privacy``: ``export``, ``forget`` or none."""
        return await self._do(act, _WORDS.get(words.strip().lower(), ""))

    async def click(self, click: Click) -> SlackContent:
        """A button under the answer to the command."""
        return await self._do(click.act, click.value)

    async def forget(self, click: Click) -> SlackContent:
        """The member has confirmed; a forged proof, or one of another member, is refused."""
        act = click.act
        await self._service.forget(user_ref(act), server_ref(act), click.value)
        return texts.forgetting_content()

    async def _do(self, act: Act, what: str) -> SlackContent:
        match what:
            case "export":
                await self._export(act)
                return texts.export_comes_content()
            case "ask":
                return texts.question_content(self._service.confirmation_to_forget(user_ref(act)))
            case "keep":
                return texts.kept_content()
            case _:
                facts = await self._service.privacy_of(user_ref(act), server_ref(act))
                return texts.privacy_content(facts)

    async def _export(self, act: Act) -> None:
        member = user_ref(act)
        data = await self._service.export(member)
        try:
            file_id, url = await self._api.announce_file(EXPORT_NAME, len(data))
            await self._api.upload(url, data)
            target = PostTarget(await self._api.open_direct(act.user))
            content = texts.export_content(has_links=self._service.exports_have_links)
            await self._api.complete_file(file_id, EXPORT_NAME, target=target, content=content)
        except BaseException:
            # it did not arrive, so it does not count
            await self._service.export_failed(member)
            raise
