"""What people do in Discord's app, as calls of a test; only `autocomplete` waits for the bot."""

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from doubles.discord.backstage import Backstage
from doubles.discord.rest.interactions import defer
from doubles.discord.rest.reactions import react, unreact
from doubles.discord.state.interactions import Callback, Interaction, InteractionKind
from doubles.discord.state.messages import Json, Message, walk_components
from doubles.discord.state.people import User
from doubles.discord.state.places import Channel, Guild
from doubles.discord.waiting import Waiting
from doubles.discord.wire.interactions import interaction_payload
from doubles.discord.wire.options import (
    CannotDoThat,
    Filled,
    attachment_limit,
    check_offered,
    fill,
    fill_modal,
    find_command,
)

BUTTON, STRING_SELECT = 2, 3
USER_MENU, MESSAGE_MENU = 2, 3


class Driver(Waiting):
    """What a person can do. `user` defaults to the ordinary member, `channel` to the studio's text channel."""

    def __init__(self, stage: Backstage) -> None:
        super().__init__(stage)
        self._refuse_next: int | None = None

    async def slash(
        self,
        command: str,
        /,
        *,
        user: User | None = None,
        channel: Channel | None = None,
        guild: Guild | None = None,
        options: Mapping[str, Any] | None = None,
        force: bool = False,
        **named: Any,
    ) -> Interaction:
        """Use a slash command; groups and sub-commands are written with spaces: `"limits set"`.

        Options are keywords; those whose names clash with ours go into `options`. A file is `(name, bytes)`. Raises
        CannotDoThat for what Discord's app would not send; `force` skips the question whether it is offered there.
        """
        user, channel = self._whereabouts(user, channel, guild)
        name, *path = command.split()
        definition = find_command(self.world, channel, name)
        if not force:
            check_offered(definition, channel, user)
        filled = Filled(self.world, channel)
        data = _command_data(definition)
        if wire := fill(definition, path, {**named, **(options or {})}, filled):
            data["options"] = wire
        return self._send(InteractionKind.COMMAND, user, channel, self._with_references(data, filled))

    async def menu(self, command: str, target: Message | User, *, user: User | None = None) -> Interaction:
        """Use a context-menu command on a message or on a person (then in the text channel)."""
        on_message = isinstance(target, Message)
        user, channel = self._whereabouts(user, target.channel if isinstance(target, Message) else None, None)
        definition = find_command(self.world, channel, command, MESSAGE_MENU if on_message else USER_MENU)
        filled = Filled(self.world, channel)
        if isinstance(target, Message):
            filled.resolved["messages"] = {str(target.id): self.stage.wire.rest(target)}
        else:
            filled.reference(target)
        data = {**_command_data(definition), "target_id": str(target.id)}
        return self._send(InteractionKind.COMMAND, user, channel, self._with_references(data, filled))

    async def autocomplete(
        self,
        command: str,
        option: str,
        typed: str,
        *,
        user: User | None = None,
        channel: Channel | None = None,
        **other: Any,
    ) -> list[Json]:
        """Type into an option and wait for the choices; `other` options are filled in already."""
        user, channel = self._whereabouts(user, channel, None)
        name, *path = command.split()
        definition = find_command(self.world, channel, name)
        filled = Filled(self.world, channel)
        data = _command_data(definition)
        data["options"] = fill(definition, path, {**other, option: typed}, filled, focused=option)
        sent = self._send(InteractionKind.AUTOCOMPLETE, user, channel, self._with_references(data, filled))
        await self.wait_for_answer(sent)
        return sent.choices

    async def click(self, message: Message, custom_id: str, *, user: User | None = None) -> Interaction:
        """Press a button."""
        component = self._component(message, custom_id, user or self.people.member)
        if component["type"] != BUTTON:
            raise CannotDoThat(f"{custom_id!r} is no button")
        return self._use_component(message, {"component_type": BUTTON, "custom_id": custom_id}, user)

    async def select(self, message: Message, custom_id: str, *values: str, user: User | None = None) -> Interaction:
        """Choose from a string select."""
        component = self._component(message, custom_id, user or self.people.member)
        offered = {option["value"] for option in component.get("options", [])}
        if component["type"] != STRING_SELECT or not set(values) <= offered:
            raise CannotDoThat(f"{custom_id!r} does not offer {values}")
        data = {"component_type": STRING_SELECT, "custom_id": custom_id, "values": list(values)}
        return self._use_component(message, data, user)

    async def submit(self, opened: Interaction, /, **values: Any) -> Interaction:
        """Fill in and send the modal that answered an interaction; `values` by the fields' custom ids."""
        if opened.modal is None or opened.answered_with is not Callback.MODAL:
            raise CannotDoThat("no modal was opened")
        data = {"custom_id": opened.modal["custom_id"], "components": fill_modal(opened.modal, values)}
        interaction = self._new(InteractionKind.MODAL, opened.user, opened.channel, data)
        interaction.opened_by, interaction.source = opened, opened.source
        return self._deliver(interaction)

    async def react(self, message: Message, emoji: str = "🔁", *, user: User | None = None) -> None:
        """Put a reaction on a message."""
        self._check_visible(message, user or self.people.member)
        react(self.stage, message, emoji, user or self.people.member)
        self.stage.changes.announce()

    async def unreact(self, message: Message, emoji: str = "🔁", *, user: User | None = None) -> None:
        """Take a reaction back."""
        unreact(self.stage, message, emoji, user or self.people.member)
        self.stage.changes.announce()

    async def say(
        self, text: str, *, user: User | None = None, channel: Channel | None = None, reply_to: Message | None = None
    ) -> Message:
        """Write an ordinary message."""
        user, channel = self._whereabouts(user, channel, None)
        message = self.stage.composer.blank(channel, user)
        message.content, message.replies_to, message.kind = text, reply_to, 19 if reply_to else 0
        self.stage.message_created(self.world.add(message))
        self.stage.changes.announce()
        return message

    async def delete(self, message: Message) -> None:
        """Delete a message, as its author or a moderator can; for an ephemeral one: dismiss it."""
        self.stage.message_deleted(message)
        self.stage.changes.announce()

    def refuse_next(self, code: int) -> None:
        """The next interaction's first response is refused: 10062 (too late) or 40060 (answered by another process)."""
        self._refuse_next = code

    def _whereabouts(self, user: User | None, channel: Channel | None, guild: Guild | None) -> tuple[User, Channel]:
        if channel is None and guild is self.guilds.elsewhere:
            channel = self.places.elsewhere
        return user or self.people.member, channel or self.places.text

    def _component(self, message: Message, custom_id: str, user: User) -> Json:
        self._check_visible(message, user)
        for component in walk_components(message.components):
            if component.get("custom_id") == custom_id:
                if component.get("disabled"):
                    raise CannotDoThat(f"{custom_id!r} is disabled")
                return component
        raise CannotDoThat(f"the message has no {custom_id!r}; it has {message.custom_ids}")

    def _check_visible(self, message: Message, user: User) -> None:
        stranger = message.ephemeral and message.interaction and message.interaction.user is not user
        if message.deleted or stranger:
            raise CannotDoThat(f"{user.name} does not see this message")

    def _use_component(self, message: Message, data: Json, user: User | None) -> Interaction:
        interaction = self._new(InteractionKind.COMPONENT, user or self.people.member, message.channel, data)
        interaction.source = message
        return self._deliver(interaction)

    def _with_references(self, data: Json, filled: Filled) -> Json:
        for attachment in filled.files:
            self.world.attachments[attachment.id] = attachment
            payload = self.stage.wire.attachment(attachment)
            filled.resolved.setdefault("attachments", {})[str(attachment.id)] = payload
        return data | ({"resolved": filled.resolved} if filled.resolved else {})

    def _send(self, kind: InteractionKind, user: User, channel: Channel, data: Json) -> Interaction:
        return self._deliver(self._new(kind, user, channel, data))

    def _new(self, kind: InteractionKind, user: User, channel: Channel, data: Json) -> Interaction:
        clock, number = self.stage.clock, self.world.snowflake()
        limit = attachment_limit(user, channel)
        return Interaction(
            number, token_urlsafe(48), kind, user, channel, clock.now(), clock.moved, data, attachment_size_limit=limit
        )

    def _deliver(self, interaction: Interaction) -> Interaction:
        self.world.interactions[interaction.token] = interaction
        if self._refuse_next is not None:
            interaction.refuses_as, self._refuse_next = self._refuse_next, None
        if interaction.refuses_as == 40060:  # a second process with the same token was quicker
            defer(self.stage, interaction, {})
            interaction.answered_with = Callback.DEFERRED_MESSAGE
        self.stage.gateway.dispatch("INTERACTION_CREATE", interaction_payload(self.stage, interaction))
        self.stage.changes.announce()
        return interaction


def _command_data(definition: Json) -> Json:
    data: Json = {key: definition[key] for key in ("id", "type", "name")}
    return data | ({"guild_id": definition["guild_id"]} if "guild_id" in definition else {})
