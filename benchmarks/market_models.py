"""Every model of one simulated market: settings and weights from the weeks before the test, lists for its Mondays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.market_weeks import Monday, mondays
from lyceum.simulator.market import live_market
from models.recommendation.audience import Audience
from models.recommendation.content import Content
from models.recommendation.denoising import Denoising
from models.recommendation.evaluation import ndcg_at_k
from models.recommendation.hybrid import Hybrid, collaborative
from models.recommendation.interactions import gathered
from models.recommendation.next_in_series import NextInSeries
from models.recommendation.popular_in_category import PopularInCategory
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from models.recommendation.reranking import Aims, reranked, scored_lists
from models.recommendation.teaching import taught
from models.recommendation.tuning import tuned
from models.recommendation.weighing import Lesson

WEEKS = 26
LEARN, CHECK, TEST = (16, 17, 18), (19, 20, 21), (22, 23, 24, 25)
K, SHOWN = 10, 20
BUDGET = 20.0  # nominal seconds of tuning per model
LATELY = "decayed_14d"
WAYS = {"weights": False, "ranker": True}  # by the weighed evidence alone, or reordered by trees

# The settings that are tried for each collaborative model, around its own start.
MOVES: dict[str, list[tuple[str, list[Any]]]] = {
    "item_neighbours": [("shrinkage", [0.0, 30.0, 100.0]), ("neighbours_kept", [50, 300])],
    "rp3beta": [("alpha", [0.3, 0.7]), ("beta", [0.0, 0.15, 0.45])],
    "ease": [("regularisation", [50.0, 500.0, 1000.0])],
    "matrix_factorisation": [("dimensions", [16, 32, 64]), ("regularisation", [0.001, 0.01, 0.03])],
    "graph_filter": [
        ("dimensions", [32, 128]),
        ("low_pass", [0.03, 0.3]),
        ("exponents", [[0.5, 0.5, 0.5], [0.5, 0.5, 0.0]]),
    ],
}
LONG = 50  # places of the lists that are reordered
AIMS = {
    "as it is": Aims(),
    "variety 0.1": Aims(variety=0.1),
    "variety 0.3": Aims(variety=0.3),
    "fairness 0.1": Aims(fairness=0.1),
    "fairness 0.3": Aims(fairness=0.3),
    "both 0.1": Aims(variety=0.1, fairness=0.1),
    "both 0.3": Aims(variety=0.3, fairness=0.3),
}
Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Tried:
    """One model on one Monday: the lists of everybody active, and what those chose who chose something."""

    name: str
    monday: Monday
    shown: pd.DataFrame
    chosen_of: pd.DataFrame = field(default_factory=pd.DataFrame)  # longer lists with scores, if there were any

    @cached_property
    def relevant(self) -> pd.DataFrame:
        """user_id, item_id chosen by people who got a list."""
        after = self.monday.after
        return after[after["user_id"].isin(self.monday.active)]

    @cached_property
    def ndcg(self) -> pd.Series:
        """NDCG@10 by user."""
        return ndcg_at_k(self.shown, self.relevant, k=K)


@dataclass(frozen=True)
class Measured:
    """One world: every model on every Monday of the test, and what the check chose."""

    seed: int
    chosen: str
    checked: Mapping[str, float]
    weights: Mapping[str, float]
    tried: list[Tried]
    traded: list[Tried]  # the hybrid's lists of the last Monday, reordered for other aims

    @property
    def mondays(self) -> list[Monday]:
        """The Mondays of the test."""
        return list({tried.monday.week: tried.monday for tried in self.tried}.values())

    @property
    def why(self) -> str:
        """The figures of the check."""
        return ", ".join(f"{name} {value:.4f}" for name, value in self.checked.items()) + f": {self.chosen}"


def measured(*, users: int, seed: int) -> Measured:
    """Live a market, learn, check, and make the lists of the test."""
    market = live_market(users=users, weeks=WEEKS, seed=seed, ask=TEST)
    learn, check, test = (mondays(market, weeks) for weeks in (LEARN, CHECK, TEST))
    settings = tuned_settings(check, seed=seed)
    fitted = {each.week: fitted_hybrid(each, settings, seed=seed) for each in (*learn, *check)}
    lessons = {each.week: fitted[each.week].lesson(each.after, exclude=each.exclude) for each in (*learn, *check)}
    checked = checked_ways([lessons[each.week] for each in learn], check, fitted, seed=seed)
    chosen = max(checked, key=lambda name: checked[name])
    teacher = taught(fitted[check[-1].week], list(lessons.values()), trees=WAYS[chosen], seed=seed)
    tried: list[Tried] = []
    for monday in test:
        tried += lists(singles(monday, settings, seed=seed), monday)
        hybrid = fitted_hybrid(monday, settings, seed=seed).taught(teacher.weights, trees=teacher.trees)
        tried += lists({"hybrid": hybrid}, monday)
    return Measured(seed, chosen, checked, teacher.weights, tried, list(reordered(hybrid, test[-1])))


def checked_ways(
    learn: Sequence[Lesson], check: Sequence[Monday], fitted: Mapping[int, Hybrid], /, *, seed: int
) -> dict[str, float]:
    """NDCG@10 of each way of ranking on the weeks of the check, when it learnt on those before."""
    found = {}
    for name, trees in WAYS.items():
        teacher = taught(fitted[check[0].week], learn, trees=trees, seed=seed)
        ways = {each.week: fitted[each.week].taught(teacher.weights, trees=teacher.trees) for each in check}
        gained = [tried.ndcg for each in check for tried in lists({name: ways[each.week]}, each)]
        found[name] = float(pd.concat(gained).mean())
    return found


def tuned_settings(check: Sequence[Monday], /, *, seed: int) -> Settings:
    """Settings of the collaborative models, tuned on what was new to people in the weeks of the check."""
    known = gathered(check[0].before)
    later = pd.concat([monday.after for monday in check]).drop_duplicates()
    before = pd.MultiIndex.from_frame(check[0].before[["user_id", "item_id"]])
    new = later[~pd.MultiIndex.from_frame(later).isin(before)]
    starts = {model.name: model for model in collaborative({name: {} for name in MOVES}, known, seed=seed)}
    return {
        name: tuned(starts[name], known, new, moves=moves, k=K, budget_seconds=BUDGET, seed=seed).settings
        for name, moves in MOVES.items()
    }


def fitted_hybrid(monday: Monday, settings: Settings, /, *, seed: int) -> Hybrid:
    """The hybrid fitted on what was known on a Monday, held to what may be shown."""
    model = Hybrid(catalogue=monday.catalogue, people=monday.people, as_of=monday.as_of.date(), parts=settings)
    return model.fit(monday.before, seed=seed).restrict(monday.allowed, rules=monday.rules)


def singles(monday: Monday, settings: Settings, /, *, seed: int) -> dict[str, Recommender]:
    """Every single model fitted on what was known on a Monday."""
    known, lately = gathered(monday.before), gathered(monday.before, weight=LATELY)
    platform: dict[str, Any] = {"catalogue": monday.catalogue, "as_of": monday.as_of.date()}
    return {
        "popularity": Popularity().learn(known, seed=seed),
        "popular_lately": Popularity().learn(lately, seed=seed),
        "audience": Audience(people=monday.people, **platform).learn(lately, seed=seed),
        "next_in_series": NextInSeries(**platform).learn(lately, seed=seed),
        "popular_in_category": PopularInCategory(**platform).learn(known, seed=seed),
        "in_category_lately": PopularInCategory(**platform).learn(lately, seed=seed),
        "content": Content(**platform).learn(known, seed=seed),
        "denoising_autoencoder": Denoising().learn(known, seed=seed),
        **{part.name: part for part in collaborative(settings, known, seed=seed)},
    }


def lists(models: Mapping[str, Recommender], monday: Monday, /) -> Iterator[Tried]:
    """The lists of everybody active, by each model, all held to the same rules."""
    for name, model in models.items():
        held = model.restrict(monday.allowed, rules=monday.rules)
        yield Tried(name, monday, held.listed(monday.active, k=SHOWN, exclude=monday.exclude))


def reordered(hybrid: Hybrid, monday: Monday, /) -> Iterator[Tried]:
    """The lists of a Monday, the best 20 of 50 by each of `AIMS`."""
    long = scored_lists(hybrid, monday.active, k=LONG, exclude=monday.exclude)
    known: dict[str, Any] = {"vectors": hybrid.evidence.content.vectors, "authors": hybrid.side.author}
    for name, aims in AIMS.items():
        yield Tried(name, monday, reranked(long, items=hybrid.items, **known, aims=aims, k=SHOWN), long)


def gain(worlds: Sequence[Measured], /, *, seed: int, draws: int) -> dict[str, Any]:
    """NDCG@10 of the hybrid over the best single model's, relative: worlds are drawn, and people within them.

    The best single model is the one with the best mean over all worlds of the test itself: nobody could know it.
    """
    by_world = [ndcg_by_model(world) for world in worlds]
    means = pd.DataFrame([table.mean() for table in by_world])
    best = str(means.drop(columns="hybrid").mean().idxmax())
    rng = np.random.default_rng(seed)
    both = [table[["hybrid", best]].to_numpy() for table in by_world]
    drawn = []
    for _ in range(draws):
        picked = [both[at] for at in rng.integers(0, len(both), len(both))]
        hybrid, single = np.mean(
            [rows[rng.integers(0, len(rows), len(rows))].mean(axis=0) for rows in picked], axis=0
        )
        drawn.append(hybrid / single - 1)
    own_best = means.drop(columns="hybrid").max(axis=1)
    return {
        "hybrid_gain": float(means["hybrid"].mean() / means[best].mean() - 1),
        "hybrid_gain_95": [float(end) for end in np.percentile(drawn, [2.5, 97.5])],
        "best_single": best,
        "hybrid_gain_worst_world": float((means["hybrid"] / own_best - 1).min()),
    }


def ndcg_by_model(world: Measured, /) -> pd.DataFrame:
    """NDCG@10: a row per person and Monday, a column per model."""
    keyed = [tried.ndcg.rename(tried.name).to_frame().assign(week=tried.monday.week) for tried in world.tried]
    whole = pd.concat([each.set_index("week", append=True) for each in keyed])
    return whole.groupby(level=[0, 1]).first()
