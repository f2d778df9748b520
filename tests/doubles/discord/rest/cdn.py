"""Attachments, served byte for byte under signed links that expire."""

import re

from aiohttp import web

from doubles.discord.backstage import Backstage
from doubles.discord.record import Exchange

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def serve_file(stage: Backstage, request: web.Request) -> web.Response:
    """The file, or the asked part of it; 404 for a link that is forged, expired, or of a deleted message."""
    attachment_id = int(request.match_info["attachment"])
    attachment = stage.world.attachments.get(attachment_id)
    query = request.query
    if attachment is None or not stage.links.valid(attachment_id, query.get("ex", ""), query.get("hm", "")):
        response = web.Response(status=404, text="This content is no longer available.")
    else:
        response = _file(attachment.data, attachment.content_type, request.headers.get("Range", ""))
    stage.log(Exchange(stage.clock.now(), "file", f"GET {request.path}", status=response.status))
    return response


def _file(data: bytes, content_type: str, wanted: str) -> web.Response:
    headers = {"Accept-Ranges": "bytes"}
    if not wanted:
        return web.Response(body=data, content_type=content_type, headers=headers)
    span = _span(wanted, len(data))
    if span is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return web.Response(status=206, body=data[first : last + 1], content_type=content_type, headers=headers)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a range, both counted; None when it lies outside."""
    match = RANGE.fullmatch(wanted)
    if match is None or not any(match.groups()):
        return None
    if not match[1]:
        return max(size - int(match[2]), 0), size - 1
    first, last = int(match[1]), min(int(match[2] or size), size - 1)
    return (first, last) if first <= last else None
