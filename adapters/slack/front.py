"""The front desk: every kind of act, from the door to whoever serves it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.slack.actions import Actions
from adapters.slack.api import SlackApi
from adapters.slack.commands import ANIMATE, Commands
from adapters.slack.door import Answered, Door
from adapters.slack.errands import Errands
from adapters.slack.failures import AppRemoved, TokenDead
from adapters.slack.payloads import Act, Click, Command, Mention, Reaction, Removal
from adapters.slack.telling import Teller
from adapters.slack.values import Content


@dataclass(frozen=True, slots=True)
class Front:
    """Who serves what. Each method returns when the act is stored or refused, or after the time that Slack waits."""

    api: SlackApi
    door: Door
    errands: Errands
    teller: Teller
    commands: Commands
    actions: Actions

    async def command(self, command: Command) -> Content | None:
        """A slash command; the answer goes into the acknowledgement."""
        return (await self._let_in(command.act, lambda: self.commands.serve(command))).content

    async def click(self, click: Click) -> None:
        """A button."""
        await self._serve(click.act, lambda: self.actions.clicked(click))

    async def mention(self, mention: Mention) -> None:
        """The bot's name in a message: the same as the command; bots are not heard."""
        if not mention.is_of_bot:
            asked = Command(mention.act, ANIMATE.name, mention.text)
            await self._serve(mention.act, lambda: self.commands.serve(asked))

    async def reaction(self, reaction: Reaction) -> None:
        """A reaction on some message."""
        await self._serve(reaction.act, lambda: self.actions.reacted(reaction))

    async def removed(self, team: str, removal: Removal | None) -> None:
        """The app was removed from a workspace, or its token revoked: post nothing there any more."""
        if removal is not None and team == (await self.api.identity()).team:
            self.api.silence(AppRemoved() if removal is Removal.APP else TokenDead("token_revoked"))

    async def _serve(self, act: Act, work: Callable[[], Awaitable[Content | None]]) -> None:
        answered = await self._let_in(act, work)
        if answered.content is not None and answered.is_first:
            self.errands.start(self.teller.tell(act, answered.content), "telling one member")

    async def _let_in(self, act: Act, work: Callable[[], Awaitable[Content | None]]) -> Answered:
        async def later(content: Content) -> None:
            await self.teller.tell(act, content)

        return await self.door.let_in(f"{act.team}:{act.key}", work, later)
