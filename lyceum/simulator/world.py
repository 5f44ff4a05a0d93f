"""The parameters of a world, read once from worlds.toml and words.toml."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

from lyceum.errors import UsageError

DAY = 86_400  # seconds
WEEK = 7  # days


@dataclass(frozen=True)
class Season:
    """A holiday or a promotion: days [first, until) counted from the start of the world."""

    name: str
    first: int
    until: int
    visits: float
    sale: bool


@dataclass(frozen=True)
class World:
    """One world: a table of parameters per area, as in worlds.toml, and the words for its texts."""

    name: str
    start: date
    utc_offset: str
    catalogue: dict[str, Any]
    people: dict[str, Any]
    types: list[dict[str, Any]]
    life: dict[str, Any]
    shop: dict[str, Any]
    learning: dict[str, Any]
    community: dict[str, Any]
    events: dict[str, Any]
    mess: dict[str, Any]
    actions: dict[str, Any]
    seasons: list[Season]
    words: dict[str, Any]

    @property
    def categories(self) -> list[str]:
        """Names of the categories that people have tastes over."""
        return [category["name"] for category in self.words["categories"]]

    def day_name(self, day: int, /) -> str:
        """The local date of a day of the world."""
        return (self.start + timedelta(days=day)).isoformat()

    def visits_on(self, day: int, /) -> float:
        """The multiplier that holidays and promotions put on visiting on `day`."""
        factor = 1.0
        for season in self.seasons:
            factor *= season.visits if season.first <= day < season.until else 1.0
        return factor

    def sale_on(self, day: int, /) -> int:
        """The number of the promotion that is open on `day`, or -1."""
        open_now = (n for n, s in enumerate(self.seasons) if s.sale and s.first <= day < s.until)
        return next(open_now, -1)


MARKET, SEGMENTS, TOPICS = "market", "segments", "topics"  # tables of worlds.toml that are no platforms


def read_toml(name: str, /) -> dict[str, Any]:
    """The parameters in the file `name` beside this module."""
    return tomllib.loads(files("lyceum.simulator").joinpath(name).read_text(encoding="utf-8"))


def load_world(name: str, /) -> World:
    """The world called `name`. Raises UsageError with the near names if worlds.toml has none."""
    worlds = {held: each for held, each in read_toml("worlds.toml").items() if held not in (MARKET, SEGMENTS, TOPICS)}
    if name not in worlds:
        near = ", ".join(get_close_matches(name, worlds) or sorted(worlds))
        raise UsageError(f"There is no simulated world {name!r} in worlds.toml.", remedy=f"Choose one of: {near}.")
    table = inherit(worlds, name)
    seasons = [season(raw, start=table["start"]) for raw in table.pop("seasons")]
    return World(name=name, seasons=seasons, words=read_toml("words.toml"), **table)


def inherit(worlds: dict[str, Any], name: str, /) -> dict[str, Any]:
    """The table of a world, with what it does not say itself taken from the world named by its `base`."""
    table = dict(worlds[name])
    base = table.pop("base", None)
    return merged(inherit(worlds, base), table) if base else table


def merged(under: dict[str, Any], over: dict[str, Any], /) -> dict[str, Any]:
    """Both tables as one; where both hold a table, so merged, and otherwise `over` wins."""
    both = {key: merged(under[key], over[key]) for key in under.keys() & over.keys() if isinstance(over[key], dict)}
    return {**under, **over, **both}


def season(raw: dict[str, Any], /, *, start: date) -> Season:
    """One season with its dates as days since `start`."""
    first, until = ((raw[end] - start).days for end in ("from", "until"))
    return Season(name=raw["name"], first=first, until=until, visits=raw["visits"], sale=raw["sale"])
