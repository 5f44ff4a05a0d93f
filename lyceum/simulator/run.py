"""Simulate a platform week by week and write its deliveries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from lyceum.errors import UsageError
from lyceum.simulator.agenda import build_agenda
from lyceum.simulator.behaviour import live_day, strangers, turn_week
from lyceum.simulator.catalogue import build_catalogue
from lyceum.simulator.deliveries import Deliveries, write_csv
from lyceum.simulator.happenings import heartbeats, hold_activities
from lyceum.simulator.journal import Journal
from lyceum.simulator.people import build_people
from lyceum.simulator.platform import Platform, new_lives
from lyceum.simulator.shopping import refund_due
from lyceum.simulator.texts import Texts
from lyceum.simulator.world import WEEK, World, load_world


@dataclass(frozen=True)
class Summary:
    """What was simulated. Lines of event files = events + doubled + malformed + unknown; late ones are events."""

    first_day: date
    last_day: date
    as_of: date  # the Monday after the last week
    users: int
    events: int
    files: int
    lines_doubled: int
    lines_late: int
    lines_malformed: int
    lines_unknown: int


def simulate(
    folder: Path,
    /,
    *,
    users: int = 5000,
    weeks: int = 26,
    seed: int = 7,
    world: str = "demo",
    truth: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Summary:
    """Write the deliveries of a simulated platform into `folder`, and its latents into `truth` if given.

    The same arguments give the same bytes. `folder` must be absent or empty. Raises UsageError if it is not, if
    `users`, `weeks` or `seed` are out of range, or if worlds.toml has no such world.
    """
    if users < 1 or weeks < 1 or seed < 0:
        raise UsageError(
            f"A world needs at least one user, one week and a seed from 0 up; got {users}, {weeks} and {seed}.",
            remedy="Give larger numbers.",
        )
    parameters = load_world(world)
    for place in (folder, truth):
        check_empty(place)
    streams = np.random.SeedSequence(seed).spawn(5)
    platform = build_platform(parameters, users=users, weeks=weeks, streams=streams)
    files = Deliveries(parameters, folder, weeks * WEEK - 1, np.random.default_rng(streams[4]))
    for week in range(weeks):
        run_week(platform, files, week)
        if progress is not None:
            progress(f"Simulated week {week + 1} of {weeks}: {files.events:,} events so far.")
    files.write_agenda(platform.agenda)
    if truth is not None:
        write_truth(platform, truth)
    return summarise(platform, files, weeks=weeks)


def check_empty(folder: Path | None, /) -> None:
    """UsageError unless `folder` is absent or an empty directory."""
    if folder is None or not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"The simulator writes into a folder; {folder} is a file.", remedy="Name another folder.")
    if any(folder.iterdir()):
        raise UsageError(
            f"The simulator writes into an empty or absent folder; {folder} holds files.",
            remedy="Name another folder or empty this one.",
        )


def build_platform(world: World, /, *, users: int, weeks: int, streams: list[np.random.SeedSequence]) -> Platform:
    """A platform on the eve of its first day; each part of it draws from a stream of its own."""
    shelf, crowd, plan, life = (np.random.default_rng(stream) for stream in streams[:4])
    catalogue = build_catalogue(world, weeks=weeks, rng=shelf)
    return Platform(
        world=world,
        catalogue=catalogue,
        people=build_people(world, catalogue, users=users, days=weeks * WEEK, rng=crowd),
        lives=new_lives(users, len(catalogue.ids)),
        agenda=build_agenda(world, catalogue, weeks=weeks, rng=plan),
        texts=Texts(),
        journal=Journal(world.start, utc_offset=world.utc_offset),
        rng=life,
        refunds=[],
    )


def run_week(platform: Platform, files: Deliveries, week: int, /) -> None:
    """Live and deliver one week."""
    turn_week(platform, week)
    for day in range(week * WEEK, (week + 1) * WEEK):
        refund_due(platform, day)
        live_day(platform, day)
        hold_activities(platform, day)
        strangers(platform, day)
        heartbeats(platform)
        kinds, lines = platform.journal.close(day)
        files.deliver(day, lines, unknown=kinds.count("heartbeat"))
    files.write_week(week, platform.people, platform.catalogue)


def write_truth(platform: Platform, folder: Path, /) -> None:
    """The latents of every person, which no pipeline may read."""
    people, world = platform.people, platform.world
    columns = ("uid", "type", "rate", "hazard", "budget", *(f"taste_{name}" for name in world.categories))
    numbers = np.column_stack([people.rate, people.hazard, people.budget, people.taste])
    rows = (
        (uid, world.types[kind]["name"], *(f"{number:.6f}" for number in line))
        for uid, kind, line in zip(people.uid, people.type, numbers.tolist(), strict=True)
    )
    write_csv(folder / "users.csv", columns, rows)


def summarise(platform: Platform, files: Deliveries, /, *, weeks: int) -> Summary:
    """The figures of a finished run."""
    start = platform.world.start
    as_of = start + timedelta(weeks=weeks)
    return Summary(
        first_day=start,
        last_day=as_of - timedelta(days=1),
        as_of=as_of,
        users=len(platform.people.uid),
        events=files.events,
        files=files.files,
        lines_doubled=files.doubled,
        lines_late=files.late,
        lines_malformed=files.malformed,
        lines_unknown=files.unknown,
    )
