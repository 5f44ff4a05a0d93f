"""What of a week wants a hand: {level, what, do, command, source}, the most urgent first.

`what` and `do` are sayings {key, values} (reports/voice.py), `command` is what to type, `source` the name of the
figure that tells of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from reports.query import Figure, known

Need = dict[str, Any]
Found = Mapping[str, Figure]
Past = Sequence[Mapping[str, Any]]
LEVELS = ("normal", "watch", "alert")
REJECTED = 0.01  # of the rows delivered: where an ingest stops unless its settings say otherwise
SLOWER, SECONDS = 2, 30  # times the median of earlier weeks, and at least so many seconds more
SHRUNK = 0.5  # of the rows of the week before
ASK = 'lyceum query "SELECT * FROM {}"'


@dataclass(frozen=True)
class Week:
    """What the rules judge: the figures of the week before `as_of`, its release, and earlier weeks, newest first."""

    found: Found
    as_of: date
    release: str
    past: Past


def needs(week: Week, /) -> list[Need]:
    """Everything in the figures of a week that somebody should see to; alerts before the rest."""
    told = [need for rule in RULES for need in rule(week)]
    return sorted(told, key=lambda need: -LEVELS.index(need["level"]))


def _need(level: str, key: str, command: str, source: str, /, **values: tuple[str, Any]) -> Need:
    said = {name: {"kind": kind, "value": value} for name, (kind, value) in values.items()}
    what, do = ({"key": f"needs.{key}{end}", "values": said if not end else {}} for end in ("", "_do"))
    return {"level": level, "what": what, "do": do, "command": command, "source": source}


def _failed_steps(week: Week) -> Iterator[Need]:
    for row in week.found["steps"]["value"]:
        if row["failed"]:
            again = "lyceum ingest" if row["step"] == "ingest" else f"lyceum {row['step']} --as-of {week.as_of}"
            named = {"step": ("step", row["step"]), "count": ("exact", row["failed"])}
            yield _need("alert", "failed", again, "steps", **named)


def _checks(week: Week) -> Iterator[Need]:
    unmet = [row["severity"] for row in week.found["verdicts"]["value"] if not row["success"]]
    warned = unmet.count("warn")
    if failed := len(unmet) - warned:
        yield _need("alert", "checks", f"lyceum validate --as-of {week.as_of}", "verdicts", count=("exact", failed))
    if warned:
        asked = ASK.format("quality.checks WHERE NOT success")
        yield _need("watch", "warnings", asked, "verdicts", count=("exact", warned))


def _deliveries(week: Week) -> Iterator[Need]:
    total = week.found["deliveries_total"]["value"][0]
    if total["unbalanced"]:
        parts = "mapped + skipped + anonymous + duplicate + rejected + blank"
        asked = ASK.format(f"quality.deliveries WHERE rows <> {parts}")
        yield _need("alert", "unbalanced", asked, "deliveries_total", count=("exact", total["unbalanced"]))
    if total["rejected"]:
        share = total["rejected"] / total["rows"] if total["rows"] else 1.0
        counts = {"count": ("exact", total["rejected"]), "share": ("percent", share)}
        level = "alert" if share > REJECTED else "watch"
        yield _need(level, "rejected", "lyceum ingest --replay-rejects", "deliveries_total", **counts)


def _fresh(week: Week) -> Iterator[Need]:
    newest = week.found["newest_day"]["value"]
    if newest is not None:
        missing = (week.as_of - date.fromisoformat(newest)).days - 1
        if missing > 0:
            said = {"day": ("date", newest), "days": ("exact", missing)}
            yield _need("alert" if missing > 1 else "watch", "late", "lyceum ingest", "newest_day", **said)
    if week.found["provisional"]["value"][0]["provisional"]:
        before = week.as_of - timedelta(days=7)
        again = f"lyceum run --source NAME --as-of {before}"
        yield _need("watch", "provisional", again, "provisional", day=("date", before.isoformat()))


def _leaks(week: Week) -> Iterator[Need]:
    for row in week.found["leak_alarm"]["value"]:
        said = {"model": ("model", row["model"]), "feature": ("column", row["feature"])}
        yield _need("alert", "leak", f"lyceum models show {row['model']}", "leak_alarm", **said)


def _shrunk(week: Week) -> Iterator[Need]:
    if not week.past:
        return
    before = {row["table_name"]: row["rows"] for row in week.past[0]["figures"]["published"]["value"]}
    command = f"lyceum releases diff {week.past[0]['release']} {week.release}"
    for row in week.found["published"]["value"]:
        had, has = before.get(row["table_name"]), row["rows"]
        if known(had) and known(has) and had and has < SHRUNK * had:
            said = {"name": ("text", row["table_name"]), "before": ("exact", had), "now": ("exact", has)}
            yield _need("alert" if has == 0 else "watch", "shrunk", command, "published", **said)


def _drifted(week: Week) -> Iterator[Need]:
    again = f"lyceum train --as-of {week.as_of}"
    moved = [row for row in week.found["drift_scores"]["value"] if row["drifted"]]
    for row in moved:
        yield _need("alert", "score_drift", again, "drift_scores", model=("model", row["model"]))
    columns = [row for row in week.found["drift_columns"]["value"] if row["models_drifted"]]
    if columns:
        said = {"count": ("exact", len(columns)), "feature": ("column", columns[0]["feature"])}
        yield _need("watch", "drift", again, "drift_columns", **said)


def _slow(week: Week) -> Iterator[Need]:
    for row in week.found["steps"]["value"]:
        before = earlier_seconds(week.past, row["step"])
        if before and row["seconds"] is not None:
            usual = median(before)
            if row["seconds"] > max(SLOWER * usual, usual + SECONDS):
                said = {"step": ("step", row["step"]), "now": ("tenth", row["seconds"]), "usual": ("tenth", usual)}
                yield _need("watch", "slow", "lyceum doctor", "steps", **said)


def earlier_seconds(past: Past, step: str, /) -> list[float]:
    """How long the step took in the earlier weeks that ran it, newest first."""
    rows = [row for week in past for row in week["figures"]["steps"]["value"] if row["step"] == step]
    return [row["seconds"] for row in rows if row["seconds"] is not None]


RULES: tuple[Callable[[Week], Iterator[Need]], ...] = (
    *(_failed_steps, _checks, _deliveries, _fresh, _leaks, _shrunk, _drifted, _slow),
)
