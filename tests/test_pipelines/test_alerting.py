"""Alerts of failures and missed deadlines, to real servers on this machine."""

import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from lyceum.errors import InputError
from lyceum.home import Home
from lyceum.settings import AlertSettings, MailSettings, Settings
from pipelines import blocking
from pipelines.alerting import FAILED, LATE, Alarm, alert, run_failed, task_failed
from pipelines.scheduled import Scheduled

SHOP = Scheduled("shop", "Asia/Shanghai", alone=True)
ALARM = Alarm(FAILED, "shop", "weekly_insights, task score", "2026-07-06", "No room. Make some.", "http://log/1")
SECRET = "very-secret"


class Box:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"


@contextmanager
def smtp():
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield (
            box.taken,
            MailSettings(
                host="127.0.0.1",
                port=port,
                encryption="none",
                sender="lyceum@example.org",
                recipients=("boss@example.org",),
            ),
        )
    finally:
        controller.stop()


@contextmanager
def hook(status=200):
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken, f"http://127.0.0.1:{server.server_address[1]}/robot?key={SECRET}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_a_mail_goes_to_those_who_look_after_it_and_not_to_the_readers_of_the_report():
    with smtp() as (taken, mail):
        said = alert(Settings(mail=mail, alerts=AlertSettings(recipients=("duty@example.org",))), ALARM)
    ((recipients, message),) = taken
    assert recipients == ["duty@example.org"]
    assert message["Subject"].strip() == "[lyceum] shop: weekly_insights, task score failed, week before 2026-07-06"
    assert "No room. Make some." in message.get_content()
    assert "http://log/1" in message.get_content()
    assert said == ["Told 1 of 1 recipients by mail."]


@pytest.mark.parametrize(
    ("receiver", "text"),
    [
        ("json", lambda body: body["text"]),
        ("wecom", lambda body: body["text"]["content"]),
        ("feishu", lambda body: body["content"]["text"]),
        ("slack", lambda body: body["text"]),
    ],
)
def test_a_webhook_gets_what_its_robot_understands(receiver, text):
    with hook() as (taken, url):
        said = alert(Settings(alerts=AlertSettings(url=url, receiver=receiver)), ALARM)
    (body,) = taken
    assert text(body).startswith("shop: weekly_insights, task score failed")
    assert said == ["Told the webhook on 127.0.0.1."]
    if receiver == "json":
        assert (body["kind"], body["platform"], body["week"]) == ("failed", "shop", "2026-07-06")


def test_a_way_that_does_not_work_is_said_without_its_secret_and_does_not_stop_the_other(nobody_listens):
    dead = MailSettings(
        host="127.0.0.1", port=nobody_listens, encryption="none", sender="a@b.c", recipients=("a@b.c",)
    )
    with hook(status=500) as (taken, url):
        chosen = AlertSettings(recipients=("duty@example.org",), url=url)
        said = alert(Settings(mail=dead, alerts=chosen), ALARM)
    assert len(taken) == 1
    assert len(said) == 2
    assert all(sentence.startswith("An alert was not sent.") for sentence in said)
    assert SECRET not in "".join(said)


@pytest.mark.parametrize("chosen", [AlertSettings(recipients=("a@b.c",)), AlertSettings(url="http://example.org/x")])
def test_settings_that_cannot_work_are_said(chosen):
    (said,) = alert(Settings(alerts=chosen), ALARM)
    assert said.startswith("An alert was not sent.")


def test_without_the_table_nobody_is_told_and_that_is_said():
    assert alert(Settings(), ALARM) == ["Nobody is told: the settings have no table [alerts]."]


def test_a_late_week_is_called_late():
    assert (
        Alarm(LATE, "shop", "x", "2026-07-06", "y").title == "shop: the data of the week before 2026-07-06 are late"
    )


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Settings of one platform whose alerts go to a webhook; what it took."""
    with hook() as (taken, url):
        file = tmp_path / "lyceum.toml"
        file.write_text(f'[platforms.shop]\nsource = "demo"\nhome = "home"\n[alerts]\nurl = "{url}"\n')
        monkeypatch.setenv("LYCEUM_CONFIG", str(file))
        yield taken, Home(tmp_path / "home")


def context(**given):
    """What Airflow hands to a callback, in the names that are read."""
    task = SimpleNamespace(task_id="score", log_url="http://log/1")
    dag = SimpleNamespace(dag_id="weekly_insights")
    until = datetime(2026, 7, 5, 18, tzinfo=UTC)
    return {"dag": dag, "ti": task, "params": {"as_of": None}, "data_interval_end": until, **given}


def test_a_failed_task_tells_the_week_of_its_platform_and_leaves_word_that_it_is_blocked(configured):
    taken, home = configured
    task_failed(context(exception=InputError("No room.", remedy="Make some.")), platform=SHOP, blocks=True)
    assert (taken[0]["week"], taken[0]["why"], taken[0]["log"]) == (
        "2026-07-06",
        "No room. Make some.",
        "http://log/1",
    )
    assert [(each.step, each.why) for each in blocking.blocked(home)] == [("score", "No room. Make some.")]


def test_what_a_stranger_says_is_not_repeated(configured):
    taken, home = configured
    task_failed(context(exception=ValueError("user 4711")), platform=SHOP)
    task_failed(context(), platform=SHOP)
    assert taken[0]["why"].startswith("ValueError. Read the log")
    assert taken[1]["why"].startswith("Its process ended. Read the log")
    assert blocking.blocked(home) == []


def test_a_run_that_took_too_long_tells_of_itself_and_one_whose_task_failed_does_not(configured):
    taken, _ = configured
    run_failed(context(reason="task_failure"), platform=SHOP)
    assert taken == []
    run_failed(context(reason="timed_out"), platform=SHOP)
    assert "timed out" in taken[0]["why"]


def test_a_callback_that_cannot_work_says_so_and_does_not_fail(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("LYCEUM_CONFIG", str(tmp_path / "missing.toml"))
    with caplog.at_level("ERROR", logger="lyceum"):
        task_failed(context(exception=ValueError("user 4711")), platform=SHOP, blocks=True)
    assert "Nobody could be told" in caplog.text
    assert "4711" not in caplog.text
