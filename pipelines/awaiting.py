"""Whether a week's data are all here, and until when to wait for them.

A week is complete when an event of a later day was taken in, or when every weekday that the weeks before had events
on is there and the newest delivery was taken in after the week had ended. Sources declare no days of delivery, so
the platform's own habit stands for them: a shop that is closed on Saturdays is not waited for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lyceum import weeks
from lyceum.tables.canonical import EVENTS
from pipelines import steps
from pipelines.context import Context
from pipelines.steps import WHY, Part

HABIT_WEEKS = 4  # before the week, that tell on which weekdays the platform has events
LATE = "late_data"


@dataclass(frozen=True)
class Arrival:
    """What is here of a week: whether that is all of it, whether it is anything, and a sentence that says so."""

    complete: bool
    begun: bool
    why: str


def arrived(ctx: Context, as_of: date, /) -> Arrival:
    """What is here of the week before `as_of`, judged by the days of the lake's log."""
    days = {date.fromisoformat(day) for day in ctx.lake.partitions(EVENTS)}
    begun = any(as_of - weeks.WEEK <= day < as_of for day in days)
    if begun and max(days) >= as_of:
        return Arrival(
            True, begun, f"Events of {max(days)} are here, so the week before {as_of} is over in the logs."
        )
    missing = sorted(expected(days, as_of) - days)
    if missing:
        listed = ", ".join(f"{day:%a} {day}" for day in missing)
        return Arrival(False, begun, f"The week before {as_of} has no event of {listed}.")
    if _taken_before_its_end(ctx, as_of):
        return Arrival(False, begun, f"The newest delivery was taken in before the week had ended on {as_of}.")
    return Arrival(True, begun, f"Every day of the week before {as_of} that has events as a rule is here.")


def expected(days: set[date], as_of: date, /) -> set[date]:
    """The days of the week before `as_of` on whose weekdays each of the weeks before had events.

    Those of the weeks before that lie before the first day of the log, wholly or in part, tell nothing; where there
    is none to go by every day is expected.
    """
    monday = as_of - weeks.WEEK
    first = min(days, default=monday)
    earlier = [
        monday - weeks.WEEK * back for back in range(1, HABIT_WEEKS + 1) if monday - weeks.WEEK * back >= first
    ]
    told = [{day.weekday() for day in days if begin <= day < begin + weeks.WEEK} for begin in earlier]
    usual = set.intersection(*told) if told else set(range(7))
    return {monday + timedelta(days=weekday) for weekday in usual or range(7)}


def deadline(ctx: Context, as_of: date, /) -> datetime:
    """Until when the week before `as_of` is waited for: so many hours after its end, in UTC."""
    end = weeks.instant(as_of, timezone=ctx.platform.timezone)
    return end + timedelta(hours=ctx.settings.data_deadline_hours)


def late(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """For quality.runs: that the week is made from what is here, which is not all."""
    found = arrived(ctx, as_of)
    if not found.complete:
        yield Part(EVENTS.name, code=LATE, why=f"{WHY[LATE]} {found.why}")


def _taken_before_its_end(ctx: Context, as_of: date) -> bool:
    """False where nothing tells when something was taken in, and for weeks that lie ahead of the clock: simulated."""
    taken, end = steps.ingested_at(ctx.home), weeks.instant(as_of, timezone=ctx.platform.timezone)
    return taken is not None and taken < end <= ctx.now
