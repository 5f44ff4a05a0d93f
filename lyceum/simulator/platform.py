"""A simulated platform that lives week by week, and may act on people in between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from lyceum.errors import UsageError
from lyceum.simulator.acting import Contact, contact, resolve
from lyceum.simulator.agenda import build_agenda
from lyceum.simulator.behaviour import live_day, strangers, turn_week
from lyceum.simulator.catalogue import build_catalogue
from lyceum.simulator.deliveries import Deliveries
from lyceum.simulator.happenings import heartbeats, hold_activities
from lyceum.simulator.journal import Day, Journal
from lyceum.simulator.library import Library
from lyceum.simulator.people import build_people
from lyceum.simulator.shopping import refund_due
from lyceum.simulator.state import State, new_lives
from lyceum.simulator.tables import Tables
from lyceum.simulator.texts import Texts
from lyceum.simulator.truth import Truth
from lyceum.simulator.world import WEEK, World, load_world

NOBODY_CONTACTED: Mapping[str, str] = {}


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


class Platform:
    """A platform on the eve of its first day. `step` lives one week and delivers it.

    The same arguments and the same contacts give the same bytes. Without a `folder` nothing is delivered; `listen`
    is called with what happened on each day, before it becomes text.
    """

    def __init__(
        self,
        folder: Path | None = None,
        /,
        *,
        users: int = 5000,
        weeks: int = 26,
        seed: int = 7,
        world: str = "demo",
        truth: Path | None = None,
        listen: Callable[[Day], None] | None = None,
    ) -> None:
        """Raises UsageError: numbers out of range, no such world, or a folder that holds files."""
        if users < 1 or weeks < 1 or seed < 0:
            raise UsageError(
                f"A world needs at least one user, one week and a seed from 0 up; got {users}, {weeks} and {seed}.",
                remedy="Give larger numbers.",
            )
        self.world = load_world(world)
        for place in (folder, truth):
            check_empty(place)
        streams = np.random.SeedSequence(seed).spawn(7)
        self.weeks, self.next_week = weeks, 0
        self.state = build_state(self.world, users=users, weeks=weeks, streams=streams)
        self.office = np.random.default_rng(streams[6])
        self.listen = listen
        self.truth = Truth(truth) if truth is not None else None
        self.tables = Tables(self.world, folder) if folder is not None else None
        last, mess = weeks * WEEK - 1, np.random.default_rng(streams[4])
        self.files = Deliveries(self.world, folder, last, mess) if folder is not None else None

    def step(self, week: int, contacted: Mapping[str, str] = NOBODY_CONTACTED, /) -> None:
        """Contact people on the Monday that begins `week` (0, 1, ...), then live that week and deliver it.

        `contacted` maps the platform's own user ids to actions of worlds.toml, whose effect on a person lasts.
        Raises UsageError for a week out of turn, an unknown action, or a user who is not registered.
        """
        if week != self.next_week or week >= self.weeks:
            raise UsageError(
                f"Week {week} cannot be lived now; {self.next_week} of {self.weeks} weeks were.",
                remedy="Step through the weeks in order, each once.",
            )
        people, actions = resolve(self.state, contacted, week=week)
        self.next_week += 1
        contacts = contact(self.state, people, actions, week=week, rng=self.office)
        turn_week(self.state, week)
        if self.truth is not None:
            self.truth.write_week(self.state, week, contacts)
        for day in range(week * WEEK, (week + 1) * WEEK):
            self._live(day)
        self._deliver_tables(week, contacts)

    def _live(self, day: int, /) -> None:
        state = self.state
        refund_due(state, day)
        live_day(state, day)
        hold_activities(state, day)
        strangers(state, day)
        heartbeats(state)
        happened = state.journal.close(day)
        if self.listen is not None:
            self.listen(happened)
        if self.files is not None:
            self.files.deliver(happened)

    def _deliver_tables(self, week: int, contacts: list[Contact], /) -> None:
        if self.tables is not None:
            self.tables.write_week(self.state, week, contacts)
        self.state.rights.clear()
        self.state.library.clear()

    @property
    def events(self) -> int:
        """Events delivered so far."""
        return 0 if self.files is None else self.files.events

    def finish(self) -> Summary:
        """Write what is true about each person, if asked for, and account for what was delivered so far."""
        if self.truth is not None:
            self.truth.write_people(self.state)
        start, files = self.world.start, self.files
        as_of = start + timedelta(weeks=self.next_week)
        counts = (
            [0] * 5 if files is None else [files.events, files.doubled, files.late, files.malformed, files.unknown]
        )
        written = 0 if files is None or self.tables is None else files.files + len(self.tables.written)
        return Summary(
            first_day=start,
            last_day=as_of - timedelta(days=1),
            as_of=as_of,
            users=len(self.state.people.day),
            events=counts[0],
            files=written,
            lines_doubled=counts[1],
            lines_late=counts[2],
            lines_malformed=counts[3],
            lines_unknown=counts[4],
        )


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


def build_state(world: World, /, *, users: int, weeks: int, streams: list[np.random.SeedSequence]) -> State:
    """A platform before its first day; each part of it draws from a stream of its own."""
    shelf, crowd, plan, life = (np.random.default_rng(stream) for stream in streams[:4])
    catalogue = build_catalogue(world, weeks=weeks, rng=shelf)
    return State(
        world=world,
        catalogue=catalogue,
        people=build_people(world, catalogue, users=users, days=weeks * WEEK, rng=crowd),
        lives=new_lives(users, len(catalogue.ids)),
        agenda=build_agenda(world, catalogue, weeks=weeks, rng=plan),
        texts=Texts(),
        library=Library(world.words["writing"], np.random.default_rng(streams[5])),
        rights=[],
        journal=Journal(),
        rng=life,
        refunds=[],
    )
