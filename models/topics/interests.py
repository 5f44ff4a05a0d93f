"""What people are interested in: the topics of what they consume, in sums that do not hang on the order of adding."""

import numpy as np
import pandas as pd

UNIT = 2**20  # parts into which the topics of an item are divided: sums of integers hang on no order
FEWEST_PEOPLE = 10  # in a cell that managers see


def of_people(used: pd.DataFrame, topics: pd.DataFrame, /) -> pd.DataFrame:
    """user_id, topic, weight: of what each person consumed, how much is about what; weights of a person add up to 1.

    `used` has user_id, item_id and weight (whole days of use), `topics` item_id, topic and weight (of an item they
    add up to 1). Items about nothing known are left out, people without any other have no row.
    """
    parts = whole_parts(topics)
    joined = used.loc[used["weight"] > 0, ["user_id", "item_id", "weight"]].merge(parts, on="item_id")
    joined["part"] = joined["part"] * joined["weight"].round().astype("int64").clip(lower=1)
    held = joined.groupby(["user_id", "topic"])["part"].sum().reset_index()
    held["weight"] = held["part"] / held.groupby("user_id")["part"].transform("sum")
    return pd.DataFrame(held[["user_id", "topic", "weight"]])


def whole_parts(topics: pd.DataFrame, /) -> pd.DataFrame:
    """item_id, topic, part: the weights of an item in whole parts, UNIT in all (largest remainder)."""
    ordered = topics.sort_values(["item_id", "topic"], ignore_index=True)
    whole = ordered["weight"] / ordered.groupby("item_id")["weight"].transform("sum") * UNIT
    part = np.floor(whole).astype("int64")
    missing = UNIT - part.groupby(ordered["item_id"]).transform("sum")
    rank = (whole - part).groupby(ordered["item_id"]).rank(method="first", ascending=False)
    return ordered[["item_id", "topic"]].assign(part=part + (rank <= missing).astype("int64")).query("part > 0")


def of_segments(interests: pd.DataFrame, people: pd.DataFrame, /) -> pd.DataFrame:
    """segment_id, topic, people, weight, lift: the mean weight over the people of a segment, every person alike, and
    how many times that of all people it is.

    `people` has user_id and segment_id. Cells with fewer than FEWEST_PEOPLE people with the topic are left out.
    """
    columns = ["segment_id", "topic", "people", "weight", "lift"]
    joined = interests.merge(people[["user_id", "segment_id"]].dropna(), on="user_id")
    if joined.empty:
        return pd.DataFrame(columns=columns)
    total = joined.groupby("topic")["weight"].sum() / joined["user_id"].nunique()
    cells = joined.sort_values(["segment_id", "topic", "user_id"]).groupby(["segment_id", "topic"], as_index=False)
    found = cells.agg(people=("user_id", "size"), weight=("weight", "sum"))
    found["weight"] /= found["segment_id"].map(joined.groupby("segment_id")["user_id"].nunique())
    found["lift"] = found["weight"] / found["topic"].map(total)
    shown = found[found["people"] >= FEWEST_PEOPLE].astype({"segment_id": "int64"})
    return shown[columns].reset_index(drop=True)


def shares(interests: pd.DataFrame, /) -> "pd.Series[float]":
    """By topic: the mean weight over people."""
    people = max(interests["user_id"].nunique(), 1)
    total: pd.Series[float] = interests.groupby("topic")["weight"].sum() / people
    return total
