"""A web server on this machine that misbehaves as asked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from facefix.models import zoo

CONTENT = bytes(range(256)) * 4096
"""1 MiB, what is published."""


@dataclass
class Manners:
    """How the server answers, and what it was asked."""

    content: bytes = CONTENT
    ranges: bool = True
    breaks_at: list[int] = field(default_factory=list)
    """For each answer in turn: how many bytes are sent before the connection breaks; then none breaks."""
    status: int | None = None
    shift: int = 0
    """How far from the byte asked for the answer starts."""
    asked: list[str | None] = field(default_factory=list)
    """The Range header of every request."""


@dataclass(frozen=True)
class Local(zoo.ReleaseSource):
    """A release whose files lie on the server."""

    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.tag}/{self.file}"


def row(port: int, name: str = "net.pth", content: bytes = CONTENT) -> zoo.ModelFile:
    """The row of a released file of that content."""
    digest = hashlib.sha256(content).hexdigest()
    return zoo.ModelFile(name, "restorer", "MIT", len(content), digest, Local("some/thing", "v1", name, port))


@contextmanager
def serving(manners: Manners) -> Iterator[int]:
    """The port of a server that runs meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            manners.asked.append(wanted)
            if manners.status is not None:
                self.send_error(manners.status)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + manners.shift if wanted and manners.ranges else 0
            body = manners.content[start:]
            self.send_response(206 if wanted and manners.ranges else 200)
            if wanted and manners.ranges:
                self.send_header("Content-Range", f"bytes {start}-{len(manners.content) - 1}/{len(manners.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: manners.breaks_at.pop(0)] if manners.breaks_at else body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
