"""The project's estimators on any table: `python -m benchmarks.classify --train F --test F --label C [--drop C,C]`.

Files are CSV, gzipped CSV or Parquet with a header; --train and --test may be given several times or be patterns in
quotes. Columns of texts and truths become one indicator per value that the training file knows. Calibration is learnt
on the last fifth of the training rows, in file order or by the column named with --time, and the estimator is chosen
by rolling origins within the training rows: nothing is learnt from the test rows, which are only measured. The last
line is one JSON object: models (auc, pr_auc, brier, ece), chosen, leak_alarm (columns of the file that alone carry at
least 0.7 of the chosen model's lift: were they written after the outcome?), base_rate and rows of the test.

Example, with the shop's sessions of February to July and those of August and September in two files:
    python -m benchmarks.classify --train feb_to_jul.csv --test aug_sep.csv.gz --label Revenue
    python -m benchmarks.classify --train feb_to_jul.csv --test aug_sep.csv.gz --label Revenue --drop PageValues
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.classify_files import (
    SLICES,
    Column,
    Outcome,
    Texts,
    as_frame,
    by_column,
    columns,
    features,
    in_slices,
    outcome,
    read,
)
from lyceum.errors import LyceumError, UsageError
from lyceum.settings import Settings
from models.classification.classifier import Classifier
from models.contract import Model
from models.leakage import LEAK_RATIO, leak_alarm
from models.metrics import Floats, Labels, auc, brier, ece, pr_auc
from models.registry import make
from models.rules import BaseRate
from models.tuning import select
from pipelines.targets import CANDIDATES

ESTIMATORS = ("logistic", "forest", "xgboost", "network", "blend")
METRICS = {"auc": auc, "pr_auc": pr_auc, "brier": brier, "ece": ece}
DELAY_DAYS = 7  # of a slice told as a week: the next one may be tested on


@dataclass(frozen=True)
class Task:
    """What is learnt from and what is measured: frames of user_id, as_of, label and the features of `columns`."""

    train: pd.DataFrame
    test: pd.DataFrame
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of all features."""
        return tuple(name for column in self.columns for name in column.features)


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line; 2 and a sentence where the files or columns are of no use."""
    given = _arguments(argv)
    try:
        task = prepare(given)
        told = measure(task, seed=given.seed)
    except LyceumError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(told))
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classify", description=__doc__, formatter_class=form)
    parser.add_argument("--train", action="append", required=True, help="file or quoted pattern; may be repeated")
    parser.add_argument("--test", action="append", required=True, help="file or quoted pattern; may be repeated")
    parser.add_argument("--label", required=True, help="column: 0 and 1, true and false, or two texts (rarer = 1)")
    parser.add_argument("--drop", default="", help="columns that are not used, separated by commas")
    parser.add_argument("--time", default=None, help="column of numbers or ISO dates that orders the training rows")
    parser.add_argument("--seed", type=int, default=1, help="of the estimators (default 1)")
    return parser.parse_args(argv)


def prepare(given: argparse.Namespace, /) -> Task:
    """Both files as frames. UsageError where a file, a column, an outcome or every feature is missing."""
    texts, later = read(given.train), read(given.test)
    found = outcome(texts, given.label)
    drop = [name.strip() for name in given.drop.split(",") if name.strip()]
    if unknown := [name for name in drop if name not in texts]:
        raise UsageError(f"There is no column {', '.join(unknown)}.", remedy=f"There are {', '.join(texts.columns)}.")
    kept, notes = columns(texts, [name for name in texts.columns if name not in {given.label, given.time, *drop}])
    if not kept:
        raise UsageError("No column of the training file is of use as a feature.", remedy=" ".join(notes))
    if missing := [name for name in (given.label, *(column.name for column in kept)) if name not in later]:
        raise UsageError(
            f"The test file lacks {', '.join(missing)}.", remedy="Give files of one shape, or --drop them."
        )
    slices = in_slices(texts, by=given.time)
    train, lost = _labelled(texts, found, kept, slices, prefix="train")
    test, missed = _labelled(later, found, kept, np.full(len(later), SLICES), prefix="test")
    said = (found.sentence, *notes, f"{lost:,} training rows and {missed:,} test rows have no label.")
    return Task(train, test, tuple(kept), said if lost or missed else said[:-1])


def _labelled(
    texts: Texts, found: Outcome, kept: Sequence[Column], slices: "np.ndarray[Any, Any]", *, prefix: str
) -> tuple[pd.DataFrame, int]:
    """The frame of the rows with a label, and how many have none. UsageError where they hold one outcome only."""
    labels = found.labels(texts)
    known = labels.notna().to_numpy()
    if labels.nunique() < 2:
        raise UsageError(f"The {prefix} file's {found.name} holds one outcome only.", remedy="Give it more rows.")
    frame = as_frame(features(texts[known], kept), labels[known], slices[known], prefix=prefix)
    return frame, int((~known).sum())


def measure(task: Task, /, *, seed: int) -> dict[str, Any]:
    """Choose on the training rows, fit every estimator there, measure on the test rows; the table is printed."""
    found = select(
        task.train,
        candidates=CANDIDATES,
        features=task.features,
        delay_days=DELAY_DAYS,
        budget_seconds=Settings().tuning_seconds,
        seed=seed,
    )
    settings = {one: best_settings(found.trials, one) for one in ESTIMATORS}
    settings[found.candidate.estimator] = found.candidate.settings
    models: dict[str, Model] = {BaseRate.name: BaseRate().fit(task.train, seed=seed)}
    models |= {one: fitted(one, chosen, task, seed=seed) for one, chosen in settings.items()}
    scores = {one: model.score(task.test)["probability"].to_numpy(np.float64) for one, model in models.items()}
    labels, chosen = task.test["label"].to_numpy(np.int64), found.candidate.estimator
    told = {
        "models": {one: figures(labels, score) for one, score in scores.items()},
        "chosen": chosen,
        "settings": dict(found.candidate.settings),
        "leak_alarm": list(alarm(task, scores[chosen])),
        "base_rate": round(float(labels.mean()), 4),
        "rows": len(labels),
        "trained_on": len(task.train),
    }
    show(task, told, found.trials)
    return told


def best_settings(trials: pd.DataFrame, estimator: str, /) -> Mapping[str, Any]:
    """The settings with which the estimator did best when it was tried; its defaults if it was not."""
    tried = trials[(trials["estimator"] == estimator) & trials["auc"].notna()]
    if tried.empty:
        return {}
    best: Mapping[str, Any] = json.loads(tried.sort_values("auc", ascending=False, kind="stable")["settings"].iloc[0])
    return best


def fitted(estimator: str, settings: Mapping[str, Any], task: Task, /, *, seed: int) -> Classifier:
    """Calibrated on the last slice by a fit on the slices before it, then learnt anew from every training row.

    Of a snapshot's weeks the newest is one of many; a fifth of a table, and the part that is most like what follows,
    is too much to leave out (a shop's sessions, five splits by month: average precision 0.684 with, 0.668 without).
    """

    def learnt(rows: pd.DataFrame) -> Classifier:
        model = make(estimator, features=task.features, settings=settings)
        assert isinstance(model, Classifier)
        return model.fit(rows, seed=seed)

    model = learnt(task.train.assign(as_of=task.train["as_of"].max()))  # of one week nothing is held out
    model.calibration = learnt(task.train).calibration
    return model


def figures(labels: Labels, score: Floats, /) -> dict[str, float]:
    """Every metric of one score."""
    return {name: round(metric(labels, score), 4) for name, metric in METRICS.items()}


def alarm(task: Task, score: Floats, /) -> list[str]:
    """The columns of the file that ring the leak alarm on the test rows; indicators of one column ring together."""
    rows = by_column(task.train, task.test, task.columns)
    return list(leak_alarm(rows, score, features=tuple(column.name for column in task.columns)))


def why(trials: pd.DataFrame, /) -> str:
    """What the choice rests on."""
    if tried := int(trials["auc"].notna().sum()):
        return f"the first of {tried} candidates whose AUC at rolling origins within the training rows is not beaten"
    return "the reference, as the training rows cannot be split by time into parts that hold both outcomes"


def show(task: Task, told: Mapping[str, Any], trials: pd.DataFrame, /) -> None:
    """Print the figures for people."""
    for sentence in filter(None, task.notes):
        print(sentence)
    print(
        f"{told['trained_on']:,} rows to learn from, {told['rows']:,} to test on, base rate {told['base_rate']:.3f}; "
        f"{len(task.columns)} columns as {len(task.features)} features."
    )
    print(f"Chosen: {told['chosen']} with {json.dumps(told['settings'])}, {why(trials)}.")
    print(pd.DataFrame(told["models"]).T.to_string(float_format=lambda value: f"{value:.4f}"))
    ringing = ", ".join(told["leak_alarm"]) or "silent"
    print(f"Leak alarm (a column alone has {LEAK_RATIO} of the chosen model's lift): {ringing}.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
