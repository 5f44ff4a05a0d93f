"""The difference of two shares of people, or of two means, with its interval."""

import numpy as np

from models.bootstrap import Interval
from models.reliability import wilson


def difference(found: int, people: int, other_found: int, others: int, /) -> Interval:
    """`found` / `people` less `other_found` / `others`, with its 95 % interval; nan where there is nobody.

    The square-and-add interval of two independent shares, from their Wilson intervals (Newcombe 1998, "Interval
    estimation for the difference between independent proportions", method 10).
    """
    if not people or not others:
        return Interval(np.nan, np.nan, np.nan)
    counted, whole = np.array([found, other_found], dtype=np.float64), np.array([people, others], dtype=np.float64)
    low, high = wilson(counted, whole)
    share = counted / whole
    less = np.hypot(share[0] - low[0], high[1] - share[1])
    more = np.hypot(high[0] - share[0], share[1] - low[1])
    gap = share[0] - share[1]
    return Interval(float(gap), float(gap - less), float(gap + more))


def mean_difference(
    people: int, total: float, squares: float, others: int, other_total: float, other_squares: float, /
) -> Interval:
    """The mean of `people` values less that of `others`, with its 95 % interval; nan with fewer than two on a side.

    Both are given by the sum of their values and of the squares. Student's t, with one variance for both sides
    (1908, "The probable error of a mean"): where nothing but a draw tells them apart they have the same, and of a few
    people with rare large values the own variance is small just when their mean is low. (benchmarks.outcomes, net
    spend of 2,250 people beside 250: Welch's interval leaves 0 out in twice as many worlds without effect as it may.)
    """
    if min(people, others) < 2:
        return Interval(np.nan, np.nan, np.nan)
    from scipy.stats import t

    gap, freedom = total / people - other_total / others, people + others - 2
    around = max(0.0, squares - total**2 / people) + max(0.0, other_squares - other_total**2 / others)
    half = float(t.ppf(0.975, freedom)) * float(np.sqrt(around / freedom * (1 / people + 1 / others)))
    return Interval(gap, gap - half, gap + half)
