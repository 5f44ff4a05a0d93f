"""The difference of two shares of people, with its interval."""

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
