"""The archive of reports: on loopback, reports only."""

import http.client
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from lyceum.errors import HomeError
from lyceum.home import Home
from pipelines.serving import serve

SERVE = """
import sys
from pathlib import Path
from lyceum.home import Home
from pipelines.serving import serve
serve(Home(Path(sys.argv[1])), port=0, say=lambda line: print(line, flush=True))
"""


def interruptible() -> None:
    """A process started in the background by a shell ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    (home.reports / "2026-07-06").mkdir(parents=True)
    (home.reports / "index.html").write_text("every week")
    (home.reports / "2026-07-06" / "index.html").write_text("one week")
    (home.root / "platform.json").write_text("private")
    return home


@pytest.fixture
def port(home):
    with served(home) as port:
        yield port


@contextmanager
def served(home):
    """The port at which the reports of a home are served until the block ends."""
    command = [sys.executable, "-c", SERVE, str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=interruptible) as process:
        line = process.stdout.readline()
        assert line.startswith("Reports: http://127.0.0.1:")
        yield int(re.search(r":(\d+)/", line)[1])
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "Ended.\n"
    assert process.returncode == 0


def get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(errors="replace")
    connection.close()
    return found


def test_reports_are_shown_and_nothing_else(port):
    assert get(port, "/") == (200, "every week")
    assert get(port, "/2026-07-06/") == (200, "one week")
    for path in ("/../platform.json", "/%2e%2e/platform.json", "/..%2fplatform.json", "//../platform.json"):
        status, text = get(port, path)
        assert status == 404
        assert "private" not in text
    assert get(port, "/", "POST")[0] == 501
    assert get(port, "/", "DELETE")[0] == 501


def test_the_newest_week_has_an_address_of_its_own(home, port):
    (home.reports / "2026-07-13").mkdir()
    (home.reports / "2026-07-13" / "index.html").write_text("a newer week")
    assert located(port, "/latest/") == located(port, "/latest") == (302, "/2026-07-13/")
    assert located(port, "/latest/index.en.html") == (302, "/2026-07-13/index.en.html")


def located(port: int, path: str) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.getheader("Location")


def test_who_comes_by_another_name_is_refused(port):
    for host in ("evil.example", "evil.example:8765", "", "[::1"):
        status, text = get(port, "/", Host=host)
        assert status in (400, 403)
        assert "every week" not in text
    assert get(port, "/", Host=f"localhost:{port}") == (200, "every week")


def test_without_a_report_the_next_step_is_named(tmp_path):
    with pytest.raises(HomeError, match=r"no report yet.*lyceum run"):
        serve(Home(tmp_path), port=0, say=print)
