"""How good the lists of a knowledge platform are: `python -m benchmarks.market --worlds 10 [--seed 1]`.

In each simulated market of courses everybody's choices of half a year are known. The recommenders see what a platform
would: the catalogue with its texts, who came through which channel, what was had before a Monday. Settings of the
single models, the weights of the hybrid and the way it ranks are chosen on the weeks before the last four; those four
Mondays are the test: a list of 20 for everybody active, made of what was known on the Monday, against what was chosen
in the week. All items on sale are ranked. Every model is held to the same rules: nothing owned, nothing out of
order.

The last line is one JSON object: hybrid_gain (NDCG@10 of the hybrid over that of the single model with the best mean
over all worlds, relative, with its 95 % interval from drawing worlds and people within them), cold_ratio (of choices
of items that nobody had before, those the hybrid had in its 20 over those that somebody had who knows every person's
utilities), coverage (share of the items on sale that somebody is shown, mean over Mondays), owned_shown (rows shown
that break a rule, counted from the world's truth), and figures behind them.
"""

import argparse
import json
import sys
import time
from typing import Any

import pandas as pd

from benchmarks.market_models import SHOWN, Measured, Tried, gain, measured
from benchmarks.market_weeks import best_possible, broken_rules
from models.recommendation.comparing import HISTORIES, PER_USER
from models.recommendation.evaluation import coverage, list_similarity, ndcg_at_k, novelty, popularity_bias
from models.recommendation.interactions import gathered
from models.recommendation.reranking import attention_gap

USERS = 3_000
DRAWS = 2_000
NEW_DAYS = 28
BROKEN = ("owned", "not_on_sale", "out_of_order", "whole_bundles")
HEAD = 8  # columns of the first table
FIGURES = (("ndcg", 10), ("recall", 20), ("precision", 10), ("map", 10))


def main(argv: list[str] | None = None, /) -> int:
    """Print the tables and the JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market", description=str(__doc__).split("\n")[0])
    parser.add_argument("--worlds", type=int, default=10, help="how many worlds (default 10)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default 1)")
    parser.add_argument("--users", type=int, default=USERS, help=f"people in each (default {USERS:,})")
    given = parser.parse_args(argv)
    begin, cpu = time.monotonic(), time.process_time()
    worlds, rows = [], []
    for number in range(given.worlds):
        worlds.append(measured(users=given.users, seed=given.seed + number))
        rows += [figures(tried) for tried in (*worlds[-1].tried, *known_truth(worlds[-1]))]
        spent = f"{time.monotonic() - begin:.0f} s, {time.process_time() - cpu:.0f} CPU s"
        print(f"World {number + 1} of {given.worlds} after {spent}; check: {worlds[-1].why}.", flush=True)
    table = pd.DataFrame(rows)
    shown = (
        table.drop(columns=["cold_hits", "cold_wanted", *BROKEN]).groupby("model").mean().sort_values("ndcg_at_10")
    )
    for part in (shown.iloc[:, :HEAD], shown.iloc[:, HEAD:]):
        print(part.to_string(float_format=lambda value: f"{value:.4f}"), end="\n\n")
    print(costs(worlds).to_string(float_format=lambda value: f"{value:.4f}"), end="\n\n")
    found = {**gain(worlds, seed=given.seed, draws=DRAWS), **summary(table)}
    seconds = {"seconds": time.monotonic() - begin, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps({**rounded(found), "worlds": given.worlds, **rounded(seconds)}))
    return 0


def figures(tried: Tried, /) -> dict[str, Any]:
    """Everything that is measured of one model on one Monday: a row of the table."""
    monday, shown, relevant = tried.monday, tried.shown, tried.relevant
    known = gathered(monday.before)
    shares = pd.Series(known.shares, index=known.items)
    age = monday.ages
    cold = relevant[relevant["item_id"].isin(monday.cold)]
    new = relevant["item_id"].map(age) < NEW_DAYS
    return {
        "model": tried.name,
        **{f"{name}_at_{k}": float(PER_USER[name](shown, relevant, k=k).mean()) for name, k in FIGURES},
        "coverage": coverage(shown, catalogue=len(monday.allowed), k=SHOWN),
        "novelty": novelty(shown, shares, k=SHOWN),
        "popularity_bias": popularity_bias(shown, shares, k=SHOWN),
        "list_similarity": list_similarity(shown, known, k=SHOWN),
        **by_history(tried),
        "ndcg_new_items": float(ndcg_at_k(shown, relevant[new], k=10).mean()),
        "ndcg_older_items": float(ndcg_at_k(shown, relevant[~new], k=10).mean()),
        "places_of_new": float((shown["item_id"].map(age) < NEW_DAYS).mean()),
        "cold_hits": len(cold.merge(shown[["user_id", "item_id"]])),
        "cold_wanted": len(cold),
        **broken_rules(shown, monday),
    }


def by_history(tried: Tried, /) -> dict[str, float]:
    """NDCG@10 by how many items people had before."""
    had = tried.monday.before.groupby("user_id").size().reindex(tried.ndcg.index, fill_value=0)
    return {f"ndcg_{part}": float(tried.ndcg[had.between(*ends)].mean()) for part, ends in HISTORIES.items()}


def costs(worlds: list[Measured], /) -> pd.DataFrame:
    """What reordering for variety or fairness to authors costs and gains on the last Mondays, means over worlds."""
    rows = []
    for tried in (each for world in worlds for each in world.traded):
        authors = tried.monday.catalogue.set_index("item_id")["author_id"].dropna()
        known = gathered(tried.monday.before)
        row = {"aim": tried.name, "ndcg_at_10": float(tried.ndcg.mean())}
        row["list_similarity"] = list_similarity(tried.shown, known, k=SHOWN)
        row["attention_gap"] = attention_gap(tried.shown, tried.chosen_of, authors=authors)
        rows.append(row)
    return pd.DataFrame(rows).groupby("aim").mean()


def known_truth(world: Measured, /) -> list[Tried]:
    """The lists of somebody who knows the utilities, for those who chose something."""
    return [Tried("oracle", monday, best_possible(monday, k=SHOWN)) for monday in world.mondays]


def summary(table: pd.DataFrame, /) -> dict[str, Any]:
    """The figures of the last line that the table holds."""
    means, sums = (by_key(each) for each in (table.groupby("model").mean(), table.groupby("model").sum()))
    cold = {name: sums[name]["cold_hits"] / sums[name]["cold_wanted"] for name in ("hybrid", "oracle")}
    broken = {name: round(sums["hybrid"][name]) for name in BROKEN}
    return {
        "cold_ratio": cold["hybrid"] / cold["oracle"],
        "coverage": means["hybrid"]["coverage"],
        "owned_shown": broken["owned"] + broken["not_on_sale"],
        "rules_broken": broken["out_of_order"] + broken["whole_bundles"],
        "cold_recall": cold["hybrid"],
        "cold_recall_oracle": cold["oracle"],
        "cold_choices": round(sums["hybrid"]["cold_wanted"]),
        "places_of_new": means["hybrid"]["places_of_new"],
        "ndcg": {name: figure["ndcg_at_10"] for name, figure in means.items()},
        "recall": {name: figure["recall_at_20"] for name, figure in means.items()},
    }


def by_key(table: pd.DataFrame, /) -> dict[str, dict[str, float]]:
    """The rows of a table of figures by their index."""
    return {str(name): dict(zip(table.columns, row, strict=True)) for name, *row in table.itertuples()}


def rounded(found: Any, /) -> Any:  # noqa: ANN401 - any nesting of JSON values
    """The same values with floats of four places."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return round(found, 4) if isinstance(found, float) else found


if __name__ == "__main__":
    sys.exit(main())
