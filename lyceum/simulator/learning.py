"""Learning lesson by lesson, with people who give a course up on the way."""

import numpy as np

from lyceum.simulator.draw import Array
from lyceum.simulator.journal import Coded
from lyceum.simulator.library import REVIEW
from lyceum.simulator.state import State, Visits
from lyceum.simulator.world import DAY

MOST_LESSONS = 5


def learn(visits: Visits, rows: Array, /) -> None:
    """Let the sessions `rows` go on with their course, or begin the next one they own."""
    platform = visits.platform
    take_up(platform, visits.users[rows])
    lessons = np.minimum(1 + platform.rng.poisson(platform.world.learning["lessons"] - 1, len(rows)), MOST_LESSONS)
    for turn in range(int(lessons.max(initial=0))):
        study = rows[(lessons > turn) & (platform.lives.current[visits.users[rows]] >= 0)]
        one_lesson(visits, study)


def take_up(platform: State, users: Array, /) -> None:
    """Choose a course for those who are in none: one they own, have not finished and have not given up."""
    lives, lessons = platform.lives, platform.catalogue.lessons
    idle = users[lives.current[users] < 0]
    open_to = lives.owned[idle] & ~lives.given_up[idle] & (lives.progress[idle] < lessons)
    lottery = open_to * (1 + platform.rng.random(open_to.shape, np.float32))
    lives.current[idle] = np.where(open_to.any(axis=1), lottery.argmax(axis=1), -1)


def one_lesson(visits: Visits, rows: Array, /) -> None:
    """One lesson in each session: learn, mostly finish it, sometimes hand in the exercise, sometimes give up."""
    platform = visits.platform
    rates, lives, rng = platform.world.learning, platform.lives, platform.rng
    users = visits.users[rows]
    items = lives.current[users]
    number = lives.progress[users, items] + 1
    course = platform.catalogue.ids[items]
    lesson = platform.catalogue.lesson_ids[items, number]
    seconds = np.clip(rates["lesson_minutes"] * 60 * np.exp(rng.normal(0, 0.5, len(rows))), 20, 2700).astype(np.int64)
    visits.tell("learn", rows, gap=10, course=course, lesson=lesson, duration_s=seconds)
    visits.pass_time(rows, seconds)
    done = platform.chance(rates["finish"], np.arange(len(rows)))
    visits.tell("complete", rows[done], gap=10, course=course[done], lesson=lesson[done])
    lives.progress[users[done], items[done]] += 1
    handed = platform.chance(rates["submit"], done)
    visits.tell("submit", rows[handed], gap=90, course=course[handed], lesson=lesson[handed])
    finish(visits, rows[done], items[done])
    bored = platform.chance(rates["drop"] * (1 - 0.5 * platform.catalogue.quality[items]), np.arange(len(rows)))
    lives.given_up[users[bored], items[bored]] = True
    lives.current[users[bored]] = -1


def finish(visits: Visits, rows: Array, items: Array, /) -> None:
    """Close the courses whose last lesson is done; some of the learners rate them."""
    platform = visits.platform
    lives, catalogue = platform.lives, platform.catalogue
    last = lives.progress[visits.users[rows], items] >= catalogue.lessons[items]
    rows, items = rows[last], items[last]
    visits.tell("complete", rows, gap=15, course=catalogue.ids[items])
    rated = platform.chance(platform.world.learning["rate"], np.arange(len(rows)))
    liking = 3.9 + 1.1 * catalogue.quality[items[rated]] + platform.rng.normal(0, 0.8, len(rated))
    stars = np.clip(np.rint(liking), 1, 5).astype(np.int64)
    review(visits, rows[rated], items[rated], stars=stars)
    lives.current[visits.users[rows]] = -1
    lives.energy[visits.users[rows]] -= platform.world.life["finish_drop"]


def review(visits: Visits, rows: Array, items: Array, /, *, stars: Array) -> None:
    """Rate courses; every rating comes with some words."""
    platform = visits.platform
    numbers = platform.take("reviews", len(rows))
    platform.library.keep(
        REVIEW,
        [f"r{number:07d}" for number in numbers.tolist()],
        authors=visits.users[rows],
        moments=visits.day * DAY + visits.clock[rows],
        subjects=platform.catalogue.titles[items].tolist(),
        liking=stars,
    )
    course = platform.catalogue.ids[items]
    visits.tell("rate", rows, gap=20, course=course, object=Coded("r%07d", numbers), stars=stars)
