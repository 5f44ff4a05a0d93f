"""What is for sale: courses in series, books and a membership, with dates, prices and Chinese texts."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lyceum.simulator.draw import Array, objects
from lyceum.simulator.titles import describe, name_courses
from lyceum.simulator.world import WEEK, World

NEVER = 1_000_000  # a day that does not come
HORIZON = 26 * WEEK  # over which the shares of withdrawn and repriced courses are stated


@dataclass(frozen=True)
class Catalogue:
    """One element per item. Days count from the start of the world; prices are in fen."""

    ids: Array
    kinds: Array
    titles: Array
    descriptions: Array
    category: Array  # number of the category; -1 = membership
    tags: Array
    teachers: Array
    lessons: Array  # 0 = nothing to learn step by step
    first_price: Array
    later_price: Array
    repriced: Array  # day from which later_price holds
    published: Array
    withdrawn: Array
    series: Array  # number of the series; -1 = none
    position: Array  # 1 = first of its series; 0 = none
    popularity: Array
    quality: Array  # -1 to 1
    flavour: Array  # items x hidden dimensions
    bundle: Array  # number of the bundle that a course is part of; -1 = none

    @cached_property
    def lesson_ids(self) -> Array:
        """Items x lessons, counted from 1."""
        most = int(self.lessons.max(initial=0)) + 2
        return objects([f"{name}-l{n:02d}" for name in self.ids for n in range(most)]).reshape(len(self.ids), most)

    def on_sale(self, day: int, /) -> Array:
        """Which items can be had on `day` and through the night that follows it."""
        out: Array = self.published <= day
        return out & (self.withdrawn > day + 1)

    def price(self, day: int, /) -> Array:
        """The list price of each item on `day`."""
        return np.where(self.repriced <= day, self.later_price, self.first_price)

    @property
    def announced(self) -> Array:
        """The day on which the catalogue first lists each item: the Monday of the week it comes out."""
        monday: Array = self.published // WEEK * WEEK
        return monday.clip(min=0)

    @property
    def repeatable(self) -> Array:
        """Which items make sense to have twice."""
        return np.equal(self.kinds, "membership")

    def changed(self, monday: int, /) -> Array:
        """The items that the catalogue of `monday` lists: all on the first day, later new and changed ones."""
        news = (self.announced, self.withdrawn // WEEK * WEEK, self.repriced // WEEK * WEEK)
        listed = np.any([day == monday for day in news], axis=0) & (self.announced <= monday)
        return np.flatnonzero(listed)


def build_catalogue(world: World, /, *, weeks: int, rng: np.random.Generator) -> Catalogue:
    """The catalogue of a world over `weeks`: what is there at the start and what comes out later."""
    rates = world.catalogue
    count = int(rates["courses"] + round(rates["new_per_week"] * weeks))
    shelf = shelve(world, count, rng=rng)
    published = release_days(shelf["series"], shelf["position"], rates["courses"], weeks=weeks, rng=rng)
    price = np.where(rng.random(count) < rates["free_share"], 0, rng.choice(rates["prices"], count))
    changes = rng.random(count) < rates["repriced_share"]
    lessons = np.where(shelf["book"], 0, rng.integers(rates["lessons"][0], rates["lessons"][1] + 1, count))
    titles = name_courses(world, shelf, rng=rng)
    items: dict[str, Any] = {
        "ids": [f"c{number:04d}" for number in range(1, count + 1)],
        "kinds": np.where(shelf["book"], "book", "course").tolist(),
        "titles": titles,
        "descriptions": describe(world, shelf, lessons, rng=rng),
        "tags": [
            f"{topic}|{world.categories[c]}" for topic, c in zip(shelf["topic"], shelf["category"], strict=True)
        ],
        "teachers": [f"t{number:03d}" for number in shelf["teacher"]],
    }
    numbers = {
        **{name: shelf[name] for name in ("category", "series", "position")},
        **{"lessons": lessons, "published": published, "first_price": price},
        "later_price": np.where(price > 0, price * 4 // 5, 0),
        "repriced": np.where(changes & (price > 0), some_monday(published, rng=rng), NEVER),
        "withdrawn": withdrawal_days(published, rates["withdrawn_share"], rng=rng),
        "popularity": np.exp(rng.normal(0, rates["popularity_spread"], count)),
        "quality": np.tanh(rng.normal(0.2, 0.6, count)),
        "flavour": rng.normal(0, 1, (count, rates["flavours"])),
    }
    add_bundles(world, items, numbers, rng=rng)
    return with_membership(world, items, numbers)


def shelve(world: World, count: int, /, *, rng: np.random.Generator) -> dict[str, Any]:
    """Category, topic, teacher, series and place in it of `count` courses: those of a series share all three."""
    length = np.where(rng.random(count) < world.catalogue["series_share"] / 2, rng.integers(2, 5, count), 1)
    owner = np.repeat(np.arange(count), length)[:count]
    first = np.searchsorted(owner, owner)
    size = np.bincount(owner, minlength=count)[owner]
    category = rng.integers(0, len(world.categories), count)[owner]
    topics = [world.words["categories"][c]["topics"] for c in category]
    topic = [names[int(at * len(names))] for names, at in zip(topics, rng.random(count)[owner], strict=True)]
    per_category = rng.integers(0, world.catalogue["teachers"] // len(world.categories), count)[owner]
    return {
        **{"category": category, "topic": topic},
        "teacher": category + 1 + len(world.categories) * per_category,
        "series": np.where(size > 1, owner, -1),
        "position": np.where(size > 1, np.arange(count) - first + 1, 0),
        "book": (size == 1) & (rng.random(count) < world.catalogue["book_share"]),
    }


def release_days(series: Array, position: Array, initial: int, /, *, weeks: int, rng: np.random.Generator) -> Array:
    """Days of publication: the first `initial` before the start, the rest during the weeks, series in order."""
    count = len(series)
    days = np.where(np.arange(count) < initial, -rng.integers(1, 500, count), rng.integers(0, weeks * WEEK, count))
    for number in np.unique(series[series >= 0]):
        members = series == number
        days[members] = np.sort(days[members])
    return days


def some_monday(published: Array, /, *, rng: np.random.Generator) -> Array:
    """A Monday for each item, after its publication and within the horizon."""
    monday = rng.integers(1, HORIZON // WEEK, len(published)) * WEEK
    return np.where(monday > published, monday, NEVER)


def withdrawal_days(published: Array, share: float, /, *, rng: np.random.Generator) -> Array:
    """The day each item leaves the shelf; NEVER for most, and never within four weeks of its publication."""
    day = rng.integers(WEEK, HORIZON, len(published))
    leaves = (rng.random(len(published)) < share) & (day > published + 4 * WEEK)
    return np.where(leaves, day, NEVER)


def add_bundles(
    world: World, items: dict[str, Any], numbers: dict[str, Array], /, *, rng: np.random.Generator
) -> None:
    """Bundle some series of paid courses: all of the series for less than its parts, once all parts are out."""
    series, price, kept = numbers["series"], numbers["first_price"], numbers["withdrawn"] >= NEVER
    numbers["bundle"] = np.full(len(series), -1)
    for number in np.unique(series[series >= 0]):
        parts = np.flatnonzero(series == number)
        if rng.random() < world.catalogue["bundle_share"] and kept[parts].all() and (price[parts] > 0).sum() > 1:
            add_bundle(world, items, numbers, parts)


def add_bundle(world: World, items: dict[str, Any], numbers: dict[str, Array], parts: Array, /) -> None:
    """One bundle of the items `parts`."""
    first = int(parts[0])
    for part in parts:
        numbers["bundle"][part] = len(items["ids"])
    cost = int(numbers["first_price"][parts].sum() * world.catalogue["bundle_price"]) // 100 * 100
    title = world.words["bundle"]["title"].format(title=items["titles"][first])
    texts = {"ids": f"b{first + 1:04d}", "kinds": "bundle", "titles": title, "tags": items["tags"][first]}
    texts |= {"descriptions": world.words["bundle"]["description"].format(count=len(parts))}
    texts |= {"teachers": items["teachers"][first]}
    for name, value in texts.items():
        items[name].append(value)
    one = {"category": numbers["category"][first], "series": -1, "position": 0, "lessons": 0, "bundle": -1}
    one |= {"published": numbers["published"][parts].max(), "withdrawn": NEVER, "repriced": NEVER}
    one |= {"first_price": cost, "later_price": cost, "popularity": numbers["popularity"][parts].mean()}
    one |= {"quality": numbers["quality"][parts].mean()}
    for name, value in one.items():
        numbers[name] = np.append(numbers[name], value)
    numbers["flavour"] = np.vstack([numbers["flavour"], numbers["flavour"][parts].mean(axis=0)])


def with_membership(world: World, items: dict[str, Any], numbers: dict[str, Array], /) -> Catalogue:
    """The catalogue with the membership as its last item."""
    words = world.words["membership"]
    texts = {"ids": "m0001", "kinds": "membership", "titles": words["title"], "descriptions": words["description"]}
    texts |= {"tags": words["tags"], "teachers": "t000"}
    price = world.catalogue["membership_price"]
    last: dict[str, float] = {
        "category": -1,
        "series": -1,
        "position": 0,
        "lessons": 0,
        "published": -365,
        "withdrawn": NEVER,
    }
    last |= {"first_price": price, "later_price": price, "repriced": NEVER, "quality": 0.3}
    last["popularity"] = world.catalogue["membership_popularity"]
    last["bundle"] = -1
    flavour = np.vstack([numbers.pop("flavour"), np.zeros((1, world.catalogue["flavours"]))])
    columns = {name: objects([*values, texts[name]]) for name, values in items.items()}
    columns |= {name: np.append(values, last[name]) for name, values in numbers.items()}
    return Catalogue(flavour=flavour, **columns)
