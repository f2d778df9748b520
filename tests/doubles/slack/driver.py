"""The human side: what people in the two workspaces do. Each act waits until the bot has acknowledged it."""

from __future__ import annotations

from collections.abc import Callable

from doubles.slack.faults import Fault
from doubles.slack.inbound import events, payloads
from doubles.slack.inbound.courier import CONNECT_SECONDS, WAIT_SECONDS
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.platform import Platform
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Channel, Message, OpenView, Workspace, World
from doubles.slack.world import GENERAL, HOME, VERIFICATION_TOKEN


class Driver:
    """People's hands. `user` is by default the workspace's ordinary member, `team` the home workspace."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    async def slash(
        self, command: str, text: str = "", *, user: str | None = None, channel: str = GENERAL, team: str = HOME
    ) -> Delivery:
        """Type a command into a channel."""
        workspace = self._workspace(team)
        where, who = _channel_and_user(workspace, channel, user)
        payload = payloads.slash(self.platform, workspace, where, who, command, text)
        return await self._deliver(Delivery("slash_commands", "slash", payload, team))

    async def click(
        self, target: Message | OpenView, action_id: str, *, user: str | None = None, value: str | None = None
    ) -> Delivery:
        """Use a button (or, with `value`, an option of a menu); LookupError when it is not there to be seen."""
        workspace = self._workspace(target.team)
        if isinstance(target, Message):
            who = user or target.ephemeral_for or workspace.default_user
            action = payloads.action_in(self.platform, target.blocks, action_id, value)
            payload = payloads.message_click(self.platform, workspace, target, who, action)
        else:
            action = payloads.action_in(self.platform, target.body.get("blocks", []), action_id, value)
            payload = payloads.view_click(self.platform, workspace, target, user or target.user, action)
        return await self._deliver(Delivery("interactive", "block_actions", payload, target.team))

    async def react(
        self, channel: str, ts: str, name: str, *, user: str | None = None, team: str = HOME
    ) -> Delivery | None:
        """Put a reaction on a message; the delivery is None when the bot is not told."""
        workspace = self._workspace(team)
        message, who = workspace.messages[channel, ts], user or workspace.default_user
        users = message.reactions.setdefault(name, [])
        if who not in users:
            users.append(who)
        return await self._tell(events.reaction(self.platform, message, name, who))

    async def unreact(
        self, channel: str, ts: str, name: str, *, user: str | None = None, team: str = HOME
    ) -> Delivery | None:
        """Take a reaction back."""
        workspace = self._workspace(team)
        message, who = workspace.messages[channel, ts], user or workspace.default_user
        message.reactions[name].remove(who)
        return await self._tell(events.reaction(self.platform, message, name, who, "reaction_removed"))

    async def mention(
        self,
        text: str,
        channel: str = GENERAL,
        thread_ts: str | None = None,
        *,
        user: str | None = None,
        team: str = HOME,
    ) -> Delivery | None:
        """Write `@bot text`, in a thread too; the delivery is None when the bot is not in the channel."""
        workspace = self._workspace(team)
        said = self._write(workspace, f"<@{workspace.bot_user}> {text}", channel, thread_ts, user)
        return await self._tell(events.mention(self.platform, workspace, workspace.channels[channel], said))

    async def say(
        self,
        text: str,
        channel: str = GENERAL,
        thread_ts: str | None = None,
        *,
        user: str | None = None,
        team: str = HOME,
    ) -> Message:
        """Write a message; the bot gets it where it subscribed to messages."""
        said = self._write(self._workspace(team), text, channel, thread_ts, user)
        await self.platform.courier.concerning(said.ts)
        return said

    async def delete(self, channel: str, ts: str, *, team: str = HOME) -> None:
        """Delete a message, as an admin may."""
        posting.remove(self.platform, self._workspace(team).messages[channel, ts])

    async def open_home(self, *, user: str | None = None, team: str = HOME) -> Delivery | None:
        """Open the bot's Home tab."""
        workspace = self._workspace(team)
        who = user or workspace.default_user
        direct = posting.direct_channel(self.platform, workspace, who)
        event = {"type": "app_home_opened", "user": who, "channel": direct.id, "tab": "home"}
        event["event_ts"] = self.platform.world.next_ts(self.platform.clock.now())
        return await self._tell(events.about(self.platform, workspace, None, event))

    async def submit(self, view: OpenView, values: dict[str, str] | None = None) -> Delivery:
        """Send a modal off, with values by action_id (an option by its value)."""
        workspace = self._workspace(view.team)
        state = payloads.state_values(view, dict(values or {}))
        payload = payloads.submission(self.platform, workspace, view, view.user, state)
        return await self._deliver(Delivery("interactive", "view_submission", payload, view.team))

    async def close_view(self, view: OpenView) -> Delivery | None:
        """Close a modal by its X; the bot gets that when it asked for it."""
        view.is_open = False
        if not view.body.get("notify_on_close"):
            return None
        payload = payloads.closing(self.platform, self._workspace(view.team), view, view.user)
        return await self._deliver(Delivery("interactive", "view_closed", payload, view.team))

    async def message_shortcut(self, callback_id: str, message: Message, *, user: str | None = None) -> Delivery:
        """Choose a shortcut from a message's menu."""
        workspace = self._workspace(message.team)
        who = user or workspace.default_user
        payload = payloads.message_shortcut(self.platform, workspace, message, who, callback_id)
        return await self._deliver(Delivery("interactive", "message_shortcut", payload, message.team))

    async def global_shortcut(self, callback_id: str, *, user: str | None = None, team: str = HOME) -> Delivery:
        """Choose a shortcut from anywhere."""
        workspace = self._workspace(team)
        payload = payloads.global_shortcut(self.platform, workspace, user or workspace.default_user, callback_id)
        return await self._deliver(Delivery("interactive", "global_shortcut", payload, team))

    def invite(self, channel: str, *, team: str = HOME) -> None:
        """Invite the bot into a channel."""
        workspace = self._workspace(team)
        workspace.channels[channel].members.add(workspace.bot_user)
        self.platform.changes.announce()

    async def invite_and_tell(self, channel: str, *, team: str = HOME) -> Delivery | None:
        """The same, and the bot is told of its arrival."""
        self.invite(channel, team=team)
        workspace = self._workspace(team)
        where, inviter = workspace.channels[channel], workspace.default_user
        return await self._tell(events.joined(self.platform, workspace, where, workspace.bot_user, inviter))

    async def uninstall(self, team: str = HOME) -> list[Delivery]:
        """Remove the app from a workspace: the token is dead at once, then the events come."""
        workspace = self._workspace(team)
        workspace.tokens.error = "account_inactive"
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [workspace.bot_user]}}
        told = [events.about(self.platform, workspace, None, each) for each in (revoked, {"type": "app_uninstalled"})]
        return [await self._deliver(each) for each in told if each is not None]

    async def verify_url(self) -> Delivery:
        """Save the bot's address in the app's settings: Slack asks it for a challenge first (HTTP mode only)."""
        challenge = self.platform.world.next_id("challenge-")
        payload = {"type": "url_verification", "token": VERIFICATION_TOKEN, "challenge": challenge}
        delivery = await self._deliver(Delivery("events_api", "url_verification", payload, HOME))
        if delivery.ack and delivery.ack.payload not in (challenge, {"challenge": challenge}):
            self.platform.journal.violate(f"url_verification: answered {delivery.ack.payload!r:.80}")
        return delivery

    def approve(self, team: str = HOME) -> str:
        """Agree to the installation: the code that the browser hands to the bot's redirect address."""
        code = self.platform.world.next_id("code-")
        self.platform.world.codes[code] = team
        return code

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Let Slack deliver the same thing again, as it does when it saw no ack."""
        return await self.platform.courier.redeliver(delivery)

    async def fault(self, fault: Fault) -> None:
        """Let something go wrong: see `doubles.slack.faults`."""
        await fault.strike(self.platform)

    def heal(self, kind: type[Fault]) -> None:
        """End the armed faults of a kind, such as ClockSkewed or FilesInfoLags, which last."""
        self.platform.faults.disarm(kind)

    def state(self) -> World:
        """Everything Slack keeps, live."""
        return self.platform.world

    async def wait_for_message(self, predicate: Callable[[Message], object], timeout: float = WAIT_SECONDS) -> Message:
        """The first message of the bot, in any channel, for which the predicate holds; checked on every change."""
        found = await self.wait_for(
            lambda: next((each for each in self.platform.world.bot_messages() if predicate(each)), None), timeout
        )
        assert isinstance(found, Message)
        return found

    async def wait_for(self, condition: Callable[[], object], timeout: float = WAIT_SECONDS) -> object:
        """The first true value of a condition on the double; TimeoutError after `timeout` real seconds."""
        return await self.platform.changes.until(condition, timeout)

    async def _deliver(self, delivery: Delivery) -> Delivery:
        return await self.platform.courier.deliver(delivery, CONNECT_SECONDS)

    async def _tell(self, delivery: Delivery | None) -> Delivery | None:
        return None if delivery is None else await self._deliver(delivery)

    def _write(self, workspace: Workspace, text: str, channel: str, thread_ts: str | None, user: str | None) -> Message:
        where, who = _channel_and_user(workspace, channel, user)
        return posting.post(self.platform, workspace, where, who, text=text, thread_ts=thread_ts)

    def _workspace(self, team: str) -> Workspace:
        return self.platform.world.workspaces[team]


def _channel_and_user(workspace: Workspace, channel_id: str, user: str | None) -> tuple[Channel, str]:
    """The channel and who acts in it; ValueError for a person who is not in it."""
    channel, who = workspace.channels[channel_id], user or workspace.default_user
    if who not in channel.members:
        raise ValueError(f"{who} is not in {channel_id}")
    return channel, who
