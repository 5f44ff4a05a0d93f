"""Who will come again, as well as it can be known from the log: Bayes filtering of the simulator's own latents.

What a person is (type, visit rate, hazard) is a grid of cells; what moves (energy, still coming or gone) is a hidden
Markov chain within each, filtered exactly on a grid of energies, week by week, from the days on which they came.
What people do in their sessions speaks for their type. Left out, so that it is a lower bound of what can be known:
what replies, camps and finished courses do to energy, and that the rhythm of the week is only estimated.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.logs import Lived
from lyceum.events import EVENT_TYPES
from lyceum.simulator.world import World

Array = NDArray[Any]
WEEK = 7
RATES, HAZARDS = 8, 5  # cells of each type
ENERGIES = np.linspace(-1.9, 1.9, 13)
STILL = int(np.argmin(np.abs(ENERGIES)))  # the energy of somebody who comes back
AHEAD = 4  # weeks
NEWCOMER_WEEKS = 2
RHYTHM = 2.5  # of the Dirichlet over weekdays


@dataclass(frozen=True)
class Cells:
    """What people may be: one row per type x rate, and the factors of hazard within a type."""

    kind: Array  # type of each row
    rate: Array  # visiting days a week of each row
    hazard: Array  # rows x hazards
    prior: Array  # of each row


@dataclass
class Seen:
    """What the log says about each person until a Monday; `day` is that of the registration."""

    day: Array
    channel: Array  # factor on the hazard
    visits: Array  # people x days: came
    alive: Array  # people x weeks: did anything
    contents: Array  # people x types: log-likelihood of what they did in their sessions


def cells_of(world: World, /) -> Cells:
    """The grid: quantiles of the gamma over rates and of the log-normal over hazards, by type."""
    from scipy.stats import gamma

    shape, spread = world.people["rate_shape"], world.people["hazard_spread"]
    middles = (np.arange(RATES) + 0.5) / RATES
    quantiles = gamma.ppf(middles, shape, scale=1 / shape)
    factors = np.exp([spread * NormalDist().inv_cdf((n + 0.5) / HAZARDS) for n in range(HAZARDS)])
    kind = np.repeat(np.arange(len(world.types)), RATES)
    share, rate, hazard = (np.array([t[name] for t in world.types]) for name in ("share", "rate", "hazard"))
    return Cells(
        kind=kind,
        rate=rate[kind] * np.tile(quantiles, len(world.types)),
        hazard=hazard[kind][:, None] * factors,
        prior=share[kind] / share.sum() / RATES,
    )


def look(lived: Lived, /, *, week: int) -> Seen:
    """The evidence of the log before the Monday of `week`."""
    people, world, log = lived.platform.state.people, lived.platform.world, lived.log
    early = log["day"] < week * WEEK
    user, day, session = (log[name][early] for name in ("user", "day", "session"))
    visits = np.zeros((len(people.day), week * WEEK), bool)
    visits[user[session >= 0], day[session >= 0]] = True
    alive = np.zeros((len(people.day), week), bool)
    acting = (log["kind"][early] != EVENT_TYPES.index("impression")) | (session >= 0)
    alive[user[acting], day[acting] // WEEK] = True
    factors = world.people["channel_hazard"]
    channel = np.array([factors[name] for name in people.channel])
    return Seen(people.day, channel, visits, alive, contents(lived, early & (log["session"] >= 0)))


def contents(lived: Lived, early: Array, /) -> Array:
    """The log-likelihood of each type from which sessions held talk, and which of those, browsing as well."""
    log, world = lived.log, lived.platform.world
    ids, session = np.unique(log["session"][early], return_inverse=True)
    kind, item = log["kind"][early], log["item"][early]
    owner = np.zeros(len(ids), np.int64)
    owner[session] = log["user"][early]
    looked, talked, learned = (np.zeros(len(ids), bool) for _ in range(3))
    view, learn = EVENT_TYPES.index("view"), EVENT_TYPES.index("learn")
    words = [EVENT_TYPES.index(name) for name in ("post", "answer", "comment", "like", "vote")]
    looked[session[(kind == view) & (item >= 0)]] = True
    talked[session[np.isin(kind, words) | ((kind == view) & (item < 0))]] = True
    learned[session[kind == learn]] = True
    busy = talked | learned
    people = len(lived.platform.state.people.day)
    found = np.zeros((people, len(world.types)))
    for number, each in enumerate(world.types):
        talk, browse = each["talk"], min(each["browse"] * 1.1, 0.98)
        value = np.where(talked, np.log(talk), np.log1p(-talk))
        value += np.where(busy, np.where(looked, np.log(browse), np.log1p(-browse)), 0.0)
        value += np.where(learned, np.log(each["learn"]), 0.0)
        found[:, number] = np.bincount(owner, weights=value, minlength=people)
    return found


def drift(world: World, /) -> Array:
    """The chance of each energy after each energy, a week later."""
    memory, noise = world.life["energy_memory"], world.life["energy_noise"]
    density = np.exp(-(((ENERGIES[None, :] - memory * ENERGIES[:, None]) / noise) ** 2) / 2)
    out: Array = density / density.sum(axis=1, keepdims=True)
    return out


def staying(world: World, hazard: Array, /) -> Array:
    """The chance to stay through the turn of a week, by hazard and energy."""
    out: Array = np.exp(-hazard[..., None] * np.exp(-world.life["energy_on_hazard"] * ENERGIES))
    return out


def retention(lived: Lived, /, *, week: int) -> Array:
    """The chance of each person to come within 28 days of the Monday of `week`, given the log before it."""
    world = lived.platform.world
    seen, cells, moves = look(lived, week=week), cells_of(world), drift(world)
    out = np.zeros(len(seen.day))
    for factor in np.unique(seen.channel):
        chosen = np.flatnonzero((seen.channel == factor) & (seen.day < week * WEEK))
        belief = believe(lived, seen, chosen, cells, moves, week=week, factor=float(factor))
        out[chosen] = 1 - absence(lived, seen, chosen, belief, cells, moves, week=week, factor=float(factor))
    return out


def believe(
    lived: Lived, seen: Seen, chosen: Array, cells: Cells, moves: Array, /, *, week: int, factor: float
) -> tuple[Array, Array]:
    """Weights of (people, cells, hazards, energies) who still come and of (people, cells, hazards) who left."""
    world = lived.platform.world
    start = np.exp(-(((ENERGIES - 0.25) / 0.3) ** 2) / 2)
    size = (len(chosen), len(cells.rate), HAZARDS)
    prior = (cells.prior * np.exp(shifted(seen.contents[chosen]))[:, cells.kind])[..., None, None]
    here = (prior * np.ones((1, 1, HAZARDS, 1)) * start / start.sum()).astype(np.float32)
    gone = np.zeros(size, np.float32)
    counts = seen.visits[chosen].reshape(len(chosen), week, WEEK).sum(axis=1)
    rhythm = (RHYTHM + counts) / (WEEK * RHYTHM + counts.sum(axis=1, keepdims=True)) * WEEK
    for now in range(week):
        known = seen.day[chosen] < now * WEEK
        if known.any():
            turned = turn(
                world, here[known], gone[known], cells, moves, week=now, factor=factor, day=seen.day[chosen[known]]
            )
            here[known], gone[known] = turned
        likely = likelihood(lived, seen, chosen, cells, rhythm, week=now)
        here *= likely[:, :, None, :]
        gone[seen.alive[chosen, now]] = 0
        total = here.sum(axis=(1, 2, 3)) + gone.sum(axis=(1, 2))
        here /= total[:, None, None, None]
        gone /= total[:, None, None]
    return here, gone


def shifted(values: Array, /) -> Array:
    """Log weights with the greatest of each row at 0."""
    out: Array = values - values.max(axis=1, keepdims=True)
    return out


def turn(
    world: World, here: Array, gone: Array, cells: Cells, moves: Array, /, *, week: int, factor: float, day: Array
) -> tuple[Array, Array]:
    """The weights after the turn of a week: energy drifts, some leave, some come back."""
    back = world.life["comeback"]
    stay = stays(world, cells, week=week, factor=factor, day=day)
    moved = here @ moves.astype(np.float32)
    kept = moved * stay
    left = (moved - kept).sum(axis=3)
    kept[..., STILL] += back * gone
    return kept, (1 - back) * gone + left


def stays(world: World, cells: Cells, /, *, week: int, factor: float, day: Array) -> Array:
    """The chance of each person in each cell and energy to stay through the turn of `week`."""
    plain = staying(world, cells.hazard * factor).astype(np.float32)
    new = staying(world, cells.hazard * factor * world.life["newcomer_hazard"]).astype(np.float32)
    newcomer = day >= (week - NEWCOMER_WEEKS) * WEEK
    return np.where(newcomer[:, None, None, None], new[None], plain[None])


def likelihood(lived: Lived, seen: Seen, chosen: Array, cells: Cells, rhythm: Array, /, *, week: int) -> Array:
    """How likely the visits of a week are for those who still come: people x cells x energies."""
    life = lived.platform.world.life
    speed = cells.rate[:, None] / WEEK * np.exp(ENERGIES)
    out = np.zeros((len(chosen), len(cells.rate), len(ENERGIES)))
    for day in range(week * WEEK, (week + 1) * WEEK):
        came_before = seen.visits[chosen, day - 1] if day else np.zeros(len(chosen), bool)
        habit = np.where(came_before, life["habit"], life["pause"])
        pace = rhythm[:, day % WEEK] * habit * lived.platform.world.visits_on(day)
        known = seen.day[chosen] < day  # on the day of the registration everybody is there
        came = np.flatnonzero(known & seen.visits[chosen, day])
        missed = np.where(known & ~seen.visits[chosen, day], pace, 0.0)
        out -= missed[:, None, None] * speed
        out[came] += np.log(-np.expm1(-np.maximum(pace[came, None, None] * speed, 1e-9)))
    out -= out.max(axis=(1, 2), keepdims=True) * seen.alive[chosen, week][:, None, None]
    return np.exp(out).astype(np.float32)


def absence(
    lived: Lived,
    seen: Seen,
    chosen: Array,
    belief: tuple[Array, Array],
    cells: Cells,
    moves: Array,
    /,
    *,
    week: int,
    factor: float,
) -> Array:
    """The chance that nothing is seen of each person in the 28 days from the Monday of `week`."""
    world = lived.platform.world
    here, gone = belief
    back, speed = world.life["comeback"], cells.rate[:, None] * np.exp(ENERGIES)
    plain = staying(world, cells.hazard * factor)
    stay_on: Array = np.ones(plain.shape)  # chance of no visit from a week on, for those who come in it
    stay_off: Array = np.ones(plain.shape[:2])
    for ahead in range(AHEAD - 1, -1, -1):
        season = np.mean([world.visits_on((week + ahead) * WEEK + n) for n in range(WEEK)])
        silent = np.exp(-speed * season * world.life["pause"])[:, None, :] * stay_on
        if ahead == 0:
            break
        before = (plain * silent + (1 - plain) * stay_off[..., None]) @ moves.T
        stay_off = back * silent[..., STILL] + (1 - back) * stay_off
        stay_on = before
    stay = stays(world, cells, week=week, factor=factor, day=seen.day[chosen])
    came = seen.visits[chosen, week * WEEK - 1][:, None, None, None]
    more = np.exp(-speed / WEEK * (world.life["habit"] - world.life["pause"]))[None, :, None, :]
    first = (silent[None] * np.where(came, more, 1.0)).astype(np.float32)
    after = stay_off.astype(np.float32)[..., None]
    moved = here @ moves.astype(np.float32)
    absent = (moved * (stay * first + (1 - stay) * after)).sum(axis=(1, 2, 3))
    absent += (gone * (back * silent[..., STILL] + (1 - back) * stay_off)).sum(axis=(1, 2))
    return np.asarray(absent)
