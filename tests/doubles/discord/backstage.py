"""What every part of the double works with: its world, its record, its gateway and its notifications."""

from dataclasses import dataclass, field
from pathlib import Path

from doubles.discord.changes import Changes
from doubles.discord.clock import DoubleClock
from doubles.discord.gateway.sessions import Gateway
from doubles.discord.planned import PlannedAnswers
from doubles.discord.record import Exchange, Record
from doubles.discord.rest.buckets import Buckets
from doubles.discord.rest.compose import Composer
from doubles.discord.rules.messages import interval_violation
from doubles.discord.state.messages import Message
from doubles.discord.state.people import User
from doubles.discord.state.world import World, new_world
from doubles.discord.wire.messages import FileLinks, MessagePayloads, emoji_payload
from doubles.discord.wire.payloads import member_payload


@dataclass(frozen=True)
class Strictness:
    """Rules a test may want otherwise."""

    edit_interval: float | None = 3.0
    """Least seconds between two progress edits of one message; None: any interval."""
    old_edits: int = 3
    """Edits taken for a message older than an hour, before 429/30046."""
    old_edit_retry_after: float = 0.05
    """`retry_after` of that 429, in seconds. Really it is long; discord.py sleeps it five times before it gives up."""
    token_uploads_need_permission: bool = True
    """Whether Attach Files is wanted for files sent with an interaction's token too. Discord has changed its mind on
    this; the strict reading is the safe one for a bot."""


@dataclass(eq=False)
class Backstage:
    """The double behind its four interfaces: REST, gateway, files and the driver."""

    world: World
    record: Record
    gateway: Gateway
    strictness: Strictness
    buckets: Buckets
    links: FileLinks
    wire: MessagePayloads
    composer: Composer
    planned: PlannedAnswers = field(default_factory=PlannedAnswers)

    @property
    def clock(self) -> DoubleClock:
        return self.world.clock

    @property
    def changes(self) -> Changes:
        return self.record.changes

    def message_created(self, message: Message) -> None:
        """Tell the gateway of a new message, unless it is ephemeral."""
        if not message.ephemeral:
            self.gateway.dispatch("MESSAGE_CREATE", self.wire.event(message), channel=message.channel)

    def message_edited(self, message: Message) -> None:
        """Tell the gateway of an edit."""
        if not message.ephemeral:
            self.gateway.dispatch("MESSAGE_UPDATE", self.wire.event(message), channel=message.channel)

    def message_deleted(self, message: Message) -> None:
        """Forget a message and tell the gateway."""
        self.world.remove(message)
        if not message.ephemeral:
            payload = {"id": str(message.id), **self._place(message)}
            self.gateway.dispatch("MESSAGE_DELETE", payload, channel=message.channel)

    def reacted(self, message: Message, emoji: str, user: User, *, added: bool) -> None:
        """Send a reaction over the gateway; the bot receives its own too."""
        payload = {
            "user_id": str(user.id),
            "message_id": str(message.id),
            "emoji": emoji_payload(emoji),
            "burst": False,
            "type": 0,
            **self._place(message),
        }
        if added:
            payload["message_author_id"] = str(message.author.id)
            if (guild := message.channel.guild) and user.id in guild.members:
                payload["member"] = member_payload(guild.members[user.id])
        event = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
        self.gateway.dispatch(event, payload, channel=message.channel)

    def check_interval(self, message: Message) -> None:
        """Note progress edits that came too close together."""
        if violation := interval_violation(message.edits, self.strictness.edit_interval):
            self.record.violations.append(violation)

    def log(self, exchange: Exchange) -> None:
        """Keep an exchange and wake those who wait."""
        self.record.note(exchange)

    def _place(self, message: Message) -> dict[str, str]:
        guild = message.channel.guild
        place = {"channel_id": str(message.channel.id)}
        return place | ({"guild_id": str(guild.id)} if guild else {})


def new_backstage(base_url: str, *, judge: Path | None, strictness: Strictness, buckets: bool) -> Backstage:
    """Everything wired together, with the standing cast and nothing said yet."""
    world = new_world(DoubleClock())
    record = Record.judged_by(judge)
    links = FileLinks(base_url, world)
    resume_url = base_url.replace("http://", "ws://") + "/resume"
    return Backstage(
        world,
        record,
        Gateway(world, record, resume_url),
        strictness,
        Buckets(world.clock, enforced=buckets),
        links,
        MessagePayloads(world, links),
        Composer(world, record.violations),
    )
