"""The page of verdicts: which checks of a week's data were not met, how often, and a few keys of the rows."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from reports.catalogue import Words
from reports.formats import Formats
from reports.page import HTML_LANGUAGES, environment
from reports.query import clean

COUNTS = ("checks", "passed", "warned", "failed")
NOTHING = "—"

Check = Mapping[str, Any]  # a row of quality.checks; null is None


def render_checks(checks: Sequence[Check], /, *, platform: str, as_of: date, language: str) -> str:
    """The rows of quality.checks of the week before `as_of` as one HTML page in `language`, zh or en.

    Those not met come first, what blocks before what warns; UsageError for another language.
    """
    words = Words(language)
    formats = Formats(words, currency=None, timezone="UTC")
    week = as_of - timedelta(days=7)
    number, span = week.isocalendar().week, formats.span(week.isoformat())
    return (
        environment()
        .get_template("checks.html")
        .render(
            w=words,
            lang=HTML_LANGUAGES[language],
            title=words("checks.title", platform=platform, number=number, span=span),
            c=shown(checks, words, formats),
        )
    )


def shown(checks: Sequence[Check], words: Words, formats: Formats, /) -> dict[str, Any]:
    """What templates/check_tables.html shows of `checks`: {state, verdict, unmet, suites, counts, lines}.

    The sample of a check is a list, or the same as JSON.
    """
    lines = [_line(check, words=words, formats=formats) for check in checks]
    counts = _counts(checks)
    unmet = [line for line in lines if line["state"] != "normal"]
    return {
        "state": "alert" if counts["failed"] else "watch" if counts["warned"] else "normal",
        "verdict": words(f"checks.{_verdict(counts)}", **counts),
        "unmet": sorted(unmet, key=lambda line: line["state"]),  # alert before watch, else in order
        "suites": _suites(checks),
        "counts": COUNTS,
        "lines": lines,
    }


def _verdict(counts: Mapping[str, int]) -> str:
    return "blocked" if counts["failed"] else "warned" if counts["warned"] else "passed"


def _line(check: Check, /, *, words: Words, formats: Formats) -> dict[str, Any]:
    met, severity = check["success"], check["severity"]
    return {
        "suite": check["suite"],
        "rule": check["rule"],
        "sentence": check["sentence_zh" if formats.chinese else "sentence"] or NOTHING,
        "state": "normal" if met else "watch" if severity == "warn" else "alert",
        "verdict": words("checks.ok") if met else words(f"severities.{severity}"),
        "unexpected": NOTHING if check["unexpected"] is None else formats.exact(check["unexpected"]),
        "share": NOTHING if check["share"] is None else formats.percent(check["share"]),
        "sample": _sample(check["sample"]),
    }


def _sample(sample: str | list[str] | None) -> list[str]:
    keys = json.loads(sample) if isinstance(sample, str) else sample or []
    return [clean(str(key)) for key in keys]


def _counts(checks: Sequence[Check]) -> dict[str, int]:
    unmet = [check["severity"] for check in checks if not check["success"]]
    warned = unmet.count("warn")
    numbers = (len(checks), len(checks) - len(unmet), warned, len(unmet) - warned)
    return dict(zip(COUNTS, numbers, strict=True))


def _suites(checks: Sequence[Check]) -> list[dict[str, Any]]:
    names = dict.fromkeys(check["suite"] for check in checks)
    return [{"suite": name, **_counts([check for check in checks if check["suite"] == name])} for name in names]
