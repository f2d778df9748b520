"""The table of what goes wrong on Discord."""

from collections.abc import Mapping
from typing import Any, Final

from acceptance.scenarios.chat import Person, Where
from acceptance.scenarios.discord_chat import DiscordScenario
from acceptance.scenarios.faults import Fault, Scene, Strike, When
from adapters.discord import DiscordTiming
from core import a_clip_links
from generation.domain.job import JobStatus

_ASKING, _RENDERING, _RE_ROLLING = When.ASKING, When.RENDERING, When.RE_ROLLING
_A_PAUSE = 601.0
"""Seconds after which Discord is asked again during a Cloudflare ban."""


def _fault(name: str, **details: Any) -> Strike:
    async def strike(scene: Scene) -> None:
        await scene.chat.double.fault(name, **details)

    return strike


def _reconnecting(name: str, *, resumed: bool) -> Strike:
    """The connection breaks; the bot comes back with its session or with a new one."""

    async def strike(scene: Scene) -> None:
        gateway = scene.chat.double.gateway
        before = (gateway.resumed, gateway.identified)
        await scene.chat.double.fault(name)
        after = (before[0] + 1, before[1]) if resumed else (before[0], before[1] + 1)
        await scene.chat.double.wait_until(lambda: (gateway.resumed, gateway.identified) >= after, 15)
        await scene.chat.double.wait_connected()

    return strike


async def _replayed(scene: Scene) -> None:
    await scene.chat.double.fault("replay_too_much", events=50)
    await _reconnecting("op7", resumed=True)(scene)


def _in_the_channel(name: str, **details: Any) -> Strike:
    async def strike(scene: Scene) -> None:
        await scene.chat.double.fault(name, channel=scene.chat.channel, **details)

    return strike


async def _message_deleted(scene: Scene) -> None:
    await scene.chat.double.fault("unknown_message", message=scene.post)


def _stored_but_failed(status: int) -> Strike:
    """The message is deleted, and the post of the next one is answered with an error although it was stored."""

    async def strike(scene: Scene) -> None:
        await _message_deleted(scene)
        await scene.chat.double.fault("server_error", status=status)

    return strike


async def _no_step_left(scene: Scene) -> None:
    """Neither the channel nor the member takes the clip."""
    await _in_the_channel("missing_permission")(scene)
    await scene.chat.double.fault("dms_closed", user=scene.chat.person(Person.MEMBER))


async def _reacted_twice(scene: Scene) -> None:
    """The other member reacts and removes it again, before the reaction that counts."""
    other = scene.chat.person(Person.OTHER)
    await scene.chat.double.react(scene.post, user=other)
    await scene.chat.double.unreact(scene.post, user=other)


async def _guild_gone(scene: Scene) -> None:
    await scene.chat.double.fault("guild_gone", guild=scene.chat.double.guilds.studio)
    await scene.story.until(lambda: scene.story.studio.is_told_to_stop)


async def _job_closed(scene: Scene) -> None:
    """Cancelled, refunded, and Discord is left alone."""
    moves = scene.story.core.observer.moves
    await scene.story.until(lambda: any(status is JobStatus.CANCELLED for _, status in moves))
    await scene.story.until(lambda: scene.story.core.observer.deliveries)
    assert await scene.story.clips_of(Person.MEMBER) == 0
    assert len([code for _, code in scene.chat.double.refusals if code == 50001]) <= 6


async def _pause_over(scene: Scene) -> None:
    """One request was refused, and none follows before the ban is over."""
    await scene.story.until(lambda: scene.story.core.observer.troubles)
    assert scene.chat.double.served_429 == 1
    scene.chat.pass_time(_A_PAUSE)


def _impatient(chat: DiscordScenario) -> Mapping[str, Any]:
    """Short heartbeats, a short heartbeat timeout, and new sessions without the usual pause."""
    chat.double.gateway.heartbeat_ms = 100
    return {"timing": DiscordTiming(heartbeat=0.4, new_session=0.05)}


def _reached_from_outside(_: DiscordScenario) -> Mapping[str, Any]:
    """A bot that has an address, so that it can make links."""
    return {"links": a_clip_links()}


_SHORT_OF_SPACE = 3000
_NO_SPACE = 100
_DIRECTLY = "You asked for it in <#"

DISCORD_FAULTS: Final = (
    # the connection
    Fault("op 7", _RENDERING, _reconnecting("op7", resumed=True)),
    Fault("op 9, d: false", _RENDERING, _reconnecting("op9", resumed=False), prepare=_impatient),
    Fault("TCP abort", _RENDERING, _reconnecting("abort", resumed=True)),
    Fault("no heartbeat ack", _RENDERING, _reconnecting("no_heartbeat_ack", resumed=True), prepare=_impatient),
    # refusals that pass
    Fault("429 of a route", _RENDERING, _fault("rate_limit", route="^PATCH", times=2)),
    Fault("429 for everything", _RENDERING, _fault("rate_limit", is_global=True)),
    Fault("429 by Cloudflare", _RENDERING, _fault("cloudflare", route="^PATCH"), afterwards=_pause_over),
    Fault("502 on the edit, which was made", _RENDERING, _fault("server_error", route="^PATCH", status=502)),
    Fault(
        "500 on the upload, which was stored",
        _RENDERING,
        _stored_but_failed(500),
        where=Where.DIRECT,
        says=(_DIRECTLY, "the message was deleted."),
        is_the_end=True,
    ),
    Fault(
        "502 on the upload, which was stored",
        _RENDERING,
        _stored_but_failed(502),
        where=Where.DIRECT,
        says=(_DIRECTLY, "the message was deleted."),
        is_the_end=True,
    ),
    # the interaction
    Fault("10062: the first answer is too late", _ASKING, _fault("unknown_interaction")),
    Fault("40060: another process was quicker", _ASKING, _fault("already_acknowledged")),
    Fault("50027: the token has ended", _RENDERING, _fault("token_expired")),
    # the channel
    Fault(
        "40005 below the advertised limit",
        _RENDERING,
        _in_the_channel("too_large", limit=_SHORT_OF_SPACE),
        says=("Too large for this place",),
        is_smaller=True,
    ),
    Fault(
        "40005 for whatever size",
        _RENDERING,
        _in_the_channel("too_large", limit=_NO_SPACE),
        where=Where.NOWHERE,
        says=("The clip is too large for this place, even made smaller.", "sends it again"),
    ),
    Fault(
        "40005 for whatever size, where links can be made",
        _RENDERING,
        _in_the_channel("too_large", limit=_NO_SPACE),
        where=Where.NOWHERE,
        says=("The clip is too large for this place, even made smaller.", "[watch it here](<https://clips.example/"),
        prepare=_reached_from_outside,
    ),
    Fault(
        "50013, and no direct messages",
        _RENDERING,
        _no_step_left,
        where=Where.NOWHERE,
        says=("Flipbook lacks a permission in the channel, and you do not accept direct messages", "It is kept: "),
        is_the_end=True,
    ),
    Fault(
        "50013: Attach Files was taken away",
        _RENDERING,
        _in_the_channel("missing_permission"),
        where=Where.DIRECT,
        says=(_DIRECTLY, "because Flipbook lacks a permission in the channel."),
        is_the_end=True,
    ),
    Fault(
        "10008: the message was deleted",
        _RENDERING,
        _message_deleted,
        where=Where.DIRECT,
        says=(_DIRECTLY, "the message was deleted."),
        is_the_end=True,
    ),
    Fault(
        "CHANNEL_DELETE",
        _RENDERING,
        _in_the_channel("channel_gone"),
        where=Where.DIRECT,
        says=(_DIRECTLY, "the channel is gone"),
        is_the_end=True,
    ),
    Fault("GUILD_DELETE", _RENDERING, _guild_gone, where=Where.NOWHERE, afterwards=_job_closed, is_the_end=True),
    # twice
    Fault("a command told twice", _ASKING, _fault("duplicate_events", event="INTERACTION_CREATE")),
    Fault("events replayed after RESUME", _RENDERING, _replayed),
    Fault("a reaction told twice", _RE_ROLLING, _fault("duplicate_events", event="MESSAGE_REACTION_ADD"), bought=2),
    Fault("a reaction given twice", _RE_ROLLING, _reacted_twice, bought=2),
)
