"""Who comes on a day, when, for what; and how people change from week to week."""

import numpy as np

from lyceum.simulator.community import talk
from lyceum.simulator.draw import Array, objects
from lyceum.simulator.learning import learn
from lyceum.simulator.people import NOBODY, hour_draw
from lyceum.simulator.platform import Platform, Visits, open_visits
from lyceum.simulator.shopping import browse
from lyceum.simulator.world import DAY, WEEK

LATEST_RETURN = 21 * 3600  # who is still there at nine in the evening does not come twice


def turn_week(platform: Platform, week: int, /) -> None:
    """Let moods drift and, by their hazard, people leave or return before the week `week` begins."""
    life, lives, people, rng = platform.world.life, platform.lives, platform.people, platform.rng
    size = len(people.uid)
    lives.energy[:] = life["energy_memory"] * lives.energy + rng.normal(0, life["energy_noise"], size)
    lives.need[:] = life["need_memory"] * lives.need + rng.normal(0, life["need_noise"], size)
    leaving, returning = rng.random(size), rng.random(size)
    registered = people.day < week * WEEK
    leaves = lives.alive & (leaving < leaving_chance(platform, week))
    returns = registered & ~lives.alive & (returning < life["comeback"])
    lives.alive[leaves] = False
    lives.alive[returns] = True
    lives.energy[returns] = 0.0


def leaving_chance(platform: Platform, week: int, /) -> Array:
    """Each person's chance to leave before the week `week`: tired people and newcomers leave sooner."""
    life, people = platform.world.life, platform.people
    by_channel = platform.world.people["channel_hazard"]
    hazard: Array = people.hazard * np.array([by_channel[name] for name in people.channel])
    newcomer = people.day >= (week - 2) * WEEK
    hazard = hazard * np.where(newcomer, life["newcomer_hazard"], 1.0)
    hazard *= np.exp(-life["energy_on_hazard"] * platform.lives.energy)
    return -np.expm1(-hazard)


def live_day(platform: Platform, day: int, /) -> None:
    """All that people do on `day`: newcomers register, then everybody's first and second visits."""
    arrive(platform, day)
    people, rng = platform.people, platform.rng
    today = people.day == day
    coming = np.flatnonzero((rng.random(len(today)) < visit_chance(platform, day)) | today)
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


def visit_chance(platform: Platform, day: int, /) -> Array:
    """Each person's chance to come on `day`."""
    people, lives = platform.people, platform.lives
    daily = people.rate / WEEK * np.exp(lives.energy) * people.weekday[:, day % WEEK]
    return np.where(lives.alive, 1 - np.exp(-daily * platform.world.visits_on(day)), 0.0)


def arrive(platform: Platform, day: int, /) -> None:
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
        platform.journal.record("invite", sent, uid=people.uid[people.inviter[invited]])
    for rows, extra in by_inviter(platform, new):
        sources = objects([f'{{"source":"{name}"}}' for name in people.channel[rows]])
        platform.journal.record(
            "register", people.second[rows], uid=people.uid[rows], channel=people.device[rows], props=sources, **extra
        )


def by_inviter(platform: Platform, new: Array, /) -> list[tuple[Array, dict[str, Array]]]:
    """The newcomers who came by themselves, and those whom somebody invited with that person as target."""
    inviter = platform.people.inviter[new]
    alone, invited = new[inviter == NOBODY], new[inviter != NOBODY]
    return [(alone, {}), (invited, {"target": platform.people.uid[platform.people.inviter[invited]]})]


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


def strangers(platform: Platform, day: int, /) -> None:
    """Visitors whom the platform does not know: views of what is popular, and searches."""
    share = platform.world.events["anonymous_share"]
    rng, catalogue = platform.rng, platform.catalogue
    size = int(rng.poisson(platform.journal.pending * share / (1 - share)))
    weights = catalogue.popularity * catalogue.on_sale(day)
    seen = rng.choice(len(weights), size, p=weights / weights.sum())
    seconds = rng.integers(6 * 3600, DAY, size)
    sessions = objects([f"s{number:08d}" for number in platform.take("sessions", size).tolist()])
    views = rng.random(size) < 0.85
    platform.journal.record(
        "view", seconds[views], course=catalogue.ids[seen[views]], session=sessions[views], channel="web"
    )
    platform.journal.record("search", seconds[~views], session=sessions[~views], channel="web")
