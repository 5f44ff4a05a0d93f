"""The archive of reports on loopback."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from lyceum.errors import HomeError
from lyceum.home import Home

LOOPBACK = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: who reads what is nobody's business."""


def serve(home: Home, /, *, port: int, say: Callable[[str], object]) -> None:
    """Serve the home's reports on 127.0.0.1 until interrupted.

    Raises:
        HomeError: there is no report yet.
        OSError: the port is taken.
    """
    if not (home.reports / "index.html").is_file():
        raise HomeError(f"{home.root} has no report yet.", remedy="Run `lyceum run` first.")
    handler = partial(_Quiet, directory=str(home.reports))
    with ThreadingHTTPServer((LOOPBACK, port), handler) as server:
        say(f"Reports: http://{LOOPBACK}:{server.server_address[1]}/  (Ctrl-C ends)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")
