"""What a simulated market of courses sells: hidden appeal and flavour, series, bundles, and texts that tell of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, objects
from lyceum.simulator.titles import pick

NEVER = 1_000  # a week that does not come
NONE = -1
COURSE, BUNDLE, MEMBERSHIP = range(3)
KINDS = ("course", "bundle", "membership")
HORIZON = 26  # weeks over which the share of withdrawn items is stated
ODD_PRICES = 100  # fen that a bundle's price is rounded down to


@dataclass(frozen=True)
class Shelf:
    """One element per item; weeks count from the start of the market, prices are in fen."""

    kind: Array
    category: Array  # NONE = membership
    topic: Array  # number within its category
    author: Array
    series: Array
    position: Array  # 1 = first of its series; 0 = none
    previous: Array  # the item before it in its series, or NONE
    bundle: Array  # the bundle it is part of, or NONE
    price: Array
    published: Array  # the week on whose Monday it comes out; below 0 = before the start
    withdrawn: Array
    appeal: Array  # log, on the first day
    flavour: Array  # items x hidden dimensions
    titles: Array
    descriptions: Array
    tags: Array

    def on_sale(self, week: int, /) -> Array:
        """Which items can be had in `week`."""
        out: Array = (self.published <= week) & (self.withdrawn > week)
        return out

    def parts(self, bundle: int, /) -> Array:
        """The items that a bundle holds."""
        return np.flatnonzero(self.bundle == bundle)


def stock(rates: dict[str, Any], words: dict[str, Any], /, *, weeks: int, rng: np.random.Generator) -> Shelf:
    """The items of a market over `weeks`: courses, then bundles of their series, then the membership."""
    count = rates["courses"] + rates["new_per_week"] * weeks
    columns = courses(rates, words, count, weeks=weeks, rng=rng)
    add_bundles(rates, columns, rng=rng)
    add_membership(rates, columns)
    texts = describe(rates, words, columns, rng=rng)
    return Shelf(**columns, **texts)


def courses(
    rates: dict[str, Any], words: dict[str, Any], count: int, /, *, weeks: int, rng: np.random.Generator
) -> dict[str, Array]:
    """The columns of the courses; those of a series share author, topic and most of their flavour."""
    categories = len(words["categories"])
    length = np.where(rng.random(count) < rates["series_share"] / 2, rng.integers(2, 5, count), 1)
    owner = np.repeat(np.arange(count), length)[:count]
    position = np.arange(count) - np.searchsorted(owner, owner) + 1
    alone = np.bincount(owner, minlength=count)[owner] == 1
    author = rng.integers(0, rates["authors"], count)[owner]
    category = author % categories
    topic = rng.integers(0, len(words["categories"][0]["topics"]), count)[owner]
    published = release_weeks(owner, rates, weeks=weeks, rng=rng)
    leaves = (rng.random(count) < rates["withdrawn_share"]) & alone
    price = np.where(rng.random(count)[owner] < rates["free_share"], 0, rng.choice(rates["prices"], count)[owner])
    appeal = rng.normal(0, rates["author_spread"], rates["authors"])[author]
    return {
        **{"kind": np.full(count, COURSE), "category": category, "topic": topic, "author": author, "price": price},
        **{"series": np.where(alone, NONE, owner), "position": np.where(alone, 0, position)},
        "previous": np.where(position > 1, np.arange(count) - 1, NONE),
        "bundle": np.full(count, NONE),
        "published": published,
        "withdrawn": np.where(leaves, rng.integers(4, HORIZON, count).clip(min=published + 4), NEVER),
        "appeal": appeal + rng.normal(0, rates["item_spread"], count),
        "flavour": flavours(rates, category, topic, author, rng=rng),
    }


def release_weeks(owner: Array, rates: dict[str, Any], /, *, weeks: int, rng: np.random.Generator) -> Array:
    """The week each course comes out: the first ones before the start, the rest week by week, series in order."""
    count, early = len(owner), rates["courses"]
    published = np.where(np.arange(count) < early, -rng.integers(1, 70, count), rng.integers(0, weeks, count))
    for number in np.unique(owner):
        published[owner == number] = np.sort(published[owner == number])
    return published


def flavours(
    rates: dict[str, Any], category: Array, topic: Array, author: Array, /, *, rng: np.random.Generator
) -> Array:
    """Hidden flavour of unit variance per dimension: a part from the topic, a part from the author, its own."""
    wide, shares = rates["flavours"], (rates["topic_share"], rates["author_share"])
    topics = rng.normal(0, 1, (category.max() + 1, topic.max() + 1, wide))
    own = rng.normal(0, 1, (len(category), wide))
    authors = rng.normal(0, 1, (rates["authors"], wide))
    mixed: Array = np.sqrt(shares[0]) * topics[category, topic] + np.sqrt(shares[1]) * authors[author]
    mixed += np.sqrt(1 - sum(shares)) * own
    return mixed


def add_bundles(rates: dict[str, Any], columns: dict[str, Array], /, *, rng: np.random.Generator) -> None:
    """Bundle some series that cost something: all parts for less, from the day the last part is out."""
    for number in np.unique(columns["series"][columns["series"] >= 0]):
        parts = np.flatnonzero(columns["series"] == number)
        cost = int(columns["price"][parts].sum() * rates["bundle_price"]) // ODD_PRICES * ODD_PRICES
        if rng.random() < rates["bundle_share"] and cost > 0 and len(parts) > 1:
            columns["bundle"][parts] = len(columns["kind"])
            one = {"kind": BUNDLE, "series": NONE, "position": 0, "previous": NONE, "bundle": NONE, "price": cost}
            one |= {name: columns[name][parts[0]] for name in ("category", "topic", "author")}
            one |= {"published": columns["published"][parts].max(), "withdrawn": NEVER}
            append(columns, one | {name: columns[name][parts].mean(axis=0) for name in ("appeal", "flavour")})


def add_membership(rates: dict[str, Any], columns: dict[str, Array], /) -> None:
    """The membership, which may be had again."""
    one = dict.fromkeys(("category", "author", "series", "previous", "bundle"), NONE) | {"topic": 0, "position": 0}
    one |= {"kind": MEMBERSHIP, "price": rates["membership_price"], "published": -70, "withdrawn": NEVER}
    append(columns, one | {"appeal": 1.5, "flavour": np.zeros(rates["flavours"])})


def append(columns: dict[str, Array], one: dict[str, Any], /) -> None:
    """One more item."""
    for name, value in one.items():
        columns[name] = np.concatenate([columns[name], np.asarray(value)[None]])


def describe(
    rates: dict[str, Any], words: dict[str, Any], columns: dict[str, Array], /, *, rng: np.random.Generator
) -> dict[str, Array]:
    """titles, descriptions and tags: Chinese or English, some titles vague, some descriptions astray, half tagged."""
    texts = [
        text(rates, words, {name: values[at] for name, values in columns.items()}, rng=rng)
        for at in range(len(columns["kind"]))
    ]
    return {
        name: objects([one[place] for one in texts]) for place, name in enumerate(("titles", "descriptions", "tags"))
    }


def text(
    rates: dict[str, Any], words: dict[str, Any], one: dict[str, Any], /, *, rng: np.random.Generator
) -> tuple[str, str, str]:
    """Title, description and tags (labels with | between them) of one item."""
    if one["kind"] == MEMBERSHIP:
        said = words["membership"]
        return str(said["title"]), str(said["description"]), str(said["tags"])
    english = bool(rng.random() < rates["english_share"])
    topic = named(rates, words, one["category"], one["topic"], english=english)
    titles = rates["english_titles"] if english else words["titles"]
    vague = rng.random() < rates["vague_share"]
    place = {"topic": topic, "angle": pick(words["angles"], rng=rng), "level": pick(words["levels"], rng=rng)}
    place["lessons"] = str(rng.integers(5, 21))
    title = pick(rates["vague_titles"] if vague else titles, rng=rng).format(**place)
    told = pick(rates["english_descriptions"] if english else words["descriptions"], rng=rng).format(**place)
    if rng.random() < rates["stray_share"]:
        other = [int(rng.integers(len(of))) for of in (words["categories"], words["categories"][0]["topics"])]
        told += rates["stray"]["en" if english else "zh"].format(
            topic=named(rates, words, other[0], other[1], english=english)
        )
    tags = [words["categories"][one["category"]]["name"], *([topic] if rng.random() < rates["tagged_share"] else [])]
    if one["kind"] == BUNDLE:
        title = words["bundle"]["title"].format(title=title)
    return title, told, "|".join(tags)


def named(rates: dict[str, Any], words: dict[str, Any], category: int, topic: int, /, *, english: bool) -> str:
    """The name of a topic in one language."""
    return str(
        rates["english_topics"][category][topic] if english else words["categories"][category]["topics"][topic]
    )
