"""Ways to tell from lists whether contacting changed anything: the project's, and those it was chosen from."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.bootstrap import Interval
from models.differences import difference
from models.outcomes import ASSIGNED, POOLED, Outcome, compared, first_listed
from models.reliability import NORMAL_95

BACK, SPEND = Outcome("back_28d"), Outcome("net_spend_28d", unit="currency")
WINDOW = 4  # of the newest lists
DRAWS = 400
Floats = NDArray[np.float64]


class Told(NamedTuple):
    """What a way says of an effect, and what the effect was on the people it speaks of."""

    said: Interval
    truth: float


def ours(rows: pd.DataFrame, /, *, outcome: Outcome = BACK) -> Interval:
    """The row of marts.outcomes that counts: everybody once, as drawn."""
    found = compared(first_listed(rows), outcomes=[outcome], lists=1, logged=False, list="early_warnings")
    row = found[(found["scope"] == POOLED) & (found["basis"] == ASSIGNED)].iloc[0]
    return Interval(row["effect"], row["low_95"], row["high_95"])


def of_rows(rows: pd.DataFrame, /) -> Interval:
    """Every row of every list as if it were another person."""
    held = rows["holdout"] == 1
    ones, others = rows.loc[~held, "back_28d"], rows.loc[held, "back_28d"]
    return difference(int(ones.sum()), len(ones), int(others.sum()), len(others))


def clustered(rows: pd.DataFrame, /) -> Interval:
    """Every row of every list, with an error that allows for rows of one person being alike (sandwich)."""
    held = rows["holdout"].to_numpy() == 1
    back = rows["back_28d"].to_numpy(dtype=np.float64)
    gap, square = 0.0, 0.0
    for side, sign in ((~held, 1), (held, -1)):
        off = pd.Series(back[side] - back[side].mean()).groupby(rows["person"].to_numpy()[side]).sum()
        gap += sign * back[side].mean()
        square += float((off**2).sum()) / side.sum() ** 2 * len(off) / (len(off) - 1)
    half = NORMAL_95 * np.sqrt(square)
    return Interval(gap, gap - half, gap + half)


def first_of_window(rows: pd.DataFrame, /) -> Interval:
    """Everybody once, on their first of the newest lists, whatever older lists there were."""
    return of_rows(first_listed(rows[rows["as_of"] > rows["as_of"].max() - WINDOW]))


def as_contacted(rows: pd.DataFrame, /) -> Interval:
    """Those who were reached beside those held out."""
    first = first_listed(rows)
    return of_rows(first[(first["reached"] == 1) | (first["holdout"] == 1)])


def reached_or_not(rows: pd.DataFrame, /) -> Interval:
    """Those who were reached beside those who were not, without any draw."""
    first = first_listed(rows)
    return of_rows(first.assign(holdout=1 - first["reached"]))


WAYS: Mapping[str, Callable[[pd.DataFrame], Interval]] = {
    "ours": ours,
    "first_of_window": first_of_window,
    "rows_by_person": clustered,
    "rows": of_rows,
    "as_contacted": as_contacted,
    "reached_or_not": reached_or_not,
}


def of_spend(rows: pd.DataFrame, /, *, seed: int) -> dict[str, Interval]:
    """Ways to tell a difference of net spend: the project's, and those that it was chosen from."""
    first = first_listed(rows)
    ones, others = (first.loc[first["holdout"] == held, SPEND.name].to_numpy(dtype=np.float64) for held in (0, 1))
    rng = np.random.default_rng(seed)
    return {
        "ours": ours(rows, outcome=SPEND),
        "welch": welch(ones, others),
        "permuted": permuted(ones, others, rng),
        **bootstraps(ones, others, rng),
    }


def welch(ones: Floats, others: Floats, /) -> Interval:
    """Each side with the variance of its own (Welch 1947)."""
    from scipy.stats import ttest_ind

    found = ttest_ind(ones, others, equal_var=False).confidence_interval(0.95)
    return Interval(float(ones.mean() - others.mean()), float(found.low), float(found.high))


def permuted(ones: Floats, others: Floats, rng: np.random.Generator, /) -> Interval:
    """The difference less what the draw alone makes of it, had contacting done nothing."""
    both = np.concatenate([ones, others])
    places = np.argpartition(rng.random((DRAWS, len(both))), len(others), axis=1)[:, : len(others)]
    held = both[places].sum(axis=1)
    gaps = (both.sum() - held) / len(ones) - held / len(others)
    gap = ones.mean() - others.mean()
    low, high = np.percentile(gaps, [2.5, 97.5])
    return Interval(gap, float(gap - high), float(gap - low))


def bootstraps(ones: Floats, others: Floats, rng: np.random.Generator, /) -> dict[str, Interval]:
    """Percentile and studentised intervals of a difference of means (Efron 1979)."""
    drawn = [_drawn(side, rng) for side in (ones, others)]
    gap, error = ones.mean() - others.mean(), np.hypot(_error(ones, 0), _error(others, 0))
    gaps = drawn[0][0] - drawn[1][0]
    errors = np.maximum(np.hypot(drawn[0][1], drawn[1][1]), 1e-9)
    low, high = np.percentile(gaps, [2.5, 97.5])
    t_low, t_high = np.percentile((gaps - gap) / errors, [2.5, 97.5])
    return {
        "percentile": Interval(gap, float(low), float(high)),
        "studentised": Interval(gap, float(gap - t_high * error), float(gap - t_low * error)),
    }


def _drawn(side: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    values = side[rng.integers(0, len(side), (DRAWS, len(side)))]
    return values.mean(axis=1), _error(values, 1)


def _error(values: Floats, axis: int) -> Floats:
    return np.asarray(values.std(axis=axis, ddof=1) / np.sqrt(values.shape[axis]))
