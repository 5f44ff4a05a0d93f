"""Who comes on a day, when, for what; and how people change from week to week."""

import numpy as np

from lyceum.simulator.community import talk
from lyceum.simulator.draw import Array, objects
from lyceum.simulator.journal import Coded
from lyceum.simulator.learning import learn
from lyceum.simulator.people import NOBODY, accounts, hour_draw
from lyceum.simulator.shopping import browse
from lyceum.simulator.state import State, Visits, open_visits
from lyceum.simulator.world import DAY, WEEK

BLOCK = 25_000  # sessions that are lived together; bounds the users x items matrices
LATEST_RETURN = 21 * 3600  # who is still there at nine in the evening does not come twice


def turn_week(platform: State, week: int, /) -> None:
    """Let moods drift and, by their hazard, people leave or return before the week `week` begins."""
    life, lives, people, rng = platform.world.life, platform.lives, platform.people, platform.rng
    size = len(people.day)
    platform.texts.let_go(week * WEEK)
    lives.energy[:] = life["energy_memory"] * lives.energy + rng.normal(0, life["energy_noise"], size)
    lives.need[:] = life["need_memory"] * lives.need + rng.normal(0, life["need_noise"], size)
    leaving, returning = rng.random(size), rng.random(size)
    registered = people.day < week * WEEK
    leaves = lives.alive & (leaving < leaving_chance(platform, week))
    returns = registered & ~lives.alive & (returning < returning_chance(platform))
    lives.alive[leaves] = False
    lives.alive[returns] = True
    lives.energy[returns] = 0.0


def returning_chance(platform: State, /) -> Array:
    """The chance a week that each person who left comes back."""
    chance: Array = platform.world.life["comeback"] * np.exp(platform.lives.recall)
    return chance.clip(max=1.0)


def leaving_chance(platform: State, week: int, /) -> Array:
    """Each person's chance to leave before the week `week`: tired people and newcomers leave sooner."""
    life, people = platform.world.life, platform.people
    by_channel = platform.world.people["channel_hazard"]
    hazard: Array = people.hazard.copy()
    for name, factor in by_channel.items():
        hazard[people.channel == name] *= factor
    newcomer = people.day >= (week - 2) * WEEK
    hazard = hazard * np.where(newcomer, life["newcomer_hazard"], 1.0)
    hazard *= np.exp(platform.lives.moved - life["energy_on_hazard"] * platform.lives.energy)
    return -np.expm1(-hazard)


def live_day(platform: State, day: int, /) -> None:
    """All that people do on `day`: newcomers register, then everybody's first and second visits."""
    arrive(platform, day)
    people, rng = platform.people, platform.rng
    today = people.day == day
    everyone = np.flatnonzero((rng.random(len(today)) < visit_chance(platform, day)) | today)
    for begin in range(0, len(everyone), BLOCK):
        visit_twice(platform, everyone[begin : begin + BLOCK], day=day)


def visit_twice(platform: State, coming: Array, /, *, day: int) -> None:
    """The first visits of some people on `day`, and a second one of a few."""
    people, rng = platform.people, platform.rng
    platform.lives.last_day[coming] = day
    today = people.day == day
    clock = hour_draw(people.peak[coming], spread=platform.world.people["peak_spread"], rng=rng)
    registered = people.second[coming] + 20
    first = open_visits(platform, coming, np.where(today[coming], registered, clock), day=day)
    spend_visit(first)
    again = np.flatnonzero(
        (first.clock < LATEST_RETURN) & (rng.random(len(coming)) < platform.world.life["second_visit"])
    )
    if len(again):
        wanted = hour_draw(people.peak[coming[again]] + 3, spread=3.0, rng=rng)
        spend_visit(open_visits(platform, coming[again], np.maximum(wanted, first.clock[again] + 900), day=day))


def visit_chance(platform: State, day: int, /) -> Array:
    """Each person's chance to come on `day`."""
    people, lives = platform.people, platform.lives
    daily = people.rate / WEEK * np.exp(lives.energy) * people.weekday[:, day % WEEK]
    habit = np.where(lives.last_day == day - 1, platform.world.life["habit"], platform.world.life["pause"])
    return np.where(lives.alive, 1 - np.exp(-daily * habit * platform.world.visits_on(day)), 0.0)


def arrive(platform: State, day: int, /) -> None:
    """Register the newcomers of `day`, some of them on an invitation sent shortly before."""
    people, lives, rng = platform.people, platform.lives, platform.rng
    hosts = np.flatnonzero(lives.alive & (people.day < day))
    new = np.flatnonzero(people.day == day)
    lives.alive[new] = True
    lives.energy[new] = rng.normal(0.25, 0.3, len(new))
    lives.need[new] = rng.normal(0.2, 0.6, len(new))
    if len(hosts):
        invited = platform.chance(platform.world.people["invited_share"], new)
        people.channel[invited] = "invite"
        people.inviter[invited] = rng.choice(hosts, len(invited))
        sent = np.maximum(people.second[invited] - rng.integers(300, 7200, len(invited)), 3600)
        platform.journal.record("invite", sent, uid=accounts(people.inviter[invited]))
    for rows, extra in by_inviter(platform, new):
        sources = objects([f'{{"source":"{name}"}}' for name in people.channel[rows]])
        platform.journal.record(
            "register", people.second[rows], uid=accounts(rows), channel=people.device[rows], props=sources, **extra
        )


def by_inviter(platform: State, new: Array, /) -> list[tuple[Array, dict[str, Coded]]]:
    """The newcomers who came by themselves, and those whom somebody invited with that person as target."""
    inviter = platform.people.inviter[new]
    alone, invited = new[inviter == NOBODY], new[inviter != NOBODY]
    return [(alone, {}), (invited, {"target": accounts(platform.people.inviter[invited])})]


def spend_visit(visits: Visits, /) -> None:
    """What happens in each session: a login for some, then shopping, learning and talking by inclination."""
    platform = visits.platform
    traits, lives, rng = platform.people.traits, platform.lives, platform.rng
    users = visits.users
    everyone = np.arange(len(users))
    visits.tell("login", platform.chance(0.45, everyone), gap=4)
    learns = lives.owned[users].any(axis=1) & (rng.random(len(users)) < traits["learn"][users])
    talks = rng.random(len(users)) < traits["talk"][users]
    eager = np.clip(traits["browse"][users] * np.exp(0.35 * lives.need[users]), 0, 1)
    browses = (rng.random(len(users)) < eager) | ~(learns | talks)
    browse(visits, np.flatnonzero(browses))
    learn(visits, np.flatnonzero(learns))
    talk(visits, np.flatnonzero(talks))
    inviting = platform.chance(platform.world.shop["invite"], everyone)
    visits.tell("invite", inviting, gap=20)


def strangers(platform: State, day: int, /) -> None:
    """Visitors whom the platform does not know: views of what is popular, and searches."""
    share = platform.world.events["anonymous_share"]
    rng, catalogue = platform.rng, platform.catalogue
    size = int(rng.poisson(platform.journal.pending * share / (1 - share)))
    weights = catalogue.popularity * catalogue.on_sale(day)
    seen = rng.choice(len(weights), size, p=weights / weights.sum())
    seconds = rng.integers(6 * 3600, DAY, size)
    sessions = platform.take("sessions", size)
    views = rng.random(size) < 0.85
    platform.journal.record(
        "view",
        seconds[views],
        course=catalogue.ids[seen[views]],
        session=Coded("s%08d", sessions[views]),
        channel="web",
    )
    platform.journal.record("search", seconds[~views], session=Coded("s%08d", sessions[~views]), channel="web")
