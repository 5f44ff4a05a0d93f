"""Who the people are: what they like, how often they come and when, what they can spend, how soon they leave."""

from dataclasses import dataclass

import numpy as np

from lyceum.simulator.catalogue import Catalogue
from lyceum.simulator.draw import Array, objects, one_of
from lyceum.simulator.journal import Coded
from lyceum.simulator.world import DAY, WEEK, World

NOBODY = -1
NORMAL, SPAMMER, RING = range(3)  # roles in the community
ROLES = ("normal", "spammer", "ring")
FIRST_UID = 1_000_001


@dataclass(frozen=True)
class People:
    """One element per person in order of registration. Only `inviter` and `channel` are filled in as they arrive."""

    day: Array  # of registration
    second: Array  # of that day
    type: Array
    rate: Array  # visiting days a week
    hazard: Array  # chance a week of leaving, as a rate
    taste: Array  # people x categories, sums to 1
    flavour: Array  # people x hidden dimensions
    budget: Array  # fen
    weekday: Array  # people x 7, mean 1
    peak: Array  # hour of day
    device: Array
    channel: Array
    inviter: Array
    traits: dict[str, Array]  # the multipliers of the type: browse, learn, talk, spend
    style: Array  # number of the way in which they take part in the community
    expertise: Array  # what their answers are worth, standard normal
    role: Array
    ring: Array  # rings x members who vote for each other
    age: Array
    gender: Array
    city: Array


def build_people(world: World, catalogue: Catalogue, /, *, users: int, days: int, rng: np.random.Generator) -> People:
    """`users` people who register within `days`."""
    rates = world.people
    kind = one_of(table(world, "share"), users, rng=rng)
    day = np.sort(one_of(arrival_weights(world, days), users, rng=rng))
    peak = np.asarray(rates["peak_hours"])[one_of(np.asarray(rates["peak_shares"]), users, rng=rng)]
    traits = {name: table(world, name)[kind] for name in ("browse", "learn", "talk", "spend")}
    role, ring = some_roles(world, users, rng=rng)
    style = one_of(np.array([style["share"] for style in world.community["styles"]]), users, rng=rng)
    style[role == SPAMMER] = len(world.community["styles"]) - 1
    traits["talk"] = (traits["talk"] * spread_out(rates["talk_spread"], users, rng=rng)).clip(max=0.95)
    traits["spend"] = traits["spend"] * spread_out(rates["spend_spread"], users, rng=rng)
    traits["talk"] = np.where(role == SPAMMER, 0.9, traits["talk"])
    spread = rng.normal(0, rates["budget_spread"], users)
    return People(
        day=day,
        second=registration_seconds(day, peak, rng=rng),
        type=kind,
        rate=table(world, "rate")[kind] * rng.gamma(rates["rate_shape"], 1 / rates["rate_shape"], users),
        hazard=table(world, "hazard")[kind] * np.exp(rng.normal(0, rates["hazard_spread"], users)),
        taste=rng.dirichlet([rates["taste_concentration"]] * len(world.categories), users),
        flavour=rng.normal(0, 1, (users, catalogue.flavour.shape[1])),
        budget=rates["budget"] * np.exp(spread),
        weekday=rng.dirichlet([2.5] * WEEK, users) * WEEK,
        peak=peak,
        device=named(rates["devices"], users, rng=rng),
        channel=named(rates["channels"], users, rng=rng),
        inviter=np.full(users, NOBODY),
        traits=traits,
        style=style,
        expertise=rng.normal(0, 1, users),
        role=role,
        ring=ring,
        age=listed(world.words["ages"], users, rng=rng),
        gender=listed(world.words["genders"], users, rng=rng),
        city=listed(world.words["cities"], users, rng=rng),
    )


def accounts(numbers: Array, /) -> Coded:
    """The ids of people as the platform logs them."""
    return Coded("u%d", FIRST_UID + numbers)


def spread_out(deviation: float, size: int, /, *, rng: np.random.Generator) -> Array:
    """Log-normal factors with mean 1: people of one type differ, too."""
    factors: Array = np.exp(rng.normal(-(deviation**2) / 2, deviation, size))
    return factors


def some_roles(world: World, users: int, /, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """The role of each person, and the voting rings as rows of people; small worlds have neither."""
    rates = world.community
    chosen = rng.permutation(users)
    rings, size = int(rates["rings"] * users), rates["ring_size"]
    ring = chosen[: rings * size].reshape(rings, size)
    role = np.full(users, NORMAL)
    role[ring] = RING
    role[chosen[rings * size :][: int(rates["spammers"] * users)]] = SPAMMER
    return role, ring


def table(world: World, name: str, /) -> Array:
    """One parameter of all latent types."""
    return np.array([kind[name] for kind in world.types])


def arrival_weights(world: World, days: int, /) -> Array:
    """How likely a registration is to fall on each day: many in the first fortnight, then a weekly rhythm."""
    rhythm = np.resize(world.people["weekday_arrivals"], days)
    early = np.arange(days) < 2 * WEEK
    share = world.people["first_fortnight_share"]
    later = (1 - share) * rhythm / max(rhythm[~early].sum(), 1.0)
    weights: Array = np.where(early, share * rhythm / rhythm[early].sum(), later)
    return weights


def registration_seconds(day: Array, peak: Array, /, *, rng: np.random.Generator) -> Array:
    """The second of the day of each registration, in order within a day, between 05:00 and 23:50."""
    second = hour_draw(peak, spread=2.5, rng=rng)
    order = np.lexsort((second, day))
    return second[order]


def hour_draw(peak: Array, /, *, spread: float, rng: np.random.Generator) -> Array:
    """Seconds of the day around each person's hour, between 05:00 and 23:50, so that nights stay empty."""
    hours = rng.normal(peak, spread)
    return (np.clip(hours, 5 + rng.random(len(peak)), 23 + rng.random(len(peak)) * 0.83) * DAY / 24).astype(np.int64)


def named(shares: dict[str, float], size: int, /, *, rng: np.random.Generator) -> Array:
    """`size` names drawn with the shares given."""
    return objects(list(shares))[one_of(np.array(list(shares.values())), size, rng=rng)]


def listed(names: list[str], size: int, /, *, rng: np.random.Generator) -> Array:
    """`size` names, the first of the list more often than the last."""
    return objects(names)[one_of(np.linspace(2, 1, len(names)), size, rng=rng)]
