"""The table of what goes wrong on Slack."""

from collections.abc import Mapping
from typing import Any, Final

from acceptance.scenarios.chat import Where
from acceptance.scenarios.faults import Fault, Scene, Strike, When
from adapters.slack import SlackTiming
from doubles.slack import faults as slack
from doubles.slack.world import GENERAL

_ASKING, _RENDERING, _RE_ROLLING = When.ASKING, When.RENDERING, When.RE_ROLLING
_ELSEWHERE = "It is posted here because "


def _fault(*faults: slack.Fault) -> Strike:
    async def strike(scene: Scene) -> None:
        for fault in faults:
            await scene.chat.double.fault(fault)

    return strike


def _reconnecting(fault: slack.Fault) -> Strike:
    """The socket breaks; the bot comes back with another one."""

    async def strike(scene: Scene) -> None:
        double = scene.chat.double
        before = double.sockets_opened
        await double.fault(fault)
        await double.wait_for(lambda: double.sockets_opened > before)
        await double.connected()

    return strike


async def _message_deleted(scene: Scene) -> None:
    await scene.chat.double.fault(slack.MessageDeleted(GENERAL, scene.post.ts))


def _with_its_message_gone(fault: slack.Fault) -> Strike:
    async def strike(scene: Scene) -> None:
        await _message_deleted(scene)
        await scene.chat.double.fault(fault)

    return strike


async def _no_view_opened(scene: Scene) -> None:
    assert scene.chat.double.calls("views.open") == []


def _quick_pings(_: Any) -> Mapping[str, Any]:
    return {"timing": SlackTiming(ping=0.1)}


def _over_http(_: Any) -> Mapping[str, Any]:
    return {"over_http": True}


_UNREADY = slack.FileNotReady(times=1000)
_STILL_LOOKING = f"{_ELSEWHERE}Slack is still looking at the clip."

SLACK_FAULTS: Final = (
    # the connection
    Fault("socket drop", _RENDERING, _reconnecting(slack.SocketDropped()), prepare=_quick_pings),
    Fault("disconnect frame", _RENDERING, _reconnecting(slack.DisconnectRequested())),
    Fault("no pongs", _RENDERING, _reconnecting(slack.PongsStop()), prepare=_quick_pings),
    Fault("socket drop before the ack", _ASKING, _fault(slack.AckLost()), prepare=_quick_pings),
    # refusals that pass
    Fault("ratelimited", _RENDERING, _fault(slack.RateLimited("chat.update", times=3, retry_after=2))),
    Fault("an edit that was made and not answered", _RENDERING, _fault(slack.ConnectionCut("chat.update"))),
    Fault("500 on the bytes", _RENDERING, _fault(slack.UploadFails())),
    Fault("the connection cut after the bytes", _RENDERING, _fault(slack.ConnectionCut("upload"))),
    Fault("the connection cut after complete", _RENDERING, _fault(slack.ConnectionCut("files.completeUploadExternal"))),
    Fault(
        "the connection cut after a share",
        _RENDERING,
        _with_its_message_gone(slack.ConnectionCut("files.completeUploadExternal")),
        where=Where.DIRECT,
        says=(f"{_ELSEWHERE}its message was deleted.",),
    ),
    Fault("a file that is not ready at first", _RENDERING, _fault(slack.FileNotReady())),
    Fault(
        "files.info lags",
        _RENDERING,
        _fault(_UNREADY, slack.FilesInfoLags(2)),
        where=Where.THREAD,
        says=(_STILL_LOOKING,),
    ),
    Fault(
        "files.info never tells",
        _RENDERING,
        _fault(_UNREADY, slack.FilesInfoLags()),
        where=Where.NOWHERE,
        says=("could not be posted here: Slack is still looking at the clip.", "sends it again"),
    ),
    # the channel
    Fault(
        "not_in_channel at first",
        _ASKING,
        _fault(slack.BotRemoved(GENERAL)),
        where=Where.NOWHERE,
        says=("Flipbook is not in this channel", "/invite"),
        bought=0,
        is_the_end=True,
    ),
    Fault(
        "not_in_channel afterwards",
        _RENDERING,
        _fault(slack.BotRemoved(GENERAL)),
        where=Where.DIRECT,
        says=(f"{_ELSEWHERE}the bot is not in the channel.",),
        is_the_end=True,
    ),
    Fault(
        "channel_not_found",
        _RENDERING,
        _fault(slack.ChannelGone(GENERAL)),
        where=Where.DIRECT,
        says=(f"{_ELSEWHERE}the channel is gone, or closed to the bot.",),
        is_the_end=True,
    ),
    Fault(
        "is_archived",
        _RENDERING,
        _fault(slack.ChannelArchived(GENERAL)),
        where=Where.DIRECT,
        says=(f"{_ELSEWHERE}the channel is archived.",),
        is_the_end=True,
    ),
    Fault(
        "message_not_found",
        _RENDERING,
        _message_deleted,
        where=Where.DIRECT,
        says=(f"{_ELSEWHERE}its message was deleted.",),
    ),
    Fault(
        "file_uploads_disabled",
        _RENDERING,
        _fault(slack.AnswersError("files.getUploadURLExternal", "file_uploads_disabled", times=1000)),
        where=Where.NOWHERE,
        says=("could not be posted here: this workspace allows no uploads.", "sends it again"),
    ),
    # twice
    Fault("a reaction retried", _RE_ROLLING, _fault(slack.EventsDoubled()), bought=2),
    Fault("a reaction told under two ids", _RE_ROLLING, _fault(slack.EventsDoubled(fresh_id=True)), bought=2),
    # signatures
    Fault(
        "clock skew",
        _ASKING,
        _fault(slack.ClockSkewed(360)),
        where=Where.NOWHERE,
        bought=0,
        prepare=_over_http,
    ),
    Fault("no signature", _ASKING, _fault(slack.Unsigned()), where=Where.NOWHERE, bought=0, prepare=_over_http),
    Fault(
        "a wrong signature", _ASKING, _fault(slack.WronglySigned()), where=Where.NOWHERE, bought=0, prepare=_over_http
    ),
    # a trigger is only needed to open a view, and none is opened for a clip
    Fault("expired_trigger_id", _ASKING, _fault(slack.TriggerExpired()), afterwards=_no_view_opened),
)
