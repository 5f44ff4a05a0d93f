"""Whether the weeks come in time: late data, weeks that were stopped, weeks out of order, a release grown old."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lyceum import releases, weeks
from lyceum.errors import HomeError
from lyceum.releases import Release
from lyceum.tables.canonical import EVENTS
from pipelines.blocking import blocked
from pipelines.context import Context
from pipelines.finding import Finding

LIVE_DAYS = 28  # a release published so soon after its week is that of a platform that lives, not of old logs


@dataclass(frozen=True)
class Published:
    """A release, when it was published, and whether its predecessor had not been."""

    release: Release
    at: datetime
    provisional: bool


def findings(ctx: Context, /) -> Iterator[Finding]:
    """What the doctor says of the weeks."""
    yield _delivered(ctx)
    yield _published(ctx)
    yield from _stopped(ctx)
    yield _in_order(ctx)


def week_due(ctx: Context, /) -> date:
    """The Monday that ended the newest week whose logs should be here by now."""
    local = (ctx.now - timedelta(hours=ctx.settings.data_deadline_hours)).astimezone(ZoneInfo(ctx.platform.timezone))
    return weeks.monday_of(local.date())


def is_live(published: Sequence[Published], /) -> bool:
    """Whether any of these was published soon after its week ended; old logs are late by nature."""
    return any((each.at.date() - each.release.as_of).days <= LIVE_DAYS for each in published)


def published(ctx: Context, /) -> list[Published]:
    """What the manifests of the newest release of each kept week tell, oldest first; without damaged ones."""
    newest = {release.as_of: release for release in releases.listing(ctx.home)}
    found = []
    for release in newest.values():
        with suppress(HomeError):
            manifest = release.manifest()
            at = datetime.fromisoformat(str(manifest["published_at"]))
            found.append(Published(release, at, provisional=bool(manifest["provisional"])))
    return found


def _delivered(ctx: Context) -> Finding:
    days = ctx.lake.partitions(EVENTS)
    if not days:
        return Finding("data", False, "the lake holds no event.", "Run `lyceum ingest`.")
    newest, due = date.fromisoformat(days[-1]), week_due(ctx)
    found = f"the newest event is of {newest}"
    if newest >= due - timedelta(days=1):
        return Finding("data", True, found)
    if not is_live(published(ctx)):
        return Finding("data", True, f"{found}: these are old logs")
    return Finding(
        "data",
        False,
        f"{found}; the week before {due} is not all here.",
        "Ask who delivers the logs, then `lyceum ingest`.",
    )


def _published(ctx: Context) -> Finding:
    kept, due = published(ctx), week_due(ctx)
    if not kept:
        return Finding("newest week", False, "no week is published.", f"Run {_run(ctx, as_of=due)}.")
    newest = kept[-1].release.as_of
    if newest >= due or not is_live(kept):
        return Finding("newest week", True, f"that before {newest} is published")
    behind = (due - newest).days // 7
    return Finding(
        "newest week",
        False,
        f"{behind} ended since {newest} and {'is' if behind == 1 else 'are'} not published.",
        f"Read in `lyceum status` what stopped, then {_run(ctx, as_of=due, count=behind)}.",
    )


def _stopped(ctx: Context) -> Iterator[Finding]:
    """A finding for each week that failed and was not published since."""
    for each in blocked(ctx.home):
        found = f"{each.step} stopped the week before {each.as_of} on {each.at[:10]}: {each.why}"
        yield Finding("stopped week", False, found, each.remedy)


def _in_order(ctx: Context) -> Finding:
    early = [each.release.as_of for each in published(ctx) if each.provisional]
    if not early:
        return Finding("order of weeks", True, "no published week is provisional")
    return Finding(
        "order of weeks",
        False,
        f"published before their predecessor: {', '.join(map(str, early))}.",
        f"Run what is missing, and they are made again: {_run(ctx, as_of=early[0] - weeks.WEEK)}.",
    )


def _run(ctx: Context, /, *, as_of: date, count: int = 1) -> str:
    weeks_option = f" --weeks {count}" if count > 1 else ""
    return f"`lyceum run --source {ctx.platform.source} --as-of {as_of}{weeks_option} --home {ctx.home.root}`"
