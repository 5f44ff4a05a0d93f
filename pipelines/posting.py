"""The week's report on its way: by mail, and as five numbers to a webhook.

A password and the address of a webhook are secrets: they come from the environment or the settings, and no error or
log names more of them than the host.
"""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from email.message import EmailMessage
from http.client import HTTPMessage
from ipaddress import ip_address
from typing import IO, Any
from urllib.parse import urlsplit

from lyceum import releases
from lyceum.errors import LyceumError, UsageError
from lyceum.settings import MailSettings, Settings, WebhookSettings
from pipelines.context import Context
from pipelines.report import page_of, summary_of
from reports.letter import brief, letter, numbers

SECONDS = 30  # to wait for a server


def mail(ctx: Context, /) -> str:
    """Send the current release's report to the recipients of the settings; a sentence that says so.

    The text has the conclusions and the five numbers, the page in the platform's language is attached.
    Raises:
        UsageError: the settings name no mail server, or a password would cross the network unencrypted.
        LyceumError: the server cannot be reached, is not who it says, or refuses.
    """
    chosen = mail_server(ctx.settings)
    release = releases.current(ctx.home)
    again = "Nothing was changed; check [mail] in the settings and send it again by `lyceum report --mail`."
    refused = send(_message(ctx, release, chosen), chosen, again=again)
    gone = f"; {chosen.host} refused {refused} of them" if refused else ""
    return f"Sent {release.name} by {chosen.host} to {len(chosen.recipients)} recipients{gone}."


def mail_server(settings: Settings, /) -> MailSettings:
    """The mail server of the settings.

    Raises:
        UsageError: the settings name none, or a password would cross the network unencrypted.
    """
    chosen = settings.mail
    if chosen is None:
        raise UsageError(
            "The settings name no mail server.", remedy="Add a table [mail] with host, sender and recipients."
        )
    if chosen.password and chosen.encryption == "none" and not _is_loopback(chosen.host):
        raise UsageError(
            f"The password for {chosen.host} would cross the network unencrypted.",
            remedy='Set mail.encryption to "starttls" or "tls".',
        )
    return chosen


def post(ctx: Context, /) -> str:
    """Send the five numbers of the current release to the webhook of the settings; a sentence that says so.

    Raises:
        UsageError: the settings name no webhook, or one that is neither https nor on this machine.
        LyceumError: it cannot be reached or answers with an error.
    """
    chosen = ctx.settings.webhook
    if chosen is None:
        raise UsageError("The settings name no webhook.", remedy="Set LYCEUM_WEBHOOK__URL, or [webhook] with url.")
    url = chosen.url.get_secret_value()
    check_address(url)
    release = releases.current(ctx.home)
    again = "Nothing was changed; check the address and send them again by `lyceum report --post`."
    host = deliver(url, _body(ctx, release, chosen), what="the numbers", again=again)
    return f"Sent the numbers of {release.name} to {host}."


def check_address(url: str, /) -> None:
    """UsageError if the address of a webhook is neither https nor on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise UsageError("The webhook is no https address.", remedy="Only a server on this machine may go without.")


def _message(ctx: Context, release: releases.Release, chosen: MailSettings) -> EmailMessage:
    written = letter(summary_of(ctx, release), language=ctx.platform.language)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = written.subject, chosen.sender, ", ".join(chosen.recipients)
    message.set_content(written.text)
    page = page_of(release, ctx.platform.language)
    name = f"{release.as_of.isoformat()}.{ctx.platform.language}.html"
    # As bytes, or its lines would end otherwise.
    message.add_attachment(
        page.read_bytes(), maintype="text", subtype="html", params={"charset": "utf-8"}, filename=name
    )
    return message


def send(message: EmailMessage, chosen: MailSettings, /, *, again: str) -> int:
    """How many recipients were refused, where others were not.

    Raises:
        LyceumError: the server cannot be reached, is not who it says, or refuses; `again` is the remedy.
    """
    try:
        return _send(message, chosen)
    except (OSError, smtplib.SMTPException) as error:
        raise LyceumError(
            f"The mail was not sent by {chosen.host}, port {chosen.port}: {_said(error)}.", remedy=again
        ) from None


def _send(message: EmailMessage, chosen: MailSettings) -> int:
    """How many recipients were refused, where others were not."""
    trusted = ssl.create_default_context()
    if chosen.encryption == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(chosen.host, chosen.port, timeout=SECONDS, context=trusted)
    else:
        server = smtplib.SMTP(chosen.host, chosen.port, timeout=SECONDS)
    with server:
        if chosen.encryption == "starttls":
            server.starttls(context=trusted)
        if chosen.user and chosen.password:
            server.login(chosen.user, chosen.password.get_secret_value())
        return len(server.send_message(message))


def _body(ctx: Context, release: releases.Release, chosen: WebhookSettings) -> dict[str, Any]:
    """What the receiver understands: our own numbers, or a text message of a chat's robot."""
    summary = summary_of(ctx, release)
    text = brief(summary, language=ctx.platform.language)
    ours = {
        "platform": summary["platform"]["name"],
        "week": summary["week"],
        "release": release.name,
        "state": summary["state"],
        "numbers": numbers(summary),
        "text": text,
    }
    return body(ours, text, receiver=chosen.receiver)


def body(ours: dict[str, Any], text: str, /, *, receiver: str) -> dict[str, Any]:
    """What a receiver understands: our own keys, or the text as a message of a chat's robot."""
    bodies: dict[str, dict[str, Any]] = {
        "json": ours,
        "wecom": {"msgtype": "text", "text": {"content": text}},
        "dingtalk": {"msgtype": "text", "text": {"content": text}},
        "feishu": {"msg_type": "text", "content": {"text": text}},
        "slack": {"text": text},
    }
    return bodies[receiver]


class _NoWayRound(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing: the numbers are for the address that the settings name."""


def deliver(url: str, body: dict[str, Any], /, *, what: str, again: str) -> str:
    """Send `body` to the webhook at `url`; its host. No error names more of the address than that.

    Raises:
        LyceumError: it cannot be reached or answers with an error; `again` is the remedy.
    """
    data, host = json.dumps(body, ensure_ascii=False).encode(), urlsplit(url).hostname or ""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310
    handlers: list[Any] = [_NoWayRound()]
    if _is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        raise LyceumError(f"The webhook on {host} did not take {what}: {_said(error)}.", remedy=again) from None
    return host


def _is_loopback(host: str, /) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _said(error: Exception, /) -> str:
    """What kind of failure it was; a server's own words may quote an address or a secret."""
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered {error.code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refused all recipients"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(reason, TimeoutError):
        return f"no answer within {SECONDS} s"
    return (getattr(reason, "strerror", None) or type(reason).__name__).lower()
