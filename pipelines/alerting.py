"""Telling people that something failed or is late: by mail and webhook, to those whom `[alerts]` names.

An alert says what failed, for which week, why, what to do, and where the log is. It quotes sentences of ours and of
anything else only the kind, holds no secret, and never stands in the way: what cannot be sent is said in the log.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any

from lyceum import releases
from lyceum.errors import LyceumError
from lyceum.home import Home
from lyceum.settings import AlertSettings, Settings
from pipelines import blocking
from pipelines.scheduled import Scheduled, week_ending

LOG = logging.getLogger("lyceum")
FAILED, LATE = "failed", "late"
AGAIN = "Nothing else was changed; check [alerts] and [mail] in the settings."
SAID = ("AirflowFailException", "AirflowException")  # that carry a sentence of ours (see pipelines.tasks)
WORDS = {
    FAILED: "{platform}: {what} failed, week before {week}",
    LATE: "{platform}: the data of the week before {week} are late",
}


@dataclass(frozen=True)
class Alarm:
    """What to tell: `kind` is FAILED or LATE, `what` the DAG and task, `week` a Monday or empty, `log` an address."""

    kind: str
    platform: str
    what: str
    week: str
    why: str
    log: str = ""

    @property
    def title(self) -> str:
        """One line."""
        return WORDS[self.kind].format(platform=self.platform, what=self.what, week=self.week or "unknown")

    @property
    def text(self) -> str:
        """The whole message."""
        return "\n".join([self.title, "", self.why, *([f"Log: {self.log}"] if self.log else [])])


def alert(settings: Settings, alarm: Alarm, /) -> list[str]:
    """Tell everybody whom the settings name; a sentence for each way, also for one that did not work."""
    chosen = settings.alerts
    if chosen is None:
        return ["Nobody is told: the settings have no table [alerts]."]
    ways = [*([_by_mail] if chosen.recipients else []), *([_by_webhook] if chosen.url else [])]
    return [_tried(way, settings, chosen, alarm) for way in ways]


def _tried(way: Any, settings: Settings, chosen: AlertSettings, alarm: Alarm) -> str:  # noqa: ANN401 - a function
    try:
        return str(way(settings, chosen, alarm))
    except LyceumError as error:
        return f"An alert was not sent. {error}"
    except Exception as error:  # whatever it is, the failure that it tells of counts more
        return f"An alert was not sent: {type(error).__name__}."


def _by_mail(settings: Settings, chosen: AlertSettings, alarm: Alarm) -> str:
    from pipelines import posting  # not while Airflow reads the DAG files: it brings the report

    server = posting.mail_server(settings)
    message = EmailMessage()
    message["Subject"] = f"[lyceum] {alarm.title}"
    message["From"], message["To"] = server.sender, ", ".join(chosen.recipients)
    message.set_content(alarm.text)
    refused = posting.send(message, server, again=AGAIN)
    return f"Told {len(chosen.recipients) - refused} of {len(chosen.recipients)} recipients by mail."


def _by_webhook(_settings: Settings, chosen: AlertSettings, alarm: Alarm) -> str:
    from pipelines import posting

    assert chosen.url
    url = chosen.url.get_secret_value()
    posting.check_address(url)
    body = posting.body({**asdict(alarm), "text": alarm.text}, alarm.text, receiver=chosen.receiver)
    return f"Told the webhook on {posting.deliver(url, body, what='the alert', again=AGAIN)}."


def task_failed(context: Mapping[str, Any], /, *, platform: Scheduled, blocks: bool = False) -> None:
    """Airflow's callback for a task that failed for good; one that `blocks` leaves the week unpublished."""
    with _never_failing():
        what = f"{_dag(context)}, task {context['ti'].task_id}"
        _tell(context, platform, what=what, why=_why(context))
    if blocks:
        with _never_failing():
            _block(context, platform)


def run_failed(context: Mapping[str, Any], /, *, platform: Scheduled) -> None:
    """Airflow's callback for a run that failed otherwise than by a task, which tells of itself: one that took too
    long, or cannot go on.
    """
    reason = str(context.get("reason") or "")
    if reason == "task_failure":
        return
    with _never_failing():
        why = f"The run ended: {reason.replace('_', ' ') or 'no reason given'}. Look at its tasks, and clear them."
        _tell(context, platform, what=_dag(context), why=why)


@contextmanager
def _never_failing() -> Iterator[None]:
    """A failing alert must not hide the failure that it tells of."""
    try:
        yield
    except Exception as error:
        LOG.error("Nobody could be told of the failure: %s", type(error).__name__)


def _tell(context: Mapping[str, Any], platform: Scheduled, /, *, what: str, why: str) -> None:
    log = str(getattr(context.get("ti"), "log_url", "") or "")
    alarm = Alarm(FAILED, platform.name, what, str(_week(context, platform) or ""), why, log)
    for sentence in alert(Settings.load(), alarm):
        LOG.info("%s", sentence)


def _block(context: Mapping[str, Any], platform: Scheduled) -> None:
    """Leave word that the week is blocked, where its step could not: a stranger's error, or a process that died."""
    as_of, home = _week(context, platform), Home(Settings.load().platforms[platform.name].home)
    held = {each.as_of for each in blocking.blocked(home)}
    if as_of and as_of not in held and releases.newest(home, as_of) is None:
        blocking.record(home, as_of, context["ti"].task_id, _why(context), "", now=datetime.now(UTC))


def _week(context: Mapping[str, Any], platform: Scheduled) -> date | None:
    """The Monday that the run was about, if it says so."""
    run = context.get("dag_run")
    if as_of := (context.get("params") or {}).get("as_of"):
        return date.fromisoformat(as_of)
    until = context.get("data_interval_end") or getattr(run, "run_after", None)
    return week_ending(until, timezone=platform.timezone) if until else None


def _dag(context: Mapping[str, Any]) -> str:
    return str(context["dag"].dag_id)


def _why(context: Mapping[str, Any]) -> str:
    """The sentence of ours that an exception carries; of any other its kind, for it may quote what it choked on."""
    error = context.get("exception")
    if isinstance(error, LyceumError) or type(error).__name__ in SAID:
        return str(error)
    return f"{type(error).__name__ if error else 'Its process ended'}. Read the log, mend the cause, clear the task."
