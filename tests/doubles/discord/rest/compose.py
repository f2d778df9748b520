"""From a request's body and files to a message: what is new, what is kept, and whether it may be so at all."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from doubles.discord.rest.call import Call
from doubles.discord.rules.messages import (
    check_components,
    check_not_empty,
    check_text,
    check_v2,
    mention_violation,
    pinged_ids,
    pings_everyone,
)
from doubles.discord.rules.refusals import Refusal, form_refusal
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Attachment, Edit, Json, Message, MessageFlag, walk_components
from doubles.discord.state.people import User
from doubles.discord.state.permissions import Permission, permissions_in
from doubles.discord.state.places import Channel
from doubles.discord.state.world import World
from doubles.discord.wire.messages import content_type_of

CREATE_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
EDIT_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2
COMPONENT_DEFAULTS: dict[int, Json] = {
    3: {"min_values": 1, "max_values": 1},
    5: {"min_values": 1, "max_values": 1},
    6: {"min_values": 1, "max_values": 1},
    7: {"min_values": 1, "max_values": 1},
    8: {"min_values": 1, "max_values": 1},
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}
"""What Discord fills in, by component type."""


@dataclass(frozen=True)
class Draft:
    """A message as it would be after the request, checked before anything changes."""

    content: str
    embeds: list[Json]
    components: list[Json]
    attachments: list[Attachment]
    flags: int
    brings_files: bool
    mentions_everyone: bool


class Composer:
    """Makes and edits messages."""

    def __init__(self, world: World, violations: list[str]) -> None:
        self._world = world
        self._violations = violations

    def create(
        self, channel: Channel, body: Json, call: Call, *, upload_limit: int, interaction: Interaction | None = None
    ) -> Message:
        """A new message of the bot, kept in the world."""
        allowed = CREATE_FLAGS | (MessageFlag.EPHEMERAL if interaction else MessageFlag(0))
        message = self.blank(channel, self._world.bot, interaction=interaction)
        message.flags = int(body.get("flags") or 0) & allowed
        self._take(message, self._draft(message, body, call, upload_limit))
        # an edit notifies nobody
        message.pinged = pinged_ids(message.content, body.get("allowed_mentions"))
        return self._world.add(message)

    def edit(self, message: Message, body: Json, call: Call, *, upload_limit: int) -> None:
        """Change a message; what the body does not name stays. The first words of a deferred answer are no edit."""
        draft = self._draft(message, body, call, upload_limit)
        self._take(message, draft)
        if message.loading:
            message.flags &= ~MessageFlag.LOADING
            return
        message.edited_at = self._world.clock.now()
        message.edits.append(Edit(message.edited_at, draft.brings_files))

    def blank(self, channel: Channel, author: User, *, interaction: Interaction | None = None) -> Message:
        """A message without anything in it, not kept yet."""
        world = self._world
        return Message(world.snowflake(), channel, author, world.clock.now(), interaction=interaction)

    def _draft(self, message: Message, body: Json, call: Call, upload_limit: int) -> Draft:
        flags = _flags_after(message, body)
        v2 = bool(flags & MessageFlag.COMPONENTS_V2)
        content = str(body["content"] or "") if "content" in body else message.content
        embeds = [{**embed, "type": "rich"} for embed in _listed(body, "embeds", message.embeds)]
        attachments = self._attachments_after(message, body, call, upload_limit)
        components = _listed(body, "components", message.components)
        check_text(content, embeds)
        check_v2(v2=v2, content=content, embeds=embeds)
        check_components(components, v2=v2, filenames=[item.filename for item in attachments])
        check_not_empty(content=content, embeds=embeds, files=len(attachments), layout=v2 and bool(components))
        pings = self._check_mentions(message.channel, content if "content" in body else "", body)
        completed = completed_components(components, attachments)
        return Draft(content, embeds, completed, attachments, flags, bool(call.files), pings)

    def _take(self, message: Message, draft: Draft) -> None:
        kept = {item.id for item in draft.attachments}
        for attachment in message.attachments:
            if attachment.id not in kept:
                self._world.attachments.pop(attachment.id, None)
        message.content, message.embeds, message.components = draft.content, draft.embeds, draft.components
        message.attachments, message.flags = draft.attachments, draft.flags
        message.mentions_everyone = draft.mentions_everyone
        self._world.attachments.update({item.id: item for item in draft.attachments})

    def _check_mentions(self, channel: Channel, content: str, body: Json) -> bool:
        if violation := mention_violation(content, body.get("allowed_mentions")):
            self._violations.append(violation)
        may = bool(permissions_in(channel, self._world.bot) & Permission.MENTION_EVERYONE)
        return pings_everyone(content, body.get("allowed_mentions"), may=may)

    def _attachments_after(self, message: Message, body: Json, call: Call, limit: int) -> list[Attachment]:
        limit = min(limit, message.channel.real_upload_limit or limit)
        if any(len(upload.data) > limit for upload in call.files.values()):
            raise Refusal(40005)
        if call.strays:
            raise form_refusal(f"multipart parts {call.strays} are neither payload_json nor files[n]")
        existing = {str(item.id): item for item in message.attachments}
        listed = body.get("attachments")
        if listed is None:
            return [*message.attachments, *(self._stored(message, call, n, {}) for n in sorted(call.files))]
        found: list[Attachment] = []
        for item in listed:
            if str(item["id"]) in existing:
                found.append(existing[str(item["id"])])
            elif str(item["id"]).isdecimal() and int(item["id"]) in call.files:
                found.append(self._stored(message, call, int(item["id"]), item))
            else:
                raise form_refusal(f"attachment id {item['id']!r} names neither a kept file nor a files[n] part")
        return found

    def _stored(self, message: Message, call: Call, index: int, described: Json) -> Attachment:
        upload = call.files[index]
        filename = described.get("filename") or upload.filename
        return Attachment(
            self._world.snowflake(),
            message.channel.id,
            filename,
            content_type_of(filename),
            upload.data,
            described.get("description"),
            ephemeral=message.ephemeral,
        )


def completed_components(components: list[Json], attachments: list[Attachment]) -> list[Json]:
    """The components as Discord hands them back: numbered, with its defaults, without nulls."""
    taken = {component["id"] for component in walk_components(components) if component.get("id")}
    free = (number for number in count(1) if number not in taken)
    return [_completed(component, free, attachments) for component in components]


def _completed(component: Json, free: Any, attachments: list[Attachment]) -> Json:
    given = {key: value for key, value in component.items() if value is not None}
    node: Json = {**COMPONENT_DEFAULTS.get(component["type"], {}), **given}
    node["id"] = given.get("id") or next(free)
    if "components" in given:
        node["components"] = [_completed(child, free, attachments) for child in given["components"]]
    if "accessory" in given:
        node["accessory"] = _completed(given["accessory"], free, attachments)
    if "emoji" in given:
        node["emoji"] = {key: value for key, value in given["emoji"].items() if value is not None}
    if "items" in given:
        node["items"] = [{"description": None, "spoiler": False, **item} for item in given["items"]]
    if "file" in given:
        node |= _file_facts(given["file"], attachments)
    return node


def _file_facts(reference: Json, attachments: list[Attachment]) -> Json:
    named = {f"attachment://{item.filename}": item for item in attachments}
    attachment = named.get(reference["url"])
    if attachment is None:
        raise form_refusal(f"a file component names {reference['url']!r}, which is not attached")
    return {"name": attachment.filename, "size": len(attachment.data)}


def _flags_after(message: Message, body: Json) -> int:
    if body.get("flags") is None:
        return message.flags
    wanted = int(body["flags"])
    if message.has(MessageFlag.COMPONENTS_V2) and not wanted & MessageFlag.COMPONENTS_V2:
        raise form_refusal("the Components V2 flag can never be removed from a message")
    return (message.flags & ~EDIT_FLAGS) | (wanted & EDIT_FLAGS)


def _listed(body: Json, key: str, before: list[Json]) -> list[Json]:
    return list(body[key] or []) if key in body else before
