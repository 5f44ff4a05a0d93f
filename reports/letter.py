"""The week in a few lines: the text of a mail or of a message, and the numbers that a program is sent."""

from dataclasses import dataclass
from typing import Any

from reports.conclusions import level
from reports.grids import change_text, now_text
from reports.query import Row, known
from reports.voice import Voice

NUMBERS = 5


@dataclass(frozen=True)
class Letter:
    """A subject and a plain text."""

    subject: str
    text: str


def numbers(summary: dict[str, Any], /) -> list[dict[str, Any]]:
    """The first five weekly figures that the platform knows: kpi, unit, value, previous and state.

    value and previous are null where they are unknown or withheld; money is a decimal string.
    """
    return [
        {
            "kpi": row["kpi"],
            "unit": row["unit"],
            "value": row["value"] if known(row["value"]) else None,
            "previous": row["previous"] if known(row["previous"]) else None,
            "state": level(row),
        }
        for row in _first(summary)
    ]


def letter(summary: dict[str, Any], /, *, language: str) -> Letter:
    """`summary` (of `reports.summary.summarise`) in `language`: title, conclusions, five numbers."""
    voice = Voice.of(summary, language=language)
    title = voice.title(summary)
    parts = [
        f"{title}\n{_standing(summary, voice)}",
        *(_conclusion(at, line, voice) for at, line in enumerate(summary["conclusions"], start=1)),
        _numbers(summary, voice),
        voice.words("letter.attached"),
    ]
    return Letter(f"[{voice.words('state.' + summary['state'])}] {title}", "\n\n".join(filter(None, parts)) + "\n")


def brief(summary: dict[str, Any], /, *, language: str) -> str:
    """Title, state and the five numbers, for a chat."""
    voice = Voice.of(summary, language=language)
    return "\n".join([voice.title(summary), _standing(summary, voice), _numbers(summary, voice)])


def _first(summary: dict[str, Any], /) -> list[Row]:
    rows = {row["kpi"]: row for row in summary["figures"]["kpis"]["value"]}
    return [rows[name] for name in summary["known_kpis"] if name in rows][:NUMBERS]


def _standing(summary: dict[str, Any], voice: Voice, /) -> str:
    state = voice.words("page.state", state=voice.words(f"state.{summary['state']}"))
    cutoff = voice.words("page.cutoff", cutoff=voice.formats.cutoff(summary["as_of"]))
    release = voice.words("page.release", release=summary["release"])
    return voice.listed([state, cutoff, release])


def _conclusion(at: int, line: dict[str, Any], voice: Voice, /) -> str:
    state = voice.words(f"state.{line['level']}")
    told = [f"{at}. [{state}] {voice.say(line['what'])}"]
    told += [f"   {voice.words('parts.' + part)} {voice.say(line[part])}" for part in ("why", "do")]
    return "\n".join(told)


def _numbers(summary: dict[str, Any], voice: Voice, /) -> str:
    rows = _first(summary)
    if not rows:
        return ""
    lines = [
        voice.words(
            "letter.number",
            name=voice.code("kpis", row["kpi"]),
            value=now_text(row, voice=voice),
            change=change_text(row, voice=voice),
        )
        for row in rows
    ]
    return "\n".join([voice.words("letter.numbers"), *lines])
