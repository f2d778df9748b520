"""How messages look on the wire, and the signed links under which their files are served."""

import hashlib
import hmac
import mimetypes
from urllib.parse import quote

from doubles.discord.state.messages import Attachment, Json, Message
from doubles.discord.state.people import User
from doubles.discord.state.world import World
from doubles.discord.wire.payloads import metadata_payload, partial_member_payload, user_payload

LINK_SECONDS = 24 * 3600
_SIGNING_KEY = b"the double's own"


class FileLinks:
    """Makes and checks the links to attachments: signed, and valid for 24 hours by the double's clock."""

    def __init__(self, base_url: str, world: World) -> None:
        self._base_url = base_url
        self._clock = world.clock

    def url(self, attachment: Attachment) -> str:
        """A fresh link."""
        issued = int(self._clock.now())
        expires = issued + LINK_SECONDS
        path = f"/attachments/{attachment.channel_id}/{attachment.id}/{quote(attachment.filename)}"
        return f"{self._base_url}{path}?ex={expires:x}&is={issued:x}&hm={self._signature(attachment.id, expires)}&"

    def valid(self, attachment_id: int, expires_hex: str, signature: str) -> bool:
        """Whether a link was made here and has not expired."""
        try:
            expires = int(expires_hex, 16)
        except ValueError:
            return False
        genuine = hmac.compare_digest(signature, self._signature(attachment_id, expires))
        return genuine and self._clock.now() <= expires

    def _signature(self, attachment_id: int, expires: int) -> str:
        return hmac.new(_SIGNING_KEY, f"{attachment_id}:{expires}".encode(), hashlib.sha256).hexdigest()


class MessagePayloads:
    """Writes messages, with new signatures on the links each time, as Discord does."""

    def __init__(self, world: World, links: FileLinks) -> None:
        self._world = world
        self._links = links

    def rest(self, message: Message) -> Json:
        """The message as REST answers it."""
        payload = self._basic(message)
        if message.replies_to is not None:
            payload["referenced_message"] = None if message.replies_to.deleted else self._basic(message.replies_to)
        if message.reactions:
            payload["reactions"] = [self._reaction(emoji, users) for emoji, users in message.reactions.items()]
        return payload

    def event(self, message: Message) -> Json:
        """The message as MESSAGE_CREATE and MESSAGE_UPDATE carry it."""
        payload = self.rest(message)
        guild = message.channel.guild
        if guild is not None:
            payload["guild_id"] = str(guild.id)
            if message.author.id in guild.members:
                payload["member"] = partial_member_payload(guild.members[message.author.id])
        return payload

    def attachment(self, attachment: Attachment) -> Json:
        """One file of a message, under a fresh link."""
        url = self._links.url(attachment)
        payload: Json = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": len(attachment.data),
            "url": url,
            "proxy_url": url,
            "content_type": attachment.content_type,
        }
        if attachment.description is not None:
            payload["description"] = attachment.description
        return payload | ({"ephemeral": True} if attachment.ephemeral else {})

    def _basic(self, message: Message) -> Json:
        return {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "type": message.kind,
            "author": user_payload(message.author),
            "content": message.content,
            "timestamp": self._world.clock.iso(message.created_at),
            "edited_timestamp": self._world.clock.iso(message.edited_at) if message.edited_at is not None else None,
            "attachments": [self.attachment(item) for item in message.attachments],
            "embeds": [with_media(embed, self._media(message)) for embed in message.embeds],
            "components": [with_media(item, self._media(message)) for item in message.components],
            "mentions": [user_payload(user) for user in self._mentioned(message)],
            "mention_roles": [],
            "mention_everyone": message.mentions_everyone,
            "pinned": False,
            "tts": False,
            "flags": message.flags,
            **self._origin(message),
        }

    def _origin(self, message: Message) -> Json:
        payload: Json = {} if message.nonce is None else {"nonce": message.nonce}
        if message.interaction is not None:
            payload["application_id"] = payload["webhook_id"] = str(self._world.bot.id)
            payload["interaction_metadata"] = metadata_payload(message.interaction)
        if message.replies_to is not None:
            target = message.replies_to
            payload["message_reference"] = {
                "type": 0,
                "channel_id": str(target.channel.id),
                "message_id": str(target.id),
            }
            if target.channel.guild:
                payload["message_reference"]["guild_id"] = str(target.channel.guild.id)
        return payload

    def _media(self, message: Message) -> dict[str, Json]:
        return {f"attachment://{item.filename}": self.attachment(item) for item in message.attachments}

    def _mentioned(self, message: Message) -> list[User]:
        named = [user for user in self._world.users.values() if user.mention in message.content]
        replied = [message.replies_to.author] if message.replies_to else []
        return list(dict.fromkeys(named + replied))

    def _reaction(self, emoji: str, users: list[User]) -> Json:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me": self._world.bot in users,
            "me_burst": False,
        }


def emoji_payload(emoji: str) -> Json:
    """A unicode emoji, or a custom one given as `name:id`."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name, "animated": False}


def with_media(node: Json, media: dict[str, Json]) -> Json:
    """The same embed or component with `attachment://name` replaced by where that file is served."""
    rendered: Json = {}
    for key, value in node.items():
        if isinstance(value, dict):
            rendered[key] = _resolved(value, media) if value.get("url") in media else with_media(value, media)
        elif isinstance(value, list):
            rendered[key] = [with_media(item, media) if isinstance(item, dict) else item for item in value]
        else:
            rendered[key] = value
    return rendered


def _resolved(value: Json, media: dict[str, Json]) -> Json:
    found = media[value["url"]]
    return {
        **value,
        "id": found["id"],
        "url": found["url"],
        "proxy_url": found["proxy_url"],
        "content_type": found["content_type"],
        "attachment_id": found["id"],
    }


def content_type_of(filename: str) -> str:
    """What Discord makes of a file, whatever the client called it."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
