"""The leak alarm: a column that alone does nearly as well as the model may have been written after the outcome."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.classification.frame import raw
from models.metrics import FIGURES, Counted, Floats, Labels, counted, pr_auc
from models.validation import some_users

LEAK_RATIO = 0.7  # measured: columns written afterwards reach 0.82 to 0.88 (SCIENCE.md)
OF_ALL = (
    0.35  # of the lift of knowing everything. Measured: an honest cart column reaches 0.29, PageValues 0.43 to 0.48
)
BEYOND_RULES = 0.05  # of the model's lift
ROWS = 30_000  # more move a ratio by less than a hundredth


def leak_alarm(
    frame: pd.DataFrame, probabilities: Floats, /, *, features: tuple[str, ...], rules: Sequence[Floats] = ()
) -> dict[str, float]:
    """The columns that ring, strongest first, each with its share of the model's lift: 0.7 or more, and much at all.

    frame: label (0 or 1) and user_id beside the features; probabilities (rows,): the model's; rules: those of honest
    rules for the same rows. Lift = PR-AUC less base rate, for the rarer class; a column is read in its better
    direction, its nulls as its lowest or highest. Columns that copy each other ring together. Where people leave by
    falling silent, the days of silence honestly carry most of what can be known (measured: 0.86 of a model's lift for
    retention), so a column that does not outdo every rule is silent; so are all where the model has no lift.
    """
    if frame["label"].nunique() < 2:
        return {}
    given = {f"given {at}": scores for at, scores in enumerate((probabilities, *rules))}
    part = some_users(frame.assign(**given), rows=ROWS)
    labels = part["label"].to_numpy(np.int64)
    rare, sign = (labels, 1.0) if labels.mean() <= 0.5 else (1 - labels, -1.0)
    lift, *known = (pr_auc(rare, sign * part[name].to_numpy(np.float64)) - rare.mean() for name in given)
    if not lift > 0.0:
        return {}
    there = tuple(name for name in features if name in part)
    columns = zip(there, raw(part, there).astype(np.float64).T, strict=True)
    alone = {name: float((_alone(rare, values) - rare.mean()) / lift) for name, values in columns}
    everything = (1.0 - rare.mean()) / lift
    needed = max(LEAK_RATIO, OF_ALL * everything, BEYOND_RULES + max(known, default=0.0) / lift)
    ringing = {name: ratio for name, ratio in alone.items() if ratio >= needed}
    return dict(sorted(ringing.items(), key=lambda item: (-item[1], item[0])))


def _alone(rare: Labels, values: Floats, /) -> float:
    nulls = np.isnan(values)
    fills = (np.inf, -np.inf) if nulls.any() else (0.0,)
    ranks = [counted(rare, np.where(nulls, fill, values)) for fill in fills]
    return max(FIGURES["pr_auc"](rows) for one in ranks for rows in (one, _reversed(one)))


def _reversed(rows: Counted, /) -> Counted:
    return Counted(-rows.scores[::-1], rows.up[::-1], rows.down[::-1])
