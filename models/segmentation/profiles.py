"""What is told of each segment: how its people differ from others, what they use, who they are, when they come."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import Floats, matrix, signed_log1p

SMALLEST_CELL = 10  # people that a cell shown to managers needs
ITEMS_SHOWN = 5


def profile(snapshot: pd.DataFrame, assignment: pd.DataFrame, /) -> pd.DataFrame:
    """How each segment differs: segment_id, feature, mean, rest_mean (both in the column's unit) and effect.

    `snapshot` has user_id and feature columns, `assignment` user_id and segment_id. Effect = Cohen's d of the segment
    against all others on signed logs, with the pooled standard deviation (Cohen 1988); 0 where nothing varies or
    nobody else is there.
    """
    joined = assignment.merge(snapshot, on="user_id").sort_values("user_id", kind="stable")
    other = {"user_id", "as_of", "segment_id"}
    features = tuple(str(name) for name in joined.columns if name not in other and joined[name].notna().any())
    values, ids = matrix(joined, features), joined["segment_id"].to_numpy()
    numbers = np.unique(ids)
    if not len(numbers):
        return pd.DataFrame({name: [] for name in ("segment_id", "feature", "mean", "rest_mean", "effect")})
    inside = [ids == number for number in numbers]
    counts = np.array([part.sum() for part in inside], dtype=np.float64)
    means, _ = _moments(values, inside)
    effects = _cohens_d(counts, *_moments(signed_log1p(values), inside))
    rest = [_rest_mean(counts, means, at) for at in range(len(numbers))]
    parts = zip(numbers, means, rest, effects, strict=True)
    return pd.concat([_rows(int(number), features, *part) for number, *part in parts], ignore_index=True)


def _rows(number: int, features: tuple[str, ...], mean: Floats, rest: Floats, effect: Floats, /) -> pd.DataFrame:
    told = {"segment_id": number, "feature": list(features), "mean": mean, "rest_mean": rest, "effect": effect}
    return pd.DataFrame(told)


def _moments(values: Floats, inside: Sequence[NDArray[np.bool_]], /) -> tuple[Floats, Floats]:
    """The mean and the sum of squares about it of each column, (segments, columns) each; `inside` = their rows."""
    means = np.stack([values[part].mean(axis=0) for part in inside])
    squares = [((values[part] - mean) ** 2).sum(axis=0) for part, mean in zip(inside, means, strict=True)]
    return means, np.stack(squares)


def _rest_mean(counts: Floats, means: Floats, at: int, /) -> Floats:
    """The mean of each column over the people of all segments but the one `at`; nan where there is nobody else."""
    others = np.arange(len(counts)) != at
    if not others.any():
        return np.full(means.shape[1], np.nan)
    return np.asarray(np.average(means[others], axis=0, weights=counts[others]), dtype=np.float64)


def _cohens_d(counts: Floats, means: Floats, squares: Floats, /) -> Floats:
    """The effect of each segment (rows) in each column, from the moments of the segments alone."""
    effects = np.zeros_like(means)
    for at, own in enumerate(counts):
        others = np.arange(len(counts)) != at
        if min(own, counts[others].sum()) < 2:
            continue
        rest = _rest_mean(counts, means, at)
        between = (counts[others, None] * (means[others] - rest) ** 2).sum(axis=0)
        pooled = np.sqrt((squares[at] + squares[others].sum(axis=0) + between) / (counts.sum() - 2))
        effects[at] = np.where(pooled > 1e-12, (means[at] - rest) / np.where(pooled > 1e-12, pooled, 1.0), 0.0)
    return effects


def retained(then: pd.DataFrame, active: Iterable[str], /, *, smallest: int) -> pd.DataFrame:
    """segment_id, base_28d (people of `then`), retained_28d (of them in `active`) and retained_share_28d.

    `then` has user_id and the segment_id of 28 days before; `active` are those who acted since. With fewer than
    `smallest` people below, what is retained is null.
    """
    back = then["user_id"].isin(set(active))
    found = back.groupby(then["segment_id"]).agg(base_28d="size", retained_28d="sum").reset_index()
    enough = found["base_28d"] >= smallest
    found["retained_28d"] = found["retained_28d"].astype("Int64").where(enough)
    found["retained_share_28d"] = (found["retained_28d"] / found["base_28d"]).astype("Float64")
    return found


def top_items(used: pd.DataFrame, /, *, sizes: Mapping[int, int]) -> dict[int, list[dict[str, object]]]:
    """The items of each segment by how many of its people used them, beside all others; `sizes` = people in each.

    `used` has segment_id, item_id, title, users. Items with fewer than ten people of the segment are left out.
    `lift` = share of the segment's people / share of all segments' people; the order is by lift times share, which
    is the share of use that the segment's taste explains, then by item_id.
    """
    everybody = used.groupby("item_id")["users"].sum() / max(sum(sizes.values()), 1)
    shown = used[used["users"] >= SMALLEST_CELL].copy()
    shown["share"] = shown["users"] / shown["segment_id"].map(dict(sizes)).astype("float64")
    shown["lift"] = shown["share"] / shown["item_id"].map(everybody).astype("float64")  # where none is shown, too
    shown["weight"] = -shown["share"] * np.log(shown["lift"].clip(lower=1.0)) - 1e-6 * shown["share"]
    ordered = shown.sort_values(["segment_id", "weight", "item_id"], kind="stable")
    first = ordered.groupby("segment_id").head(ITEMS_SHOWN)
    return {
        int(str(number)): [_item(row) for row in part.itertuples()] for number, part in first.groupby("segment_id")
    }


def _item(row: "object", /) -> dict[str, object]:
    told = {name: getattr(row, name) for name in ("item_id", "title", "users", "lift")}
    title = told["title"] if isinstance(told["title"], str) else None
    return {**told, "title": title, "users": int(told["users"]), "lift": round(float(told["lift"]), 2)}


def demographics(counts: pd.DataFrame, /) -> dict[int, dict[str, dict[str, int | None]]]:
    """segment -> attribute -> value -> people, or null where the cell must not be told nor be derivable.

    `counts` has segment_id, attribute, value and users (above 0), of every segment and value, each person once for
    each attribute. Readers know the size of every segment, and may know how many people of each value there are on
    the platform; so no row and no column of the table of an attribute may hide one cell alone (complementary
    suppression), and what a row or column hides must add up to at least ten people.
    """
    told: dict[int, dict[str, dict[str, int | None]]] = {}
    for attribute, part in counts.groupby("attribute", sort=True):
        table = part.pivot_table(index="segment_id", columns="value", values="users", aggfunc="sum", fill_value=0)
        hidden = suppressed(table.to_numpy(dtype=np.int64))
        for at, number in enumerate(table.index):
            row = zip(table.columns, table.to_numpy()[at], hidden[at], strict=True)
            cells = {str(value): None if hide else int(users) for value, users, hide in row}
            told.setdefault(int(number), {})[str(attribute)] = cells
    return told


def suppressed(table: NDArray[np.int64], /, *, smallest: int = SMALLEST_CELL) -> NDArray[np.bool_]:
    """Which cells of a table of people (rows, columns) are hidden so that margins give none below `smallest` away.

    Hidden are the cells from 1 to `smallest` - 1 and, row by row and column by column until nothing more is needed,
    the least further cell of each row or column that hides only one, or fewer than `smallest` people in all. An
    empty cell is no person, and hides nobody; it is hidden only where a line has no other.
    """
    hidden = (table > 0) & (table < smallest)
    while True:
        before = hidden.copy()
        for lines, shown in ((table, hidden), (table.T, hidden.T)):
            for at in range(len(lines)):
                _complement(lines[at], shown[at], smallest)
        if (hidden == before).all():
            return hidden


def _complement(line: NDArray[np.int64], hidden: NDArray[np.bool_], smallest: int, /) -> None:
    """Hide further cells of a line, in place, until what it hides cannot be told from its sum."""
    while 0 < hidden.sum() < len(line) and (hidden.sum() == 1 or line[hidden].sum() < smallest):
        left = np.flatnonzero(~hidden)
        order = np.lexsort((left, line[left], line[left] == 0))  # the least of those that hold people
        hidden[left[order[0]]] = True


def typical_week(acts: pd.DataFrame, parts: Mapping[str, tuple[int, int]], /) -> dict[int, dict[str, object]]:
    """segment -> the share of its acts on each weekday (Monday first) and in each part of the day.

    `acts` has segment_id, weekday (0 = Monday), hour and acts; `parts` the hours from and until which each lasts.
    """
    told: dict[int, dict[str, object]] = {}
    for number, part in acts.groupby("segment_id", sort=True):
        whole = part["acts"].sum()
        days = part.groupby("weekday")["acts"].sum().reindex(range(7), fill_value=0)
        hours = part.groupby("hour")["acts"].sum().reindex(range(24), fill_value=0)
        shares = {name: round(float(hours.iloc[slice(*span)].sum() / whole), 4) for name, span in parts.items()}
        told[int(str(number))] = {"weekdays": [round(float(day / whole), 4) for day in days], "parts": shares}
    return told
