"""What admins do in the scenario of the rules, in each chat's own words."""

from typing import Protocol

from acceptance.scenarios.chat import Chat, Person
from acceptance.scenarios.discord_chat import DiscordScenario
from acceptance.scenarios.slack_chat import SlackScenario
from doubles.discord.state.people import Role
from doubles.slack.world import ADMIN, OFFTOPIC, STUDIO


class Admins(Protocol):
    """Each act returns what the admin reads."""

    async def add_the_bot(self) -> None:
        """The bot comes to a place where it was not before."""
        ...

    def welcomes(self) -> list[str]:
        """Every welcome that anybody has read."""
        ...

    async def set_log_channel(self) -> str: ...

    def log(self) -> list[str]:
        """What stands in the log channel."""
        ...

    async def free_the_member(self) -> str:
        """From the server's counts by a role where the chat has roles, else by one more clip for everybody."""
        ...

    async def count_the_member_again(self) -> None: ...

    changes: int
    """How many lines of the audit trail all acts make, each done once, beside two limits that are set."""

    async def let_only_the_member_in(self) -> str:
        """By a role where the chat has roles, else by name."""
        ...

    async def let_everyone_in(self) -> str: ...

    async def pause(self, reason: str) -> str: ...

    async def resume(self) -> str: ...


class DiscordAdmins:
    """``/flipbook-admin …``. The member has a role of their own."""

    changes = 7

    def __init__(self, chat: DiscordScenario) -> None:
        self._chat, self._double = chat, chat.double
        guild = chat.double.guilds.studio
        self._role = Role(guild.id + 53, "painters", 0)
        guild.roles[self._role.id] = self._role
        guild.members[chat.person(Person.MEMBER).id].role_ids.append(self._role.id)
        chat.double.guilds.elsewhere.bot_is_member = False

    async def add_the_bot(self) -> None:
        await self._double.fault("guild_joined", guild=self._double.guilds.elsewhere)

    def welcomes(self) -> list[str]:
        return [each.content for each in self._double.world.messages() if "Flipbook is here" in each.content]

    async def set_log_channel(self) -> str:
        return await self._admin("settings log_channel", channel=self._double.places.age_restricted)

    def log(self) -> list[str]:
        return [each.content for each in self._double.places.age_restricted.messages.values()]

    async def free_the_member(self) -> str:
        return await self._admin("roles exempt", role=self._role)

    async def count_the_member_again(self) -> None:
        await self._admin("roles remove", role=self._role)

    async def let_only_the_member_in(self) -> str:
        return await self._admin("roles allow", role=self._role)

    async def let_everyone_in(self) -> str:
        return await self._admin("roles everyone")

    async def pause(self, reason: str) -> str:
        return await self._admin("pause", reason=reason)

    async def resume(self) -> str:
        return await self._admin("resume")

    async def _admin(self, command: str, **options: object) -> str:
        asked = await self._double.slash(
            f"flipbook-admin {command}", user=self._chat.person(Person.ADMIN), options=options
        )
        return (await self._double.wait_for_reply(asked)).content


class SlackAdmins:
    """``/flipbook admin …``."""

    changes = 6

    def __init__(self, chat: SlackScenario) -> None:
        self._chat, self._double = chat, chat.double

    async def add_the_bot(self) -> None:
        await self._double.invite_and_tell(OFFTOPIC)

    def welcomes(self) -> list[str]:
        return [each.text for each in self._double.state().bot_messages() if "Flipbook is here" in each.text]

    async def set_log_channel(self) -> str:
        return await self._admin(f"settings log_channel <#{STUDIO}|studio>")

    def log(self) -> list[str]:
        return [each.text for each in self._double.home.messages_in(STUDIO) if each.bot_id]

    async def free_the_member(self) -> str:
        return await self._admin("limits set user_clips_per_day 2")

    async def count_the_member_again(self) -> None:
        """Nobody was left out."""

    async def let_only_the_member_in(self) -> str:
        return await self._admin(f"members allow <@{self._chat.user(Person.MEMBER).id}|mira>")

    async def let_everyone_in(self) -> str:
        return await self._admin("members everyone")

    async def pause(self, reason: str) -> str:
        return await self._admin(f"pause {reason}")

    async def resume(self) -> str:
        return await self._admin("resume")

    async def _admin(self, words: str) -> str:
        return await self._chat._told(await self._double.slash("/flipbook", f"admin {words}", user=ADMIN))


def admins_of(chat: Chat) -> Admins:
    """The admins of the scenario's server or workspace."""
    if isinstance(chat, DiscordScenario):
        return DiscordAdmins(chat)
    assert isinstance(chat, SlackScenario)
    return SlackAdmins(chat)
