"""Frames whose outcome is planted, for the tests of the classifiers."""

import numpy as np
import pandas as pd

FEATURES = ("recency_days", "acts_28d", "spend_84d")
ESTIMATORS = ("logistic", "forest", "xgboost", "network", "blend")


def frame(*, weeks=3, people=300, seed=1, nulls=0.1):
    """Staying falls with recency and rises with acts; spend says nothing, and a tenth of it is unknown."""
    rng = np.random.default_rng(seed)
    rows = weeks * people
    recency, acts = rng.integers(1, 29, rows), rng.integers(0, 30, rows)
    chance = 1 / (1 + np.exp(-(2.0 - 1.2 * np.log1p(recency) + 0.5 * np.log1p(acts))))
    return pd.DataFrame(
        {
            "user_id": [f"u{at:04d}" for at in range(people)] * weeks,
            "as_of": np.repeat(pd.date_range("2024-01-01", periods=weeks, freq="7D").date, people),
            "recency_days": recency,
            "acts_28d": acts,
            "spend_84d": np.where(rng.random(rows) < nulls, np.nan, rng.gamma(1.0, 50.0, rows).round(2)),
            "label": (rng.random(rows) < chance).astype(int),
        }
    )


def newest(rows):
    """Which rows are of the newest week."""
    return (rows["as_of"] == rows["as_of"].max()).to_numpy()
