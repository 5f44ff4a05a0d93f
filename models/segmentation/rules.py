"""Fixed cuts of recency and frequency, which speak where clusters cannot."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.classification.frame import matrix

RULE_COLUMNS = ("recency_days", "active_days_28d")


def by_rules(frame: pd.DataFrame, /) -> NDArray[np.int64]:
    """Fixed cuts: 1 active this week and on 8 days of 28 or more, 2 active this week, 3 this month, 4 silent."""
    recency, days = matrix(frame, RULE_COLUMNS).T
    cuts = [(recency <= 7) & (days >= 8), recency <= 7, recency <= 28]
    return np.asarray(np.select(cuts, [1, 2, 3], default=4), dtype=np.int64)
