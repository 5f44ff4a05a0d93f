"""What the platform's team does to people: contacts, and what they change for good."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lyceum.errors import UsageError
from lyceum.simulator.behaviour import leaving_chance
from lyceum.simulator.draw import Array
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.state import State
from lyceum.simulator.world import DAY, WEEK

OFFICE_OPENS, OFFICE_CLOSES = 10 * 3600, 18 * 3600


@dataclass(frozen=True)
class Contact:
    """One contact, and the person's chances of leaving in that week without and with it."""

    person: int
    moment: int  # seconds since the world's start
    action: str
    week: int
    chance_before: float
    chance_after: float


def resolve(platform: State, contacted: Mapping[str, str], /, *, week: int) -> tuple[Array, list[str]]:
    """The people and actions of `contacted`, in order of the people.

    Raises UsageError for a user who is not registered yet, or an action that worlds.toml does not have.
    """
    known = platform.world.actions
    if strange := sorted(set(contacted.values()) - set(known)):
        raise UsageError(
            f"There is no action {strange[0]!r} in this world.", remedy=f"Choose of: {', '.join(known)}."
        )
    numbers = [number_of(platform, user, week=week) for user in contacted]
    order = np.argsort(np.array(numbers, np.int64), kind="stable")
    actions = list(contacted.values())
    return np.array(numbers, np.int64)[order], [actions[at] for at in order]


def number_of(platform: State, user: str, /, *, week: int) -> int:
    """The number of the person with an id of the platform's; UsageError for one who is not registered."""
    number = int(user[1:]) - FIRST_UID if user[:1] == "u" and user[1:].isdecimal() else -1
    if not 0 <= number < len(platform.people.day) or platform.people.day[number] >= week * WEEK:
        raise UsageError("A user to contact is not registered.", remedy="Use the platform's own ids (uid).")
    return number


def contact(
    platform: State, people: Array, actions: list[str], /, *, week: int, rng: np.random.Generator
) -> list[Contact]:
    """Contact people on the Monday of `week` in office hours and change their chances for good.

    The truth of each contact is the change of the weekly chance of leaving that it makes there and then.
    """
    before = leaving_chance(platform, week)[people]
    effects = [platform.world.actions[action] for action in actions]
    lives = platform.lives
    for field, name in ((lives.moved, "hazard"), (lives.recall, "comeback")):
        field[people] += np.log([effect[name] for effect in effects])
    lives.need[people] += [effect["need"] for effect in effects]
    after = leaving_chance(platform, week)[people]
    moments = week * WEEK * DAY + rng.integers(OFFICE_OPENS, OFFICE_CLOSES, len(people))
    rows = zip(people.tolist(), moments.tolist(), actions, before.tolist(), after.tolist(), strict=True)
    return [Contact(person, moment, action, week, one, two) for person, moment, action, one, two in rows]
