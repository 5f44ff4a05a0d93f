"""A task that fails under Airflow itself tells those whom the settings name."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lyceum.errors import LyceumError
from lyceum.home import Home
from pipelines import blocking
from pipelines.orchestration import Run, environment, run_dags

pytestmark = pytest.mark.airflow
MONDAY_NIGHT = datetime(2026, 7, 5, 19, tzinfo=UTC)


@pytest.fixture
def hook():
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield taken, f"http://127.0.0.1:{server.server_address[1]}/robot?key=very-secret"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_failed_in_which_week_and_what_to_do_reaches_the_webhook(hook, tmp_path):
    taken, url = hook
    home, config = Home(tmp_path / "home"), tmp_path / "lyceum.toml"
    config.write_text(f'[platforms.demo]\nsource = "demo"\nhome = "home"\n[alerts]\nurl = "{url}"\n')
    home.landing.mkdir(parents=True)
    with pytest.raises(LyceumError, match="wait_for_data"):
        run_dags(environment(home, config), [Run("weekly_insights", MONDAY_NIGHT)], say=lambda _: None)
    (told,) = taken
    assert (told["kind"], told["platform"], told["week"]) == ("failed", "demo", "2026-07-06")
    assert told["what"] == "weekly_insights, task wait_for_data"
    assert "lyceum ingest" in told["why"]
    assert "wait_for_data" in told["log"]
    (found,) = blocking.blocked(home)
    assert (str(found.as_of), found.step, found.why) == ("2026-07-06", "wait_for_data", told["why"])
    assert "very-secret" not in "".join(file.read_text() for file in home.airflow.rglob("*.log"))
