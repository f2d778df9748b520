"""A model hub on 127.0.0.1 that answers as Hugging Face's does: sizes and content tags, ranges, broken connections."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HEADER = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
SAFETENSORS = len(_HEADER).to_bytes(8, "little") + _HEADER + b"\0" * 8
"""The smallest weights that are fit to be loaded."""


class Hub:
    """The files it serves, by `/owner/name/resolve/main/path` and by the commit `newest` at which they were added, and
    the requests it has seen."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.gets: list[tuple[str, str | None]] = []
        self.break_after: dict[str, int] = {}
        self.commits: dict[str, str] = {}
        self.newest = "0" * 40
        self.url = ""

    def add(self, repo_id: str, name: str, content: bytes, *, tag: str | None = None) -> None:
        """Put a file there; its content tag is its SHA-256, as for large files, unless another is given."""
        for revision in ("main", self.newest):
            path = f"/{repo_id}/resolve/{revision}/{name}"
            self.files[path] = content
            self.tags[path] = tag or hashlib.sha256(content).hexdigest()
            self.commits[path] = self.newest

    def add_small(self, repo_id: str, name: str, content: bytes) -> None:
        """Put a small file there; its content tag is git's hash, as the hub has it for those."""
        tag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        self.add(repo_id, name, content, tag=tag)


@contextmanager
def serving() -> Iterator[Hub]:
    """Run a hub on a port of its own until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_for(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._begin()

        def do_GET(self) -> None:
            hub.gets.append((self.path, self.headers.get("Range")))
            content = self._begin()
            cut = hub.break_after.pop(self.path, len(content))
            self.wfile.write(content[:cut])
            if cut < len(content):
                self.close_connection = True

        def _begin(self) -> bytes:
            content = hub.files.get(self.path)
            if content is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return b""
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", f'"{hub.tags[self.path]}"')
            self.send_header("X-Repo-Commit", hub.commits[self.path])
            self.end_headers()
            return content[start:]

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is kept in the hub."""

    return Handler
