"""How near the project's models come to what can be known: `python -m benchmarks.oracle --worlds 5 [--seed 1]`.

In each simulated world the project chooses an estimator, fits and judges it on earlier weeks and is measured on the
newest week whose outcome is over, by the very functions of the weekly run. Beside it stand every baseline, the
attainable oracles and the true chance, from the latents themselves, which no log tells.

Attainable is what the log tells. For retention that is a Bayes filter over the simulator's own latents (exact but
for what replies and finished courses do to energy). For purchases it is the reference: trees fitted on twenty times
the people, on the project's own columns and on those that somebody looks for who knows how the shop works. It is no
bound: a model that draws more from few people can come near it and, in one world by chance, pass it. A season that
lies ahead is not in the log: a promotion falls into the weeks that are measured and into few of those learnt from,
so that the reference gives too low chances as well, and some calibration error is there for everybody.

The last line is one JSON object: retention_gap (AUC of the oracle less that of the model), purchase_ratio (PR-AUC of
the model over the oracle's), ece_excess (calibration error in 15 bins of equal mass less its mean for a perfect
model, the mean of both outcomes), baselines_beaten (per outcome those of which AUC and PR-AUC both lie below the
model's with the whole 95 % interval, paired and by person, of the mean difference over the worlds), and figures
behind them.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import bayes
from benchmarks.logs import Lived, frames, live
from benchmarks.traces import traces
from lyceum.settings import Settings
from models.bootstrap import resampled
from models.classification.frame import matrix
from models.metrics import auc, ece, ece_excess, pr_auc
from models.rules import BASELINES
from pipelines.challenging import challenged
from pipelines.targets import FEATURES, SLICED_BY, TARGETS, Target

Floats = NDArray[np.float64]
USERS, WEEKS = 5_000, 26
TIMES = 20  # how many times the people the reference is fitted on
HORIZON = 4  # weeks until an outcome is over
FIRST = 7  # the first Monday that is trained on
REFERENCE_WEEKS = 22
NAMES = ("retention_28d", "purchase_28d")
FIGURES: dict[str, Callable[[Any, Floats], float]] = {
    "auc": auc,
    "pr_auc": pr_auc,
    "ece": ece,
    "ece_excess": ece_excess,
}
COMPARED = ("auc", "pr_auc")


@dataclass(frozen=True)
class Reference:
    """The estimators of both outcomes that were fitted on a much larger world."""

    models: dict[str, Any]

    def score(self, lived: Lived, frame: pd.DataFrame, name: str, /) -> Floats:
        """The chance of the outcome for each row."""
        return np.asarray(self.models[name].predict_proba(columns(lived, frame))[:, 1], np.float64)


@dataclass(frozen=True)
class Lead:
    """By how much the model of one world is ahead of a baseline: the difference, and what it is on drawn people."""

    key: tuple[str, str, str]  # outcome, baseline, metric
    value: float
    drawn: Floats


@dataclass(frozen=True)
class Measured:
    """The newest week of one world and outcome, and what everybody said of it; `model` is what ships."""

    seed: int
    chosen: str
    why: str
    test: pd.DataFrame
    scores: dict[str, Floats]

    def rows(self, outcome: str, /) -> list[dict[str, object]]:
        """The figures of each estimator."""
        rows = [figures(outcome, name, self.test, score, seed=self.seed) for name, score in self.scores.items()]
        return [{**row, "chosen": self.chosen if row["estimator"] == "model" else ""} for row in rows]

    def leads(self, outcome: str, /) -> Iterator[Lead]:
        """The model against each baseline, on the same draws of people."""
        labels, users = self.test["label"].to_numpy(np.int64), self.test["user_id"].to_numpy()
        drawn = {
            name: resampled(labels, self.scores[name], users=users, metrics=COMPARED, seed=self.seed)
            for name in ("model", *BASELINES)
        }
        for name in BASELINES:
            for metric in COMPARED:
                value = drawn["model"].values[metric] - drawn[name].values[metric]
                yield Lead((outcome, name, metric), value, drawn["model"].drawn[metric] - drawn[name].drawn[metric])


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
    rows: list[dict[str, object]] = []
    leads: list[Lead] = []
    for number in range(given.worlds):
        for target, world in measure(given.world, reference, users=given.users, seed=given.seed + number):
            print(f"{target}: {world.why}")
            rows += world.rows(target)
            leads += world.leads(target)
        print(f"World {number + 1} of {given.worlds} measured after {time.monotonic() - begin:.0f} s.", flush=True)
    table, beside = pd.DataFrame(rows), pooled(leads)
    for each in (table, beside):
        print(each.to_string(index=False, float_format=lambda value: f"{value:.4f}"))
    found = {**summary(table), "baselines_beaten": beaten(beside), "worlds": given.worlds}
    print(json.dumps({**found, "seconds": round(time.monotonic() - begin, 1)}))
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


def measure(world: str, reference: Reference, /, *, users: int, seed: int) -> Iterator[tuple[str, "Measured"]]:
    """For each outcome what ships, the baselines, the oracles and the true chance on the newest week."""
    newest = WEEKS - HORIZON
    lived = live(world, users=users, weeks=WEEKS, seed=seed, ask=newest)
    frame = frames(lived, mondays=[*range(FIRST, newest - HORIZON + 1), newest], known_until=WEEKS)
    for target in targets():
        known = frame[frame[target.label].notna()]
        rows = known[["user_id", "as_of", *SLICED_BY, *FEATURES]]
        labelled = rows.assign(label=known[target.label].to_numpy(np.int64))
        found = challenged(labelled, target=target, before=None, settings=Settings(seed=seed), compare=False)
        test, verdict = found.origin.test, found.verdict
        scores = {name: verdict.scores[name] for name in BASELINES}
        scores |= {
            "model": verdict.scores[str(verdict.chosen)],
            **oracles(lived, reference, target.name, test, week=newest),
        }
        yield target.name, Measured(seed, str(verdict.chosen), " ".join(verdict.sentences), test, scores)


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
    return {"seed": seed, "outcome": outcome, "estimator": name, "rows": len(test), "base": labels.mean(), **found}


def pooled(leads: "list[Lead]", /) -> pd.DataFrame:
    """outcome, baseline, metric, difference and its 95 % interval: the mean over worlds, people drawn within each."""
    rows = []
    for key in dict.fromkeys(lead.key for lead in leads):
        same = [lead for lead in leads if lead.key == key]
        low, high = np.nanpercentile(np.mean([lead.drawn for lead in same], axis=0), [2.5, 97.5])
        value = float(np.mean([lead.value for lead in same]))
        rows.append((*key, value, float(low), float(high)))
    return pd.DataFrame(rows, columns=["outcome", "baseline", "metric", "model_less_baseline", "low_95", "high_95"])


def beaten(beside: pd.DataFrame, /) -> dict[str, list[str]]:
    """Per outcome the baselines that the model beats in every metric compared, with the whole interval."""
    won: dict[tuple[str, str], bool] = {}
    for outcome, rule, low in zip(beside["outcome"], beside["baseline"], beside["low_95"], strict=True):
        won[outcome, rule] = won.get((outcome, rule), True) and low > 0
    return {name: [rule for (outcome, rule), each in won.items() if each and outcome == name] for name in NAMES}


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
