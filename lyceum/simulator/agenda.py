"""Groups of several kinds, and what is held in them: lectures, check-in camps, promotions."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lyceum.simulator.catalogue import Catalogue
from lyceum.simulator.draw import Array, objects
from lyceum.simulator.world import DAY, WEEK, World

CLASSES = 4  # study classes of a topic, opened one after another
CLASS_EVERY = 30  # days


@dataclass(frozen=True)
class Group:
    """A community: `category` -1 = open to every taste."""

    id: str
    name: str
    kind: str
    opened: int
    owner: str
    category: int


@dataclass
class Activity:
    """Something that begins and ends: times are seconds since the world's start."""

    id: str
    name: str
    kind: str
    group: int  # number of the group; -1 = none
    starts: int
    ends: int
    category: int = -1
    members: Array = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def first_day(self) -> int:
        """The day on which it begins."""
        return self.starts // DAY


@dataclass(frozen=True)
class Agenda:
    """All groups and activities of a world."""

    groups: list[Group]
    activities: list[Activity]

    @cached_property
    def ids(self) -> Array:
        """The ids of the groups; asked for once all are planned."""
        return objects([group.id for group in self.groups])

    def going_on(self, kind: str, day: int, /) -> list[Activity]:
        """The activities of one kind that are open on `day`."""
        first, until = day * DAY, (day + 1) * DAY
        return [a for a in self.activities if a.kind == kind and a.starts < until and a.ends > first]


def build_agenda(world: World, catalogue: Catalogue, /, *, weeks: int, rng: np.random.Generator) -> Agenda:
    """The groups that stand open and what will be held during `weeks`."""
    agenda = Agenda([], [])
    words = world.words
    add_group(agenda, words["forum"], kind="forum", category=-1)
    for name in words["groups"]:
        add_group(agenda, name, kind="group", category=-1)
    for number, liked in enumerate(world.categories):
        add_group(agenda, words["circle"].format(category=liked), kind="circle", category=number)
    for number in range(min(CLASSES, 1 + weeks * WEEK // CLASS_EVERY)):
        category, topic = some_topic(world, rng=rng)
        add_group(
            agenda, words["class"].format(topic=topic), kind="class", category=category, opened=number * CLASS_EVERY
        )
    for week in range(weeks):
        add_lectures(agenda, world, week=week, rng=rng)
        add_camps(agenda, world, week=week, rng=rng)
    for season in world.seasons:
        if season.sale and season.first < weeks * WEEK:
            add_activity(
                agenda, season.name, kind="promotion", group=-1, starts=season.first * DAY, ends=season.until * DAY
            )
    return agenda


def add_group(agenda: Agenda, name: str, /, *, kind: str, category: int, opened: int = -200) -> int:
    """Open a group and return its number."""
    number = len(agenda.groups)
    owner = f"t{max(category, 0) + 1:03d}"
    agenda.groups.append(Group(f"g{number + 1:03d}", name, kind, opened, owner, category))
    return number


def add_activity(
    agenda: Agenda, name: str, /, *, kind: str, group: int, starts: int, ends: int, category: int = -1
) -> None:
    """Plan an activity."""
    number = len(agenda.activities) + 1
    agenda.activities.append(Activity(f"a{number:04d}", name, kind, group, starts, ends, category))


def add_lectures(agenda: Agenda, world: World, /, *, week: int, rng: np.random.Generator) -> None:
    """Plan the live lessons of a week: evenings, an hour long, held in the circle of their category."""
    for _ in range(rng.poisson(world.events["lectures"])):
        category, topic = some_topic(world, rng=rng)
        starts = (week * WEEK + int(rng.integers(WEEK))) * DAY + 20 * 3600
        name = world.words["lecture"].format(topic=topic)
        group = circle(agenda, category)
        add_activity(agenda, name, kind="lecture", group=group, starts=starts, ends=starts + 3600, category=category)


def add_camps(agenda: Agenda, world: World, /, *, week: int, rng: np.random.Generator) -> None:
    """Plan the check-in camps that begin on the Monday of a week, each with a group of its own."""
    for _ in range(rng.poisson(world.events["camps"])):
        category, topic = some_topic(world, rng=rng)
        length = int(rng.choice(world.events["camp_days"]))
        name = world.words["camp"].format(topic=topic, days=length)
        first = week * WEEK
        group = add_group(agenda, name, kind="camp", category=category, opened=first)
        ends = (first + length) * DAY
        add_activity(agenda, name, kind="camp", group=group, starts=first * DAY, ends=ends, category=category)


def circle(agenda: Agenda, category: int, /) -> int:
    """The number of the circle of a category."""
    return next(n for n, group in enumerate(agenda.groups) if group.kind == "circle" and group.category == category)


def some_topic(world: World, /, *, rng: np.random.Generator) -> tuple[int, str]:
    """A category and one of its topics."""
    category = int(rng.integers(len(world.categories)))
    topics = world.words["categories"][category]["topics"]
    return category, topics[int(rng.integers(len(topics)))]
