"""Quintiles of recency, frequency and money: what segments have to beat."""

import numpy as np
import pandas as pd

FIFTHS = 5


def quintiles(people: pd.DataFrame, /, *, recency: str, frequency: str, money: str) -> pd.DataFrame:
    """r, f and m from 1 to 5 for each row, 5 = most recent, most often, most money; nothing known counts as least.

    Equal values fall into the same fifth, so that fifths may be of different size or empty.
    """
    found = {
        "r": fifths(-people[recency].astype("float64")),
        "f": fifths(people[frequency].astype("float64")),
        "m": fifths(people[money].astype("float64")),
    }
    return pd.DataFrame(found, index=people.index)


def fifths(values: pd.Series, /) -> pd.Series:
    """1 to 5 by the mean rank of each value among all; 1 where there is none."""
    ranks = values.rank(method="average", na_option="keep") - 0.5
    share = ranks / max(int(values.notna().sum()), 1)
    found = np.floor(share.fillna(0.0).to_numpy(dtype=np.float64) * FIFTHS).clip(0, FIFTHS - 1)
    return pd.Series(found.astype(np.int64) + 1, index=values.index)


def cells(scored: pd.DataFrame, /) -> pd.Series:
    """One number from 0 to 124 for each combination of `quintiles`."""
    return (scored["r"] - 1) * FIFTHS**2 + (scored["f"] - 1) * FIFTHS + scored["m"] - 1
