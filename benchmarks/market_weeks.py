"""The simulated market of courses as a platform would see it: tables as known on a Monday, and what came after."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lyceum.simulator.market import Market
from lyceum.simulator.market_shelf import KINDS, MEMBERSHIP, NONE
from models.recommendation.shelf_rules import ShelfRules

START = pd.Timestamp("2026-01-05", tz="UTC")
DAYS = 7
MEMBERSHIP_WEEKS = 4
ACTIVE_WEEKS = 8  # since somebody's last choice or registration


@dataclass(frozen=True)
class Monday:
    """What is known when the lists of a week are made, and what was chosen in that week (`after`).

    before: user_id, item_id, weight, decayed_14d · after: user_id, item_id, of people known by then · allowed: what
    is on sale · exclude: pairs never to be shown, all that was had but for memberships that have run out.
    """

    market: Market
    week: int
    catalogue: pd.DataFrame
    people: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame

    @cached_property
    def as_of(self) -> pd.Timestamp:
        """The Monday."""
        return START + pd.Timedelta(days=DAYS * self.week)

    @cached_property
    def allowed(self) -> pd.Series:
        """The items on sale."""
        return self.catalogue.loc[self.market.shelf.on_sale(self.week)[self.catalogue.index], "item_id"]

    @cached_property
    def exclude(self) -> pd.DataFrame:
        """What people had, less the memberships that have run out."""
        again = self.before["item_id"].isin(self.catalogue.loc[self.catalogue["repeatable"] == 1, "item_id"])
        running = set(self._members())
        over = again & ~self.before["user_id"].isin(running)
        return self.before.loc[~over, ["user_id", "item_id"]]

    def _members(self) -> list[str]:
        """Those whose membership has not run out."""
        rows, market = self.market.choices, self.market
        still = (rows["week"] < self.week) & (rows["week"] > self.week - MEMBERSHIP_WEEKS)
        return user_ids(rows["person"][still & (market.shelf.kind[rows["item"]] == MEMBERSHIP)])

    @cached_property
    def rules(self) -> ShelfRules:
        """The rules of series and bundles."""
        return ShelfRules(self.catalogue, as_of=self.as_of.date())

    @cached_property
    def active(self) -> pd.Index:
        """People who registered or chose something lately: those who get a list."""
        chosen = self.market.choices
        lately = chosen["person"][(chosen["week"] < self.week) & (chosen["week"] >= self.week - ACTIVE_WEEKS)]
        joined = self.market.people.joined
        new = np.flatnonzero((joined <= self.week) & (joined > self.week - ACTIVE_WEEKS))
        return pd.Index(user_ids(np.union1d(lately, new)))

    @cached_property
    def ages(self) -> pd.Series:
        """Days since each item came out, by item_id."""
        out = pd.DatetimeIndex(self.catalogue["published_at"])
        return pd.Series((self.as_of - out).days, index=self.catalogue["item_id"])

    @cached_property
    def cold(self) -> pd.Series:
        """The items on sale that nobody has had."""
        return self.allowed[~self.allowed.isin(self.before["item_id"])]


def mondays(market: Market, weeks: Iterable[int], /) -> list[Monday]:
    """The market on these Mondays."""
    everything = catalogue(market)
    return [
        Monday(
            market,
            week,
            everything[market.shelf.published <= week],  # what is not announced yet is not known
            people(market, week),
            history(market, week),
            chosen(market, week),
        )
        for week in weeks
    ]


def catalogue(market: Market, /) -> pd.DataFrame:
    """The items with the columns that recommenders read; prices in yuan."""
    shelf = market.shelf
    ids = item_ids(np.arange(len(shelf.kind)))
    number = {"author_id": shelf.author, "series_id": shelf.series, "category": shelf.category}
    return pd.DataFrame(
        {
            "item_id": ids,
            "kind": [KINDS[kind] for kind in shelf.kind],
            "title": shelf.titles,
            "description": shelf.descriptions,
            "tags": shelf.tags,
            **{
                name: [None if at == NONE else f"{name[0]}{at:03d}" for at in values]
                for name, values in number.items()
            },
            "price": shelf.price / 100,
            "series_position": [at if at else None for at in shelf.position.tolist()],
            "parent_item_id": [None if at == NONE else ids[at] for at in shelf.bundle.tolist()],
            "published_at": START + pd.to_timedelta(DAYS * shelf.published, unit="D"),
            "repeatable": (shelf.kind == MEMBERSHIP).astype(int),
        }
    )


def people(market: Market, week: int, /) -> pd.DataFrame:
    """user_id, channel, segment, refused of those known on a Monday."""
    crowd = market.people
    known = np.flatnonzero(crowd.joined <= week)
    traits = {"channel": crowd.channel[known], "segment": crowd.segment[known], "refused": crowd.refused[known]}
    return pd.DataFrame({"user_id": user_ids(known), **traits})


def history(market: Market, week: int, /) -> pd.DataFrame:
    """user_id, item_id, weight (weeks of having chosen it) and decayed_14d (each worth half after so many days)."""
    all_of_it = market.choices
    past = all_of_it["week"] < week
    ago = DAYS * (week - all_of_it["week"][past]) - DAYS / 2
    rows = pd.DataFrame(
        {
            "user_id": user_ids(all_of_it["person"][past]),
            "item_id": item_ids(all_of_it["item"][past]),
            "weight": 1.0,
            "decayed_14d": 0.5 ** (ago / 14),
        }
    )
    return rows.groupby(["user_id", "item_id"], as_index=False)[["weight", "decayed_14d"]].sum()


def chosen(market: Market, week: int, /) -> pd.DataFrame:
    """user_id, item_id of what people who were known on a Monday chose in its week themselves."""
    rows = market.choices
    here = (rows["week"] == week) & (rows["through"] == NONE) & (market.people.joined[rows["person"]] <= week)
    pairs = {"user_id": user_ids(rows["person"][here]), "item_id": item_ids(rows["item"][here])}
    return pd.DataFrame(pairs).drop_duplicates(ignore_index=True)


def user_ids(numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]", /) -> list[str]:
    """The ids of people."""
    return [f"u{number:06d}" for number in numbers.tolist()]


def item_ids(numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]", /) -> list[str]:
    """The ids of items; they tell nothing, as they are in the order of nothing that sells."""
    return [f"i{number:05d}" for number in numbers.tolist()]


def best_possible(monday: Monday, /, *, k: int) -> pd.DataFrame:
    """The lists of somebody who knows the truth: user_id, item_id, rank, by each person's own utility."""
    market, users = monday.market, pd.Index(monday.after["user_id"].unique())
    utility = market.utility[monday.week][[int(user[1:]) for user in users]]
    first = np.argsort(-utility, axis=1, kind="stable")[:, :k]
    ids = np.array(item_ids(np.arange(utility.shape[1])), dtype=object)
    rank = np.tile(np.arange(1, k + 1), len(users))
    return pd.DataFrame({"user_id": np.repeat(users.to_numpy(), k), "item_id": ids[first.ravel()], "rank": rank})


def broken_rules(shown: pd.DataFrame, monday: Monday, /) -> dict[str, int]:
    """How many rows are owned already (or came with a bundle), not on sale, out of order, or a bundle owned whole.

    Counted from the truth of the market, by another way than the recommenders take.
    """
    shelf, choices = monday.market.shelf, monday.market.choices
    past = choices["week"] < monday.week
    had = set(zip(choices["person"][past].tolist(), choices["item"][past].tolist(), strict=True))
    rows = [(int(user[1:]), int(item[1:])) for user, item in zip(shown["user_id"], shown["item_id"], strict=True)]
    on_sale = shelf.on_sale(monday.week)
    running = choices["week"] > monday.week - MEMBERSHIP_WEEKS
    gone = (shelf.kind[choices["item"]] == MEMBERSHIP) & ~running
    owned = set(zip(choices["person"][past & ~gone].tolist(), choices["item"][past & ~gone].tolist(), strict=True))
    return {
        "owned": sum(pair in owned for pair in rows),
        "not_on_sale": sum(not on_sale[item] for _, item in rows),
        "out_of_order": sum(
            shelf.previous[item] != NONE and (user, int(shelf.previous[item])) not in had for user, item in rows
        ),
        "whole_bundles": sum(
            len(parts) > 0 and all((user, int(part)) in had for part in parts)
            for user, item in rows
            if len(parts := shelf.parts(item))
        ),
    }
