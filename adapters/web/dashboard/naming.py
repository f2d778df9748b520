"""Servers, channels and members by the names that their chats have told, else by their ids."""

from dataclasses import dataclass, replace

from generation.domain.names import NameBook
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.text.dialect import Dialect, plain_for


@dataclass(frozen=True, slots=True)
class Naming:
    """What things are called on the pages. Whatever it returns is a stranger's text."""

    names: NameBook

    def server(self, server: ServerRef) -> str:
        """A server's name, or ``platform:id``."""
        return self.names.name_of(server) or str(server)

    def channel(self, channel: ChannelRef) -> str:
        """A channel's name, or its id; a thread that nobody has named counts as its channel."""
        of = (channel, ChannelRef(channel.server, channel.id))
        name = next((name for each in of if (name := self.names.name_of(each))), None)
        return plain_for(channel.server.platform).channel(channel.id) if name is None else name

    def member(self, user: UserRef) -> str:
        """A member's name, or the id; a forgotten member has neither."""
        return self.names.name_of(user) or str(plain_for(user.platform).who(user))

    def words(self, server: ServerRef) -> Dialect:
        """Sentences about a server, without markup: with names, and the ids that forms take."""

        def member(user_id: str) -> str:
            name = self.names.name_of(UserRef(server.platform, user_id))
            return f"member {user_id}" if name is None else f"{name} ({user_id})"

        def channel(channel_id: str) -> str:
            name = self.names.name_of(ChannelRef(server, channel_id))
            return f"channel {channel_id}" if name is None else f"{name} ({channel_id})"

        return replace(plain_for(server.platform), user=member, channel=channel)
