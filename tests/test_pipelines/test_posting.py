"""The report by mail and as five numbers, to real servers on this machine."""

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address

import duckdb
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lyceum import releases
from lyceum.errors import LyceumError, UsageError
from lyceum.settings import MailSettings, WebhookSettings
from pipelines import posting

PASSWORD = "correct horse"
BOSS, TEACHER = "boss@example.org", "teacher@example.org"


class Box:
    """What the server took; it knows nobody whose address begins with `unknown`."""

    def __init__(self):
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("unknown"):
            return f"550 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"


@contextmanager
def smtp(**options):
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@contextmanager
def hook(status=200, **headers):
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken, f"http://127.0.0.1:{server.server_address[1]}/robot?key=very-secret"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The files of a key and of a certificate for this machine that nobody but its owner trusts."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = (
        made.not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file, secret = folder / "cert.pem", folder / "key.pem"
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*forms))
    return file, secret


def with_settings(ctx, **changed):
    return replace(ctx, settings=ctx.settings.model_copy(update=changed))


def mailing(ctx, port, **changed):
    given = {"host": "127.0.0.1", "port": port, "encryption": "none", "sender": "lyceum@example.org"}
    return with_settings(ctx, mail=MailSettings(**{**given, "recipients": (BOSS, TEACHER), **changed}))


def hooking(ctx, url, receiver="json"):
    return with_settings(ctx, webhook=WebhookSettings(url=url, receiver=receiver))


def test_the_report_arrives_with_a_text_to_read_and_the_page_attached(finished):
    release = releases.current(finished.home)
    with smtp() as (box, port):
        said = posting.mail(mailing(finished.ctx, port))
    ((recipients, message),) = box.taken
    assert recipients == [BOSS, TEACHER]
    assert "运营周报" in message["subject"]
    assert said == f"Sent {release.name} by 127.0.0.1 to 2 recipients."
    text = message.get_body(("plain",)).get_content()
    with duckdb.connect(release.database, read_only=True) as con:
        wau = con.execute("SELECT value FROM marts.weekly_kpis WHERE kpi = 'wau' ORDER BY week DESC").fetchone()
    assert f"：{wau[0]:.0f}（环比" in text
    assert release.name in text
    assert "{" not in text
    (page,) = message.iter_attachments()
    assert page.get_filename() == f"{release.as_of}.zh.html"
    assert page.get_content_type() == "text/html"
    assert page.get_payload(decode=True) == (release.report / "index.zh.html").read_bytes()


def test_a_refused_recipient_is_counted_and_the_others_get_theirs(finished):
    with smtp() as (box, port):
        said = posting.mail(mailing(finished.ctx, port, recipients=(BOSS, "unknown@example.org")))
        assert said.endswith("to 2 recipients; 127.0.0.1 refused 1 of them.")
        with pytest.raises(LyceumError, match="it refused all recipients") as caught:
            posting.mail(mailing(finished.ctx, port, recipients=("unknown@example.org",)))
    assert "unknown@" not in str(caught.value)
    assert [recipients for recipients, _ in box.taken] == [[BOSS]]


def test_the_password_is_sent_encrypted_to_a_server_that_is_trusted_and_nowhere_else(
    finished, certificate, monkeypatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    given = {"encryption": "starttls", "user": "lyceum", "password": PASSWORD}
    with smtp(tls_context=context, authenticator=check, auth_required=True) as (box, port):
        with pytest.raises(LyceumError, match="its certificate is not trusted"):
            posting.mail(mailing(finished.ctx, port, **given))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        with pytest.raises(LyceumError, match="it answered 535") as caught:
            posting.mail(mailing(finished.ctx, port, **{**given, "password": "wrong horse"}))
        assert "horse" not in f"{caught.value}{finished.ctx.settings}"
        posting.mail(mailing(finished.ctx, port, **given))
    assert len(box.taken) == 1
    elsewhere = mailing(finished.ctx, 25, host="mail.example.org", **{**given, "encryption": "none"})
    with pytest.raises(UsageError, match="would cross the network unencrypted"):
        posting.mail(elsewhere)


def test_a_server_that_is_not_there_is_one_sentence(finished):
    with smtp() as (_, port):
        pass
    with pytest.raises(LyceumError, match=f"not sent by 127.0.0.1, port {port}: connection refused"):
        posting.mail(mailing(finished.ctx, port))
    with hook() as (_, url):
        pass
    with pytest.raises(LyceumError, match=r"webhook on 127\.0\.0\.1 did not take the numbers: connection refused"):
        posting.post(hooking(finished.ctx, url))


def test_a_webhook_gets_the_five_numbers_of_the_release(finished):
    release = releases.current(finished.home)
    with hook() as (taken, url):
        posting.post(hooking(finished.ctx, url))
    ((path, body),) = taken
    assert path == "/robot?key=very-secret"
    assert (body["release"], len(body["numbers"])) == (release.name, 5)
    with duckdb.connect(release.database, read_only=True) as con:
        known = con.execute(
            "SELECT kpi, value FROM marts.weekly_kpis QUALIFY week = max(week) OVER (PARTITION BY kpi)"
        ).fetchall()
    values = dict(known)
    for number in body["numbers"]:
        if number["value"] is not None:
            assert float(number["value"]) == pytest.approx(float(values[number["kpi"]]))


@pytest.mark.parametrize(
    ("receiver", "text_of"),
    [
        ("wecom", lambda body: body["msgtype"] == "text" and body["text"]["content"]),
        ("dingtalk", lambda body: body["msgtype"] == "text" and body["text"]["content"]),
        ("feishu", lambda body: body["msg_type"] == "text" and body["content"]["text"]),
        ("slack", lambda body: body["text"]),
    ],
)
def test_the_robot_of_a_chat_gets_a_text(finished, receiver, text_of):
    with hook() as (taken, url):
        posting.post(hooking(finished.ctx, url, receiver))
    assert "运营周报" in text_of(taken[0][1])


def test_an_error_or_a_redirect_is_told_without_the_address(finished):
    for status in (500, 302):
        with (
            hook(status, Location="http://127.0.0.1:9/elsewhere") as (taken, url),
            pytest.raises(LyceumError, match=f"it answered {status}") as caught,
        ):
            posting.post(hooking(finished.ctx, url))
        assert "very-secret" not in str(caught.value)
        assert len(taken) == 1
    with pytest.raises(UsageError, match="no https address") as caught:
        posting.post(hooking(finished.ctx, "http://hooks.example.org/very-secret"))
    assert "very-secret" not in str(caught.value)


def test_what_is_not_set_up_says_how(finished):
    with pytest.raises(UsageError, match=r"Add a table \[mail\]"):
        posting.mail(finished.ctx)
    with pytest.raises(UsageError, match="LYCEUM_WEBHOOK__URL"):
        posting.post(finished.ctx)


def test_the_command_needs_somewhere_to_pass_the_report_on_to(finished, lyceum_cli, tmp_path):
    ended = lyceum_cli(tmp_path, "report", "--home", finished.home.root)
    assert (ended.code, ended.out) == (2, "")
    assert "Add --to FOLDER, --mail or --post." in ended.err
    with hook() as (taken, url):
        ended = lyceum_cli(
            tmp_path, "report", "--home", finished.home.root, "--post", LYCEUM_WEBHOOK__URL=url, LYCEUM_SECRET="x"
        )
    assert ended.code == 0, ended.err
    assert "very-secret" not in ended.out + ended.err
    assert len(taken) == 1
