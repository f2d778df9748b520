"""The file store: bytes in through an upload URL, out again with a token."""

from __future__ import annotations

import mimetypes

from aiohttp import web

from doubles.slack.faults import ConnectionCut, UploadFails
from doubles.slack.platform import Platform
from doubles.slack.state.workspaces import File
from doubles.slack.web_api.api import cut


class FileStore:
    """Takes and gives the bytes of files."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The byte POST: no token, raw bytes, exactly as many as were announced."""
        file = self._file(request)
        body = await request.read()
        answer = self._take(request, file, body)
        self._platform.journal.note("upload", request.path, len(body), answer.text, answer.status)
        if answer.status == 200 and self._platform.faults.take(ConnectionCut, "upload"):
            return cut(request)
        return answer

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a completed file, for a token of its workspace."""
        answer = self._give(request)
        self._platform.journal.note("download", request.path, None, None, answer.status)
        return answer

    def _take(self, request: web.Request, file: File | None, body: bytes) -> web.Response:
        fails = self._platform.faults.take(UploadFails)
        if fails:
            return web.Response(status=fails.status, text="upload failed")
        if request.method != "POST" or file is None or file.completed:
            return self._refuse(request, f"{request.method} to an upload URL that is not open")
        if request.content_type.startswith("multipart/"):
            return self._refuse(request, "an upload in parts; the double takes raw bytes")
        if len(body) != file.length:
            return self._refuse(request, f"{len(body)} bytes were uploaded, {file.length} were announced")
        file.content = body
        file.uploads += 1
        self._platform.changes.announce()
        return web.Response(text=f"OK - {len(body)}")

    def _refuse(self, request: web.Request, complaint: str) -> web.Response:
        self._platform.journal.violate(f"{request.path}: {complaint}")
        return web.Response(status=400, text=complaint)

    def _give(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        workspace = self._platform.world.by_token(token) if scheme == "Bearer" else None
        if workspace is None or workspace.tokens.error or workspace.team != request.match_info["team"]:
            return web.Response(status=401)
        if "files:read" not in workspace.tokens.scopes:
            return web.Response(status=403)
        file = self._file(request)
        if file is None or file.content is None or not file.completed:
            return web.Response(status=404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return web.Response(body=file.content, content_type=kind)

    def _file(self, request: web.Request) -> File | None:
        workspace = self._platform.world.workspaces.get(request.match_info["team"])
        return workspace.files.get(request.match_info["file"]) if workspace else None
