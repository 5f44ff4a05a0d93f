"""How near the project's models come to what can be known: `python -m benchmarks.oracle --worlds 5 [--seed 1]`.

In each simulated world the thin models are fitted on earlier weeks and measured on the newest week whose outcome is
over, as the weekly run does it. Beside them stand the attainable oracles (what the log tells: for retention a Bayes
filter over the simulator's own latents, for purchases trees fitted on twenty times the people with further columns of
the log) and the true chance, from the latents themselves, which no log tells. The last line is one JSON object:
retention_gap (AUC of the oracle less that of the model), purchase_ratio (PR-AUC of the model over the oracle's),
ece_excess (calibration error in 15 bins of equal mass less its mean for a perfect model), and figures behind them.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import bayes
from benchmarks.logs import Lived, frames, live
from benchmarks.traces import traces
from models.classification import matrix
from models.evaluation import evaluate, time_split
from models.metrics import auc, ece, pr_auc
from models.rules import BASELINES
from pipelines.targets import FEATURES, TARGETS, Target

Floats = NDArray[np.float64]
USERS, WEEKS = 5_000, 26
TIMES = 20  # how many times the people the reference is fitted on
HORIZON = 4  # weeks until an outcome is over
FIRST = 7  # the first Monday that is trained on
REFERENCE_WEEKS = 22
NULL_DRAWS = 200
NAMES = ("retention_28d", "purchase_28d")
FIGURES: dict[str, Callable[[Any, Floats], float]] = {"auc": auc, "pr_auc": pr_auc, "ece": ece}


@dataclass(frozen=True)
class Reference:
    """The estimators of both outcomes that were fitted on a much larger world."""

    models: dict[str, Any]

    def score(self, lived: Lived, frame: pd.DataFrame, name: str, /) -> Floats:
        """The chance of the outcome for each row."""
        return np.asarray(self.models[name].predict_proba(columns(lived, frame))[:, 1], np.float64)


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oracle", description=str(__doc__).split("\n")[0])
    parser.add_argument("--worlds", type=int, default=5, help="how many worlds (default 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default 1)")
    parser.add_argument("--world", default="demo", help="which of worlds.toml (default demo)")
    parser.add_argument("--users", type=int, default=USERS, help=f"people in each (default {USERS})")
    given = parser.parse_args(argv)
    begin = time.monotonic()
    reference = fit_reference(given.world, users=given.users * TIMES, seed=given.seed)
    print(f"Reference of {given.users * TIMES:,} people fitted after {time.monotonic() - begin:.0f} s.", flush=True)
    rows = []
    for number in range(given.worlds):
        rows += measure(given.world, reference, users=given.users, seed=given.seed + number)
        print(f"World {number + 1} of {given.worlds} measured after {time.monotonic() - begin:.0f} s.", flush=True)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))
    print(json.dumps({**summary(table), "worlds": given.worlds, "seconds": round(time.monotonic() - begin, 1)}))
    return 0


def fit_reference(world: str, /, *, users: int, seed: int) -> Reference:
    """Boosted trees on the snapshots of a world with many people, another one than any that is measured on."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    lived = live(world, users=users, weeks=REFERENCE_WEEKS, seed=1_000_000 + seed, ask=REFERENCE_WEEKS)
    last = REFERENCE_WEEKS - HORIZON
    frame = frames(lived, mondays=[last - 4, last - 2, last], known_until=REFERENCE_WEEKS)
    models = {}
    for target in targets():
        known = frame[frame[target.label].notna()]
        trees = HistGradientBoostingClassifier(
            learning_rate=0.08, max_iter=140, max_leaf_nodes=15, min_samples_leaf=100, early_stopping=False
        )
        with threadpool_limits(1):  # on a busy machine its threads wait for each other longer than they work
            models[target.name] = trees.fit(columns(lived, known), known[target.label].to_numpy(np.int64))
    return Reference(models)


def columns(lived: Lived, frame: pd.DataFrame, /) -> Floats:
    """What the reference reads: the snapshot, and the traces that somebody who knows the shop would look for."""
    return np.column_stack([matrix(frame, FEATURES), traces(lived, frame)])


def targets() -> list[Target]:
    """The two predictions that are measured."""
    return [target for target in TARGETS if target.name in NAMES]


def measure(world: str, reference: Reference, /, *, users: int, seed: int) -> list[dict[str, object]]:
    """One row per outcome and estimator: what ships, the oracles, the true chance."""
    newest = WEEKS - HORIZON
    lived = live(world, users=users, weeks=WEEKS, seed=seed, ask=newest)
    frame = frames(lived, mondays=[*range(FIRST, newest - HORIZON + 1), newest], known_until=WEEKS)
    rows: list[dict[str, object]] = []
    for target in targets():
        known = frame[frame[target.label].notna()]
        labelled = known[["user_id", "as_of", *FEATURES]].assign(label=known[target.label].to_numpy())
        train, test = time_split(labelled, delay_days=target.delay_days)
        scores = shipped(target, labelled, train, test, seed=seed)
        scores |= oracles(lived, reference, target.name, test, week=newest)
        rows += [figures(target.name, name, test, score, seed=seed) for name, score in scores.items()]
    return rows


def shipped(
    target: Target, labelled: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, /, *, seed: int
) -> dict[str, Floats]:
    """What the weekly run would ship, fitted on the earlier weeks."""
    makers = {**BASELINES, **target.candidates}
    found = evaluate(
        target.candidates, labelled, baselines=BASELINES, delay_days=target.delay_days, seed=seed, minimum=300
    )
    model = makers[str(found.chosen)]().fit(train, seed=seed)
    return {"model": model.score(test)["probability"].to_numpy(np.float64)}


def oracles(lived: Lived, reference: Reference, name: str, test: pd.DataFrame, /, *, week: int) -> dict[str, Floats]:
    """The chances that the log, read as well as can be, gives; and the true ones."""
    people = test["user_id"].to_numpy()
    found = {"reference": reference.score(lived, test, name), "true": lived.outlook[NAMES.index(name)][people]}
    if name == "retention_28d":
        found["filter"] = bayes.retention(lived, week=week)[people]
    return found


def figures(outcome: str, name: str, test: pd.DataFrame, score: Floats, /, *, seed: int) -> dict[str, object]:
    """AUC, PR-AUC and calibration of one estimator on the newest week."""
    labels = test["label"].to_numpy(np.int64)
    found = {metric: figure(labels, score) for metric, figure in FIGURES.items()}
    found["ece_excess"] = found["ece"] - null_ece(score, seed=seed)
    return {"seed": seed, "outcome": outcome, "estimator": name, "rows": len(test), "base": labels.mean(), **found}


def null_ece(score: Floats, /, *, seed: int) -> float:
    """The mean calibration error of a perfect model with these probabilities, from drawn outcomes."""
    rng = np.random.default_rng(seed)
    drawn = (ece((rng.random(len(score)) < score).astype(np.int64), score) for _ in range(NULL_DRAWS))
    return float(np.nanmean(list(drawn)))


def summary(table: pd.DataFrame, /) -> dict[str, float]:
    """The figures of the last line: means over worlds."""
    means = table.groupby(["outcome", "estimator"])[["auc", "pr_auc", "ece_excess"]].mean()

    def figure(outcome: str, name: str, metric: str) -> float:
        return float(means[metric].to_dict()[(outcome, name)])

    retention, purchase = NAMES
    found = {
        "retention_gap": figure(retention, "filter", "auc") - figure(retention, "model", "auc"),
        "purchase_ratio": figure(purchase, "model", "pr_auc") / figure(purchase, "reference", "pr_auc"),
        "ece_excess": (figure(retention, "model", "ece_excess") + figure(purchase, "model", "ece_excess")) / 2,
        "retention_auc": figure(retention, "model", "auc"),
        "retention_auc_oracle": figure(retention, "filter", "auc"),
        "retention_auc_reference": figure(retention, "reference", "auc"),
        "retention_auc_true": figure(retention, "true", "auc"),
        "purchase_pr_auc": figure(purchase, "model", "pr_auc"),
        "purchase_pr_auc_oracle": figure(purchase, "reference", "pr_auc"),
        "purchase_pr_auc_true": figure(purchase, "true", "pr_auc"),
        "retention_ece_excess": figure(retention, "model", "ece_excess"),
        "purchase_ece_excess": figure(purchase, "model", "ece_excess"),
    }
    return {name: round(value, 4) for name, value in found.items()}


if __name__ == "__main__":
    sys.exit(main())
