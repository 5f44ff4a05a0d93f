"""The archive of reports on loopback."""

import io
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from lyceum.errors import HomeError
from lyceum.home import Home

LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost")


LATEST = "/latest/"


class _Archive(SimpleHTTPRequestHandler):
    """The files of the archive, and `latest/` for the newest week."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer who asked for this machine: a page elsewhere may give its own name this address (DNS rebinding)."""
        if self.headers.get("Host", "").partition(":")[0] not in NAMES:
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        path = urlsplit(self.path).path
        if path.startswith(LATEST) or path == LATEST.rstrip("/"):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"/{_newest(Path(self.directory))}/{path[len(LATEST) :]}")
            self.end_headers()
            return None
        return super().send_head()

    def end_headers(self) -> None:
        """A page that is made again is shown again."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: who reads what is nobody's business."""


def _newest(reports: Path) -> str:
    return max((page.parent.name for page in reports.glob("*-*-*/index.html")), default="")


def serve(home: Home, /, *, port: int, say: Callable[[str], object]) -> None:
    """Serve the home's reports on 127.0.0.1 until interrupted.

    Raises:
        HomeError: there is no report yet.
        OSError: the port is taken.
    """
    if not (home.reports / "index.html").is_file():
        raise HomeError(f"{home.root} has no report yet.", remedy="Run `lyceum run` first.")
    handler = partial(_Archive, directory=str(home.reports))
    with ThreadingHTTPServer((LOOPBACK, port), handler) as server:
        url = f"http://{LOOPBACK}:{server.server_address[1]}"
        say(f"Reports: {url}/  newest week: {url}{LATEST}  (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")
