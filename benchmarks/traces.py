"""What the log tells about an intent to buy, to somebody who knows how the simulated shop works."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.bayes import contents
from benchmarks.logs import Lived
from lyceum.events import EVENT_TYPES

Array = NDArray[Any]
NEVER = 400.0  # days
SHOPPING = ("view", "click", "search", "favourite", "add_to_cart", "purchase", "coupon", "redeem", "enrol")
RECENT = (1, 3, 7, 14, 28)


def traces(lived: Lived, frame: pd.DataFrame, /) -> Array:
    """Columns for each row of `frame` (user_id, as_of): recency and counts of each act of shopping, what lies in the
    cart and at which price, the coupon and membership held, prices paid, and what sessions say about the type."""
    out = np.zeros((len(frame), 0))
    dates = pd.to_datetime(frame["as_of"])
    for date in sorted(dates.unique()):
        rows = np.flatnonzero(dates == date)
        week = (pd.Timestamp(date).date() - lived.start).days // 7
        columns = known_before(lived, week * 7)
        if not out.shape[1]:
            out = np.zeros((len(frame), columns.shape[1]))
        out[rows] = columns[frame["user_id"].to_numpy()[rows]]
    return out


def known_before(lived: Lived, day: int, /) -> Array:
    """The columns of everybody as known on the morning of `day`."""
    log, people = lived.log, len(lived.platform.state.people.day)
    early = np.flatnonzero(log["day"] < day)
    seen = {name: log[name][early] for name in ("user", "day", "kind", "item", "cents", "session")}
    in_shop = seen["item"] >= 0
    columns = []
    for name in SHOPPING:
        mine = (seen["kind"] == EVENT_TYPES.index(name)) & (in_shop | (name in ("search", "coupon", "redeem")))
        user, when = seen["user"][mine], seen["day"][mine]
        columns.append(recency(user, when, people, day))
        columns += [np.bincount(user[when >= day - back], minlength=people) for back in RECENT]
    columns += basket(lived, seen, people, day)
    columns.append(day - lived.platform.state.people.day)
    likely = contents(lived, (log["day"] < day) & (log["session"] >= 0))
    return np.column_stack([*columns, likely - likely.mean(axis=1, keepdims=True)])


def recency(user: Array, when: Array, people: int, day: int, /) -> Array:
    """Days since each person's last event; NEVER if there is none. The events are in order of time."""
    out = np.full(people, NEVER)
    out[user] = day - when
    return out


def basket(lived: Lived, seen: dict[str, Array], people: int, day: int, /) -> list[Array]:
    """The price of what may lie in the cart, days left of the membership, coupons held, and mean price bought at."""
    prices = lived.platform.state.catalogue.price(day)
    cart, bought, coupon = (seen["kind"] == EVENT_TYPES.index(name) for name in ("add_to_cart", "purchase", "coupon"))
    in_cart, paid = np.zeros(people), np.zeros(people)
    either = cart | bought
    in_cart[seen["user"][either]] = np.where(cart[either], prices[seen["item"][either]], 0.0)
    total = np.bincount(seen["user"][bought], weights=seen["cents"][bought], minlength=people)
    count = np.bincount(seen["user"][bought], minlength=people)
    paid = total / np.maximum(count, 1)
    member = bought & (seen["item"] == len(prices) - 1)
    held = np.bincount(seen["user"][coupon], minlength=people) % 2  # claimed and redeemed by turns
    return [in_cart, paid, count, held, recency(seen["user"][member], seen["day"][member], people, day)]
