"""A market of courses over half a year: who chose what, week by week, and with which chances.

Every person chooses now and then among all that is on sale, by a multinomial logit: the weight of an item is
exp(utility), and utility is the sum of what the person likes (categories, hidden flavours), what everybody likes now
(appeal that drifts, a launch, what sold lately), what the person has had (the next part of a series, an author known)
and what it costs. Choosing the largest of utility + Gumbel noise is choosing with those weights (Yellott 1977);
the largest few are choices without replacement. Nothing here knows of any recommender.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, objects, one_of
from lyceum.simulator.market_shelf import BUNDLE, MEMBERSHIP, NONE, Shelf, stock
from lyceum.simulator.world import MARKET, read_toml

NOT_YET = -10_000  # the week in which somebody had what they have not had
RECENT = 2  # weeks of sales that the shop window shows
IMPOSSIBLE = -np.inf


@dataclass(frozen=True)
class Crowd:
    """One element per person; money in fen, weeks from the start."""

    joined: Array  # the Monday on which somebody is first known
    rate: Array  # choices a week
    hazard: Array  # chance a week of leaving
    taste: Array  # people x categories, sums to 1
    flavour: Array  # people x hidden dimensions, on the first day
    budget: Array
    channel: Array
    segment: Array
    refused: Array  # wants no recommendations made of what they did


@dataclass(frozen=True)
class Market:
    """What happened: one row per choice in the order of time, and the utilities of the weeks that were asked for.

    `choices` has the columns week, person, item, through (the bundle that an item came with, or NONE); `utility` is,
    per week asked for, people x items as it stood on that Monday (impossible = -inf).
    """

    shelf: Shelf
    people: Crowd
    choices: dict[str, Array]
    utility: dict[int, Array]
    weeks: int


@dataclass
class Lives:
    """What changes: when each person last had each item, appeal and taste as they are now, sales per week."""

    had: Array  # people x items: week, or NOT_YET
    appeal: Array
    flavour: Array
    alive: Array
    sales: Array  # weeks x items
    rows: list[tuple[int, Array, Array, Array]] = field(default_factory=list)


def live_market(*, users: int, weeks: int, seed: int, ask: Collection[int] = ()) -> Market:
    """A market of `users` people over `weeks`; equal arguments give equal markets.

    `ask` names the weeks whose true utilities are kept.
    """
    rates, words = read_toml("worlds.toml")[MARKET], read_toml("words.toml")
    rng = np.random.default_rng(seed)
    shelf = stock(rates, words, weeks=weeks, rng=rng)
    people = populate(rates, len(words["categories"]), users=users, weeks=weeks, rng=rng)
    lives = Lives(
        had=np.full((users, len(shelf.kind)), NOT_YET, np.int16),
        appeal=shelf.appeal.copy(),
        flavour=people.flavour.copy(),
        alive=np.ones(users, bool),
        sales=np.zeros((weeks, len(shelf.kind))),
    )
    kept = {}
    for week in range(weeks):
        utility = utilities(rates, shelf, people, lives, week=week)
        if week in ask:
            kept[week] = utility.copy()
        choose_week(rates, shelf, people, lives, utility, week=week, rng=rng)
        drift(rates, people, lives, week=week, rng=rng)
    return Market(shelf, people, gathered(lives), kept, weeks)


def populate(rates: dict[str, Any], categories: int, /, *, users: int, weeks: int, rng: np.random.Generator) -> Crowd:
    """The people: segments and channels lean to categories of their own, and tastes are drawn around that."""
    segment = rng.integers(0, len(rates["segments"]), users)
    channel = one_of(np.array(list(rates["channels"].values())), users, rng=rng)
    lean = np.full((users, categories), rates["taste_concentration"])
    for turn in (0, 3):
        lean[np.arange(users), (2 * segment + turn) % categories] *= rates["segment_pull"]
    lean[np.arange(users), (3 * channel + 1) % categories] *= rates["channel_pull"]
    taste = rng.gamma(lean) + 1e-9
    late = rng.random(users) >= rates["early_share"]
    return Crowd(
        joined=np.where(late, rng.integers(1, weeks, users), 0),
        rate=rates["rate"] * rng.gamma(rates["rate_shape"], 1 / rates["rate_shape"], users),
        hazard=(rates["hazard"] * rng.gamma(2.0, 0.5, users)).clip(max=0.9),
        taste=taste / taste.sum(axis=1, keepdims=True),
        flavour=rng.normal(0, 1, (users, rates["flavours"])),
        budget=rates["budget"] * np.exp(rng.normal(0, rates["budget_spread"], users)),
        channel=objects(list(rates["channels"]))[channel],
        segment=objects(rates["segments"])[segment],
        refused=rng.random(users) < rates["refused_share"],
    )


def utilities(rates: dict[str, Any], shelf: Shelf, people: Crowd, lives: Lives, /, *, week: int) -> Array:
    """People x items on the Monday of `week`; -inf where something cannot be chosen."""
    age = (week - shelf.published).clip(min=0)
    window = np.log1p(lives.sales[max(0, week - RECENT) : week].sum(axis=0))
    common = lives.appeal + rates["launch"] * np.exp(-age / rates["launch_weeks"]) + rates["crowd"] * window
    found: Array = rates["flavour_pull"] * lives.flavour @ shelf.flavour.T + common
    liking = rates["category_pull"] * np.log(people.taste + rates["category_floor"])
    found += np.column_stack([liking, np.zeros(len(liking))])[:, shelf.category]  # the membership is no category
    above = np.log(np.maximum(shelf.price, 1)) - np.log(people.budget)[:, None]
    found += np.where(shelf.price > 0, -rates["thrift"] * above.clip(min=0), rates["free_pull"])
    found += known_author(rates, shelf, lives) + in_series(rates, shelf, lives, week=week)
    again = shelf.kind == MEMBERSHIP
    since = week - lives.had[:, again].astype(float)
    over = (since >= rates["membership_weeks"]) & (since < rates["membership_weeks"] + RECENT)
    found[:, again] += np.where(over, rates["renewal"], 0.0)
    found[:, again] = np.where(since < rates["membership_weeks"], IMPOSSIBLE, found[:, again])
    owned = (lives.had > NOT_YET) & ~again
    for bundle in np.flatnonzero(shelf.kind == BUNDLE).tolist():
        owned[:, bundle] |= owned[:, shelf.parts(bundle)].all(axis=1)
    found[owned | ~shelf.on_sale(week)] = IMPOSSIBLE
    return found


def known_author(rates: dict[str, Any], shelf: Shelf, lives: Lives, /) -> Array:
    """The pull of authors of whom a person has had something: people x items."""
    authors = np.eye(shelf.author.max() + 2)[shelf.author]  # NONE is the last column, which nobody has
    authors[:, -1] = 0
    known: Array = rates["author_pull"] * (((lives.had > NOT_YET) @ authors > 0) @ authors.T)
    return known


def in_series(rates: dict[str, Any], shelf: Shelf, lives: Lives, /, *, week: int) -> Array:
    """The pull of the next part of a series, falling with time, and the lack of it where a part was left out."""
    later = shelf.previous != NONE
    since = week - lives.had[:, shelf.previous[later]].astype(float)
    ready = since < week - NOT_YET
    pull = np.zeros(lives.had.shape)
    pull[:, later] = np.where(
        ready, rates["series_pull"] * np.exp(-since / rates["series_weeks"]), -rates["unprepared"]
    )
    return pull


def choose_week(
    rates: dict[str, Any],
    shelf: Shelf,
    people: Crowd,
    lives: Lives,
    utility: Array,
    /,
    *,
    week: int,
    rng: np.random.Generator,
) -> None:
    """Everybody's choices of one week, all made as things stood on the Monday."""
    there = lives.alive & (people.joined <= week)
    eager = np.where(people.joined == week, rates["first_week"], 1.0)
    wanted = rng.poisson(people.rate * eager) * there
    noisy = utility + rng.gumbel(size=utility.shape)
    order = np.argsort(-noisy, axis=1, kind="stable")[:, : max(1, wanted.max())]
    person, place = np.nonzero(np.arange(order.shape[1]) < wanted[:, None])
    item = order[person, place]
    possible = np.isfinite(utility[person, item])
    person, item = person[possible], item[possible]
    lives.had[person, item] = week
    np.add.at(lives.sales[week], item, 1)
    lives.rows.append((week, person, item, np.full(len(item), NONE)))
    hand_over(shelf, lives, person, item, week=week)


def hand_over(shelf: Shelf, lives: Lives, person: Array, item: Array, /, *, week: int) -> None:
    """What comes with a bundle: every part of it that the person has not had."""
    for bundle in np.unique(item[shelf.kind[item] == BUNDLE]):
        buyers = person[item == bundle]
        for part in shelf.parts(bundle):
            new = buyers[lives.had[buyers, part] == NOT_YET]
            lives.had[new, part] = week
            lives.rows.append((week, new, np.full(len(new), part), np.full(len(new), bundle)))


def drift(rates: dict[str, Any], people: Crowd, lives: Lives, /, *, week: int, rng: np.random.Generator) -> None:
    """What a week changes: appeal, tastes, and who is still there."""
    lives.appeal += rng.normal(0, rates["drift"], len(lives.appeal))
    memory = rates["taste_memory"]
    lives.flavour = memory * lives.flavour + np.sqrt(1 - memory**2) * rng.normal(0, 1, lives.flavour.shape)
    lives.alive &= (people.joined > week) | (rng.random(len(lives.alive)) >= people.hazard)


def gathered(lives: Lives, /) -> dict[str, Array]:
    """The rows of all weeks as columns."""
    weeks = np.concatenate([np.full(len(person), week) for week, person, _, _ in lives.rows])
    names = ("person", "item", "through")
    return {
        "week": weeks,
        **{name: np.concatenate([row[at] for row in lives.rows]) for at, name in enumerate(names, 1)},
    }
