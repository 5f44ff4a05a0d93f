"""What happened to people, by the probability that they had been given."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.metrics import Floats, Labels, counted

COLUMNS = ("bin", "people", "predicted", "observed", "low_95", "high_95")
BINS = 10
DENOMINATOR = 30  # people: a rate of fewer is not shown
NORMAL_95 = 1.959963984540054  # the normal distribution's 97.5 % point


def reliability(labels: Labels, probabilities: Floats, /) -> pd.DataFrame:
    """Ten bins of equal mass (fewer for less than 300 people), lowest probabilities first: COLUMNS.

    predicted = mean probability, observed = share with label 1, with its Wilson interval. People of equal probability
    share a bin, so that a model with few distinct probabilities has few bins. No rows for no people.
    """
    rows = counted(labels, probabilities)
    mass = rows.up + rows.down
    wanted = min(BINS, max(1, len(labels) // DENOMINATOR))
    place = (np.cumsum(mass) - mass / 2) / max(1, len(labels))
    _, at = np.unique((place * wanted).astype(np.int64), return_inverse=True)
    people, with_it, given = (
        np.bincount(at, part).astype(np.float64) for part in (mass, rows.up, mass * rows.scores)
    )
    low, high = wilson(with_it, people)
    table = zip(
        range(1, len(people) + 1), people.astype(int), given / people, with_it / people, low, high, strict=True
    )
    return pd.DataFrame(list(table), columns=list(COLUMNS))


def wilson(found: Floats, people: Floats, /) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the 95 % score interval of a share, `found` of `people` (Wilson 1927)."""
    share, square = found / people, NORMAL_95**2
    middle = (share + square / (2 * people)) / (1 + square / people)
    half = NORMAL_95 / (1 + square / people) * np.sqrt(share * (1 - share) / people + square / (4 * people**2))
    return middle - half, middle + half
