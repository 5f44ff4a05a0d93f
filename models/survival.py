"""How long people stay: the share that stays beyond each age, with people allowed for whose stay is not over.

Kaplan and Meier (1958): with d_j people lost at age t_j of the n_j at risk then, S(t) = prod over t_j <= t of
(1 - d_j / n_j). The 95 % interval is Greenwood's on the scale of log(-log S), which keeps it between 0 and 1
(Kalbfleisch and Prentice 2002, section 1.4).
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd

ALL = "all"
SMALLEST = 30  # people; a smaller cohort has no curve
COHORTS = 12  # weeks
STEP = 7  # days between two ages
COLUMNS = ["cohort", "age_days", "people", "at_risk", "lost", "survival", "low_95", "high_95"]


def curves(lifetimes: pd.DataFrame, /, *, until: date) -> pd.DataFrame:
    """The curve of everybody and of each of the newest weekly cohorts, at ages 0, 7, 14, ... days.

    `lifetimes` has cohort (a Monday), duration_days and lost (0 or 1), one row per person; `until` is the day up to
    which they were observed. A cohort is shown if its whole week lies before `until`, it is one of the COHORTS weeks
    before then, and it has SMALLEST people. One row per cohort and age in COLUMNS, none beyond the age of the person
    observed longest; no row at all for fewer than SMALLEST people. After age 0 there is no interval where nobody or
    everybody is lost: Greenwood's variance is nothing or endless there.
    """
    frames = [_curve(name, people) for name, people in _cohorts(lifetimes, until) if len(people) >= SMALLEST]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def _cohorts(lifetimes: pd.DataFrame, until: date) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, lifetimes
    mondays = pd.to_datetime(lifetimes["cohort"])
    newest = pd.Timestamp(until - timedelta(days=7))
    for monday in sorted(set(mondays[(mondays <= newest) & (mondays > newest - pd.Timedelta(weeks=COHORTS))])):
        yield str(monday.date()), lifetimes[(mondays == monday).to_numpy()]


def _curve(name: str, people: pd.DataFrame) -> pd.DataFrame:
    """The rows of one cohort."""
    from lifelines import KaplanMeierFitter

    durations, lost = people["duration_days"].to_numpy(), people["lost"].to_numpy()
    ages = np.arange(0, int(durations.max()) + 1, STEP)
    fitted = KaplanMeierFitter().fit(durations, lost)
    table = fitted.survival_function_.join(fitted.confidence_interval_)
    at_ages = table.iloc[table.index.searchsorted(ages, side="right") - 1].to_numpy().copy()
    at_ages[(ages > 0) & np.isin(at_ages[:, 0], (0.0, 1.0)), 1:] = np.nan
    ordered, gone = np.sort(durations), np.sort(durations[lost == 1])
    return pd.DataFrame(
        {
            "cohort": name,
            "age_days": ages,
            "people": len(people),
            "at_risk": len(people) - np.searchsorted(ordered, ages, side="left"),
            "lost": np.searchsorted(gone, ages, side="right"),
            **{column: at_ages[:, place] for place, column in enumerate(COLUMNS[5:])},
        }
    )
