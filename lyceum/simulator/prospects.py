"""What is to be expected of people who are known through and through: the true chances behind the outcomes."""

from collections.abc import Iterator

import numpy as np

from lyceum.simulator.behaviour import leaving_chance, returning_chance
from lyceum.simulator.draw import Array
from lyceum.simulator.shopping import attraction
from lyceum.simulator.state import State
from lyceum.simulator.world import WEEK

BLOCK = 5_000
AHEAD = 4  # weeks
PATHS = 60  # drawn futures of each person


def buying_chance(platform: State, users: Array, /, *, day: int) -> Array:
    """The chance of each of `users` to buy in the week from `day`, if they stay in the mood that they are in."""
    lives = platform.lives
    pace = weekly_pace(platform, users, day=day) * np.exp(lives.energy[users])
    visits = visiting_days(pace, habit=platform.world.life["habit"], pause=platform.world.life["pause"])
    expected = visits * eagerness(platform, users, day=day, need=lives.need[users])
    return np.where(lives.alive[users], -np.expm1(-expected), 0.0)


def outlook(platform: State, users: Array, /, *, week: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The chances of each of `users` to come, and to buy, within 28 days of the Monday of `week`, from all latents.

    An average over drawn futures of energy, need, leaving and returning; given one of them, visits and purchases are
    Poisson with the means that the rules imply. What others do to the person and what is in the cart are left out.
    """
    day = week * WEEK
    plain = eagerness(platform, users, day=day, need=np.zeros(len(users)))
    habit, pause = platform.world.life["habit"], platform.world.life["pause"]
    came = platform.lives.last_day[users] == day - 1
    absent, empty = np.zeros(len(users)), np.zeros(len(users))
    for _ in range(PATHS):
        coming, buying = np.zeros(len(users)), np.zeros(len(users))
        for ahead, (pace, need) in enumerate(futures(platform, users, week=week, rng=rng)):
            coming += pace * pause + (pace / WEEK * (habit - pause) * came if ahead == 0 else 0)
            buying += visiting_days(pace, habit=habit, pause=pause) * plain * np.exp(1.5 * need)
        absent += np.exp(-coming)
        empty += np.exp(-buying)
    return 1 - absent / PATHS, 1 - empty / PATHS


def futures(
    platform: State, users: Array, /, *, week: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """For each of the next weeks the pace of visits and the need of `users`, along one drawn path."""
    life, lives = platform.world.life, platform.lives
    alive, energy, need = (values[users].copy() for values in (lives.alive, lives.energy, lives.need))
    back = returning_chance(platform)[users]
    plain = -np.log1p(-leaving_chance(platform, week)[users]) * np.exp(life["energy_on_hazard"] * energy)
    for ahead in range(AHEAD):
        energy = life["energy_memory"] * energy + rng.normal(0, life["energy_noise"], len(users))
        need = life["need_memory"] * need + rng.normal(0, life["need_noise"], len(users))
        leaves = rng.random(len(users)) < -np.expm1(-plain * np.exp(-life["energy_on_hazard"] * energy))
        returns = ~alive & (rng.random(len(users)) < back)
        alive = (alive & ~leaves) | returns
        pace = weekly_pace(platform, users, day=(week + ahead) * WEEK)
        yield alive * pace * np.exp(energy), need


def visiting_days(pace: Array, /, *, habit: float, pause: float) -> Array:
    """The visiting days to expect in a week of a pace, once it goes on: a day makes the next likelier."""
    after, else_ = -np.expm1(-pace / WEEK * habit), -np.expm1(-pace / WEEK * pause)
    return np.asarray(WEEK * else_ / (1 - after + else_))


def weekly_pace(platform: State, users: Array, /, *, day: int) -> Array:
    """The rate at which each of `users` comes in the week from `day` at middling energy, seasons included."""
    seasons = np.array([platform.world.visits_on(day + ahead) for ahead in range(WEEK)])
    pace: Array = platform.people.rate[users] / WEEK * (platform.people.weekday[users] @ seasons)
    return pace


def eagerness(platform: State, users: Array, /, *, day: int, need: Array) -> Array:
    """Purchases that each of `users` is expected to make per visiting day at a given need, without promotion."""
    blocks = range(0, len(users), BLOCK)
    found = [of_block(platform, users[at : at + BLOCK], day=day, need=need[at : at + BLOCK]) for at in blocks]
    return np.concatenate([np.empty(0), *found])


def of_block(platform: State, users: Array, /, *, day: int, need: Array) -> Array:
    """`eagerness` of some users: views, times the chance that the view of what draws them ends in a paid cart."""
    shop, people, catalogue, lives = platform.world.shop, platform.people, platform.catalogue, platform.lives
    drawn = attraction(platform, users, day=day)
    price = catalogue.price(day)
    afford = 1 / (1 + (price / people.budget[users][:, None]) ** 2) * (price > 0)
    wanted = ~lives.owned[users] | catalogue.repeatable
    fit = (drawn * afford * wanted * (1 + 0.4 * catalogue.quality)).sum(axis=1) / drawn.sum(axis=1).clip(min=1e-9)
    views = shop["views"] * np.exp(0.4 * need) + shop["search"]
    cart = shop["cart"] * people.traits["spend"][users] * np.exp(0.9 * need) * fit
    browses = np.clip(people.traits["browse"][users] * np.exp(0.35 * need), 0, 1) * (
        1 + platform.world.life["second_visit"]
    )
    return np.asarray(browses * views * cart * (shop["buy_now"] + (1 - shop["buy_now"]) * shop["buy_later"] * 3))
