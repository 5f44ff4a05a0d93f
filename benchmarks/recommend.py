"""Recommenders on any pairs: `python -m benchmarks.recommend --train F [--valid F] --test F --k K`.

Files are CSV, gzipped CSV or Parquet with a header; each may be given several times or be a pattern in quotes. Every
distinct pair of --user and --item counts once; with --positive only rows where that column is above 0 (an order, not
a cancellation). The settings of the graph filter are tuned, and the model is chosen, by NDCG@K on --valid, or without
it on a tenth of the training pairs drawn at random; then everything is fitted again on both, the pairs of both are
hidden, and all other items are ranked for every person. Nothing is learnt from the test.

The last line is one JSON object: models {name: {recall, precision, ndcg, coverage, fit_seconds, recommend_seconds,
fit_cpu, recommend_cpu}}, chosen, settings, run_seconds and run_cpu (fit and rank of the chosen one), tune_seconds,
peak_gb (of the whole process), users.

--simulate U I measures the blend on U people who each had about 20 of I items instead: seconds, memory, and
how much recall of held-out pairs is lost by retrieving some hundred items before the rest of the score is added.

Examples:
    python -m benchmarks.recommend --train train.csv.gz --test valid.csv.gz --k 20
    python -m benchmarks.recommend --train '2011-0[1-8].csv.gz' --valid 2011-09.csv.gz --test 2011-10.csv.gz --k 20 \\
        --user CustomerID --item StockCode --positive Quantity
    python -m benchmarks.recommend --simulate 1000000 20000
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.classify_files import read
from benchmarks.ingest import apart
from benchmarks.made_market import simulated
from benchmarks.waiting import peak_gb
from lyceum.errors import LyceumError, UsageError
from models.recommendation.blend import PARTS, Blend
from models.recommendation.blend import moves as blend_moves
from models.recommendation.denoising import Denoising
from models.recommendation.ease import EASE
from models.recommendation.evaluation import PAIR, coverage, ndcg_at_k, new_pairs, precision_at_k, recall_at_k
from models.recommendation.graph_filter import MOVES as FILTER_MOVES
from models.recommendation.graph_filter import GraphFilter
from models.recommendation.interactions import Interactions, gathered
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.matrix_factorisation import MatrixFactorisation
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from models.recommendation.rp3beta import RP3Beta
from models.recommendation.tuning import few, tuned
from models.recommendation.user_neighbours import UserNeighbours

GF_CF: dict[str, Any] = {
    "exponents": (0.5, 1.0, 0.5),
    "low_pass": 0.3,
    "popular_low_pass": 0.5,
    "sharpening": 0.0,
    "dimensions": 256,
}
EVERYTHING = 10**9  # neighbours and retrieved items of a filter that leaves none out
SLICE = 10  # one in so many training pairs is held out where there is no --valid
BUDGET = 600.0  # nominal seconds of tuning
WIDTHS = {"recall": 8, "precision": 10, "ndcg": 8, "coverage": 9, "fit_seconds": 12, "recommend_seconds": 18}


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line; 2 and a sentence where the files or columns are of no use."""
    given = _arguments(argv)
    try:
        found = apart(simulated, *given.simulate, given.k, given.seed) if given.simulate else apart(measured, given)
    except LyceumError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(found))
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend", description=__doc__, formatter_class=form)
    for name, what in (
        ("train", "pairs to learn from"),
        ("valid", "pairs to tune on"),
        ("test", "pairs to measure on"),
    ):
        parser.add_argument(f"--{name}", action="append", help=f"{what}: file or quoted pattern; may be repeated")
    parser.add_argument("--k", type=int, default=20, help="length of the lists (default 20)")
    parser.add_argument("--user", default="user_id", help="column of people (default user_id)")
    parser.add_argument("--item", default="item_id", help="column of items (default item_id)")
    parser.add_argument("--positive", default=None, help="column that must be above 0 for a row to count")
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("USERS", "ITEMS"), help="instead of files")
    parser.add_argument("--seed", type=int, default=1, help="of the held-out slice and the models (default 1)")
    given = parser.parse_args(argv)
    if not given.simulate and not (given.train and given.test):
        parser.error("give --train and --test, or --simulate")
    return given


def contenders() -> dict[str, Recommender]:
    """Every model that is measured, by the name in the table."""
    return {
        "popularity": Popularity(),
        "item_neighbours": ItemNeighbours(),
        "item_neighbours_bm25": ItemNeighbours(weighting="bm25"),
        "rp3beta": RP3Beta(),
        "ease": EASE(),
        "matrix_factorisation": MatrixFactorisation(),
        "gf_cf": GraphFilter(**GF_CF, neighbours_kept=EVERYTHING, retrieved=EVERYTHING),
        "denoising_autoencoder": Denoising(),
        "user_neighbours": UserNeighbours(),
        "graph_filter": GraphFilter(),
        "blend": Blend(),
    }


def measured(given: argparse.Namespace, /) -> dict[str, Any]:
    """Tune, choose, fit again and measure every model on the files; the figures of the JSON line."""
    train, test = _pairs(given.train, given), _pairs(given.test, given)
    if given.valid is None:
        held = np.random.default_rng(given.seed).permutation(len(train)) % SLICE == 0
        train, valid = train[~held], train[held]
    else:
        valid = _pairs(given.valid, given)
    models = contenders()
    begin = time.monotonic()
    fitted, wanted = gathered(train), new_pairs(train, valid)
    options = {"k": given.k, "budget_seconds": BUDGET, "seed": given.seed}
    search = tuned(models["graph_filter"], fitted, wanted, moves=FILTER_MOVES, **options)
    models["graph_filter"] = models["graph_filter"].varied(search.settings)
    parts = [(name, search.settings if name == "graph_filter" else settings) for name, settings in PARTS]
    blended = tuned(Blend(parts=parts), fitted, wanted, moves=blend_moves(len(fitted.items)), **options)
    models["blend"] = Blend(**blended.settings)
    print(_trials(pd.concat([search.trials, blended.trials])), flush=True)
    chosen = _champion(models, fitted, wanted, k=given.k, seed=given.seed)
    tune_seconds = round(time.monotonic() - begin, 1)
    known = gathered(pd.concat([train, valid], ignore_index=True).drop_duplicates(PAIR))
    wanted = new_pairs(pd.concat([train, valid]), test)
    if wanted.empty:
        raise UsageError("The test holds no pair that is new.", remedy="Give later or other pairs as --test.")
    del fitted
    figures = {}
    print(f"\n{'model':<22}", *(f"{name:>{width}}" for name, width in WIDTHS.items()), flush=True)
    for name, model in models.items():
        figures[name] = _figures(model.varied(model.settings()), known, wanted, k=given.k, seed=given.seed)
        print(f"{name:<22}", *(f"{figures[name][each]:>{width}}" for each, width in WIDTHS.items()), flush=True)
    return {
        "models": figures,
        "chosen": chosen,
        "settings": models[chosen].settings(),
        "run_seconds": round(figures[chosen]["fit_seconds"] + figures[chosen]["recommend_seconds"], 1),
        "run_cpu": round(figures[chosen]["fit_cpu"] + figures[chosen]["recommend_cpu"], 1),
        "tune_seconds": tune_seconds,
        "peak_gb": peak_gb(),
        "users": int(wanted["user_id"].nunique()),
    }


def _pairs(files: Sequence[str], given: argparse.Namespace) -> pd.DataFrame:
    """user_id, item_id and weight 1 of the distinct pairs of the files."""
    texts = read(files)
    if missing := [name for name in (given.user, given.item, given.positive) if name and name not in texts]:
        raise UsageError(
            f"{files[0]} has no column {', '.join(missing)}.",
            remedy=f"There are {', '.join(texts.columns)}: name them with --user, --item and --positive.",
        )
    if given.positive:
        texts = texts[pd.to_numeric(texts[given.positive], errors="coerce") > 0]
    found = texts[[given.user, given.item]].dropna().drop_duplicates().set_axis(PAIR, axis=1)
    if found.empty:
        raise UsageError(f"{files[0]} holds no pair of a person and an item.", remedy="Check the columns.")
    return found.assign(weight=1.0).reset_index(drop=True)


def _champion(
    models: Mapping[str, Recommender], fitted: Interactions, wanted: pd.DataFrame, /, *, k: int, seed: int
) -> str:
    """The model with the best NDCG@k on the validation pairs; popularity where nothing beats it."""
    wanted = few(wanted)
    people = pd.Index(wanted["user_id"].unique())
    ndcg = {}
    for name, model in models.items():
        shown = model.varied(model.settings()).learn(fitted, seed=seed).listed(people, k=k)
        ndcg[name] = float(ndcg_at_k(shown, wanted, k=k).mean())
    return max(ndcg, key=lambda name: ndcg[name])


def _trials(trials: pd.DataFrame) -> str:
    """The trials as lines for people, best last."""
    lines = [
        f"{row.ndcg:.4f} {row.recall:.4f}  {json.dumps(row.settings)}"
        for row in trials.sort_values("ndcg", kind="stable").itertuples()
    ]
    return "\n".join(["  ndcg recall  settings tried on the validation pairs", *lines])


def _figures(
    model: Recommender, known: Interactions, wanted: pd.DataFrame, /, *, k: int, seed: int
) -> dict[str, float]:
    """Fit on everything known, rank for everybody, and measure on those with new pairs."""
    everybody = known.users.union(pd.Index(wanted["user_id"].unique(), dtype="str"))
    clocks = [(time.monotonic(), time.process_time())]
    model.learn(known, seed=seed)
    clocks.append((time.monotonic(), time.process_time()))
    shown = model.listed(everybody, k=k)
    clocks.append((time.monotonic(), time.process_time()))
    (fit, fit_cpu), (recommend, recommend_cpu) = np.diff(np.array(clocks), axis=0).round(1).tolist()
    return {
        "recall": round(float(recall_at_k(shown, wanted, k=k).mean()), 5),
        "precision": round(float(precision_at_k(shown, wanted, k=k).mean()), 5),
        "ndcg": round(float(ndcg_at_k(shown, wanted, k=k).mean()), 5),
        "coverage": round(coverage(shown, catalogue=len(known.items), k=k), 4),
        "fit_seconds": fit,
        "recommend_seconds": recommend,
        "fit_cpu": fit_cpu,
        "recommend_cpu": recommend_cpu,
    }


if __name__ == "__main__":
    sys.exit(main())
