"""Who stops learning, on real courses: `python -m benchmarks.oulad --data ../shared/data/oulad [--seed 1]`.

The Open University's logs go through the project's own source, features and labels into a temporary home. The outcome
is retention within 28 days; a week belongs to a presentation from its first Monday on, and as long as the label's
window ends before the presentation does (an end is not leaving). Two questions, each with every estimator and every
baseline on the same rows, pooled over the test weeks, intervals and differences by drawing whole students:

- within: AAA 2013J alone, trained anew every four weeks on what was known by then, tested on these four weeks;
- later: trained on BBB 2013B and AAA 2013J, tested on AAA 2014J.

`chosen` is what the project's own choice on the training rows picks, with the settings it picks. There are two
courses only, and the later presentation is of one of them: how a model carries over to another cannot be told.
The last line is one JSON object.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.errors import LyceumError
from lyceum.home import Home
from lyceum.settings import Settings
from lyceum.weeks import WEEK, monday_of
from models.bootstrap import Resampled, resampled
from models.metrics import Floats
from models.registry import make
from models.rules import BASELINES, DENOMINATOR, SILENT_AFTER_DAYS
from models.tuning import select
from models.validation import Origin
from pipelines.history import History
from pipelines.opening import open_home, open_source
from pipelines.targets import CANDIDATES, FEATURES, TARGETS
from pipelines.week import newest_week, take_in
from pipelines.workspace import workspace

OUTCOME = "retention_28d"
DELAY = timedelta(days=28)
RETRAIN = 4 * WEEK
STARTS = {"BBB_2013B": date(2013, 2, 1), "AAA_2013J": date(2013, 10, 1), "AAA_2014J": date(2014, 10, 1)}
WEEKS_AT_MOST = 200  # of the log that are learnt from
ESTIMATORS = ("logistic", "forest", "xgboost", "network", "blend")
CHOSEN = "chosen"
METRICS = ("auc", "brier", "ece")
REPLICATES = 500
NOW = datetime(2026, 6, 1, tzinfo=UTC)

Scores = dict[str, Floats]


@dataclass(frozen=True)
class Course:
    """One presentation: its labelled rows (user_id, as_of, label, features) in its own weeks."""

    name: str
    rows: pd.DataFrame


def main(argv: list[str] | None = None, /) -> int:
    """Print the tables and the JSON line; 2 and a sentence where the data cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.oulad", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the tables of OULAD")
    parser.add_argument("--seed", type=int, default=1, help="of the estimators and the draws (default 1)")
    given = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="lyceum-oulad-") as folder:
            courses = presentations(given.data, Home(Path(folder) / "home"))
        told = {name: answer(name, origins, seed=given.seed) for name, origins in questions(courses).items()}
    except LyceumError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(told))
    return 0


def presentations(data: Path, home: Home, /) -> dict[str, Course]:
    """The presentations by name, through the project's own source, features and labels."""
    settings = Settings(training_weeks=WEEKS_AT_MOST)
    take_in(open_source("oulad", data, home, settings=settings, now=NOW, say=_silent))
    ctx = open_home(home, settings=settings, now=NOW, say=_silent)
    target = next(target for target in TARGETS if target.name == OUTCOME)
    with workspace(ctx) as space:
        rows = History(space, newest_week(ctx), [target]).labelled(target)
        known = space.arrow(
            "SELECT user_id, e.item_id, e.event_date, CAST(i.withdrawn_at AS DATE) AS ends "
            "FROM events e JOIN items i USING (item_id) WHERE event_type = 'enrol'"
        ).to_pandas()
    return {name: course(name, rows, known[known["item_id"] == name]) for name in STARTS}


def course(name: str, rows: pd.DataFrame, enrolled: pd.DataFrame, /) -> Course:
    """The rows of the people enrolled by then, in the weeks whose label window lies within the presentation."""
    held = rows.merge(enrolled.groupby("user_id", as_index=False).agg({"event_date": "min", "ends": "max"}))
    weeks, begun, ends = (pd.to_datetime(held[column]) for column in ("as_of", "event_date", "ends"))
    within = (weeks >= pd.Timestamp(STARTS[name])) & (weeks + DELAY <= ends) & (begun < weeks)
    kept = held.loc[within, ["user_id", "as_of", "label", *FEATURES]]
    return Course(name, kept.sort_values(["as_of", "user_id"]).reset_index(drop=True))


def questions(courses: Mapping[str, Course], /) -> dict[str, list[Origin]]:
    """What is learnt from and what is tested on, by question; printed with what they hold."""
    for each in courses.values():
        left = each.rows["user_id"][each.rows["label"] == 0].nunique()
        weeks, people = each.rows["as_of"], each.rows["user_id"].nunique()
        print(
            f"{each.name}: {people} people, {left} of them absent for 28 days at least once; {len(weeks):,} "
            f"person-weeks from {weeks.min()} to {weeks.max()}, {each.rows['label'].mean():.3f} retained.",
            flush=True,
        )
    earlier = pd.concat([courses["BBB_2013B"].rows, courses["AAA_2013J"].rows])
    both = earlier.sort_values(["as_of", "user_id"], ignore_index=True)
    within = list(rolling(courses["AAA_2013J"].rows))
    return {"within": within, "later": [Origin(both, courses["AAA_2014J"].rows)]}


def rolling(rows: pd.DataFrame, /) -> Iterator[Origin]:
    """Every four weeks what was known by then, and these four weeks; from 30 people of either outcome on."""
    weeks = pd.to_datetime(rows["as_of"])
    for begin in pd.date_range(monday_of(weeks.min().date()), weeks.max(), freq=RETRAIN):
        origin = Origin(rows[weeks <= begin - DELAY], rows[(weeks >= begin) & (weeks < begin + RETRAIN)])
        people = [origin.train["user_id"][origin.train["label"] == label].nunique() for label in (0, 1)]
        if origin.usable and min(people) >= DENOMINATOR:
            yield origin


def answer(name: str, origins: Sequence[Origin], /, *, seed: int) -> dict[str, Any]:
    """The figures of one question; a table is printed."""
    tests = pd.concat([origin.test for origin in origins], ignore_index=True)
    parts = [scored(origin, seed=seed) for origin in origins]
    scores = {one: np.concatenate([part[one] for part, _ in parts]) for one in parts[0][0]}
    labels, users = tests["label"].to_numpy(np.int64), tests["user_id"].to_numpy()
    drawn = figures(labels, scores, users, seed=seed)
    active = tests["recency_days"].to_numpy(np.float64) <= SILENT_AFTER_DAYS
    kept = {one: score[active] for one, score in scores.items()}
    still = figures(labels[active], kept, users[active], seed=seed)
    told = {
        "rows": len(tests),
        "people": int(tests["user_id"].nunique()),
        "trainings": len(origins),
        "chosen": [chosen for _, chosen in parts],
        "models": {one: model_figures(drawn[one], still[one]) for one in scores},
        "differences": differences(drawn),
        "differences_active": differences(still),
    }
    show(name, told)
    return told


def scored(origin: Origin, /, *, seed: int) -> tuple[Scores, str]:
    """Probabilities of staying of the test rows by every baseline and estimator; which one the project chooses."""
    found = select(
        origin.train,
        candidates=CANDIDATES,
        features=FEATURES,
        delay_days=DELAY.days,
        budget_seconds=Settings().tuning_seconds,
        seed=seed,
    )
    picked = found.candidate
    models = {one: make(one, features=FEATURES) for one in (*BASELINES, *ESTIMATORS)}
    models[CHOSEN] = make(picked.estimator, features=FEATURES, settings=picked.settings)
    scores = {one: model.fit(origin.train, seed=seed).score(origin.test) for one, model in models.items()}
    return {one: score["probability"].to_numpy(np.float64) for one, score in scores.items()}, picked.estimator


def figures(
    labels: NDArray[np.int64], scores: Mapping[str, Floats], users: NDArray[Any], /, *, seed: int
) -> dict[str, dict[str, Resampled]]:
    """Of each score its figures about staying, and the average precision about leaving (the rarer outcome)."""

    def drawn(labels: NDArray[np.int64], score: Floats, metrics: Sequence[str]) -> Resampled:
        return resampled(labels, score, users=users, metrics=metrics, seed=seed, replicates=REPLICATES)

    return {
        one: {"staying": drawn(labels, score, METRICS), "leaving": drawn(1 - labels, 1.0 - score, ["pr_auc"])}
        for one, score in scores.items()
    }


def model_figures(found: Mapping[str, Resampled], still: Mapping[str, Resampled], /) -> dict[str, float]:
    """The figures of one model: of everybody, and its AUC among people active in the last seven days."""
    values = {metric: found["staying"].values[metric] for metric in METRICS}
    values["pr_auc_leaving"] = found["leaving"].values["pr_auc"]
    values["auc_active"] = still["staying"].values["auc"]
    return {metric: round(value, 4) for metric, value in values.items()}


def differences(drawn: Mapping[str, Mapping[str, Resampled]], /) -> dict[str, dict[str, list[float]]]:
    """AUC of every estimator less that of every baseline, with its paired 95 % interval by student."""
    return {
        one: {
            rule: [round(end, 4) for end in drawn[one]["staying"].less(drawn[rule]["staying"], "auc")]
            for rule in BASELINES
        }
        for one in (CHOSEN, *ESTIMATORS)
    }


def show(name: str, told: Mapping[str, Any], /) -> None:
    """Print one question's figures for people."""
    print(
        f"\n{name}: {told['trainings']} training(s), {told['rows']:,} rows of {told['people']} people tested; "
        f"chosen: {', '.join(told['chosen'])}"
    )
    table = pd.DataFrame(told["models"]).T
    print(table.to_string(float_format=lambda value: f"{value:.4f}"))
    print("AUC less that of a baseline, with its 95 % interval by student:")
    for one, against in told["differences"].items():
        shown = (f"{rule} {gap:+.3f} ({low:+.3f} to {high:+.3f})" for rule, (gap, low, high) in against.items())
        print(f"  {one:<10} {'  '.join(shown)}", flush=True)


def _silent(line: str, /) -> None:
    """What a step says is of no use here."""


if __name__ == "__main__":
    sys.exit(main())
