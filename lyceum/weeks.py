"""Weeks: Monday 00:00 to Monday 00:00 in the platform's own time zone. Nobody else does calendar arithmetic."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lyceum.errors import UsageError

WEEK = timedelta(days=7)


def monday_of(day: date, /) -> date:
    """The Monday of the week that holds `day`."""
    return day - timedelta(days=day.weekday())


def parse_as_of(text: str, /, *, option: str = "--as-of") -> date:
    """The Monday written as YYYY-MM-DD after the command's `option`.

    Raises:
        UsageError: not a date, or not a Monday; names the two Mondays nearest.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is no date: {text!r}.", remedy="Write it as YYYY-MM-DD, a Monday.") from None
    if day.weekday() != 0:
        before = monday_of(day)
        raise UsageError(
            f"{option} {day} is a {day:%A}; a week is cut on Monday 00:00.",
            remedy=f"Use {before} or {before + WEEK}.",
        )
    return day


def instant(day: date, /, *, timezone: str) -> datetime:
    """The moment at which the local day begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def newest_complete(last_event: date, /) -> date:
    """The first Monday after the last day that holds events: the newest week the logs can fill."""
    return monday_of(last_event) + WEEK


def weeks_before(as_of: date, count: int, /) -> list[date]:
    """The `count` Mondays that end with `as_of`, oldest first."""
    return [as_of - WEEK * back for back in range(count - 1, -1, -1)]


def calendar(first: date, last: date, /, *, timezone: str) -> list[tuple[date, int]]:
    """Each day from `first` to `last` with the second since 1970 (UTC) at which it begins in the time zone."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [(day, int(instant(day, timezone=timezone).timestamp())) for day in days]
