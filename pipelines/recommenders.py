"""The recommenders that compete on a platform, and how one of them is made for a week."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from models.recommendation import blend, graph_filter
from models.recommendation.audience import Audience
from models.recommendation.blend import Blend
from models.recommendation.evaluation import ndcg_at_k, new_pairs
from models.recommendation.hybrid import PEOPLE, RECENT, Hybrid
from models.recommendation.interactions import gathered
from models.recommendation.on_platform import OnPlatform
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from models.recommendation.reranking import diverse
from models.recommendation.side import COLUMNS, aligned
from models.recommendation.teaching import taught
from models.recommendation.tuning import tuned
from models.recommendation.user_neighbours import UserNeighbours
from models.registry import load_class
from pipelines.recommendation_weeks import WEIGHTS, Week

Settings = Mapping[str, Any]
RULES = ("popularity", "popular_in_category", "next_in_series")  # what anybody would do: the baselines
SINGLE = (*RULES, "content")
LARGE_SHELF = 5_000  # items; an inverse of so many takes seconds and 100 MB, the graph filter stays cheap beyond
HYBRID_CELLS = 500_000_000  # people x items up to which everything that speaks for a pair is weighed
# Of evidence that weights are learnt from. (NDCG@10 of a platform of 9,300 people in two months, item neighbours .253
# and .270: with 5 million .269 and .271, with 20 million .271 and .275, with 60 million, or 4 to 8 weeks, no more.)
LESSON_CELLS = 20_000_000
LONGER = 5  # halves of a list's length, out of which a diverse one is picked
BLENDED_PAIRS = 200_000_000  # up to which people's neighbours are asked: lists of a blend then take 13 CPU seconds
PEOPLE_MEASURED = 20_000
CHOSEN_AT = 10

# What validation may choose, in order of promise (see models.recommendation.tuning).
MOVES: Mapping[str, Sequence[tuple[str, Sequence[Any]]]] = {
    "item_neighbours": (("shrinkage", (0.0, 50.0)), ("weighting", ("bm25",))),
    "rp3beta": (("beta", (0.5, 0.1)), ("alpha", (0.8,))),
    "ease": (("regularisation", (50.0, 1000.0)),),
    "graph_filter": graph_filter.MOVES,
}
_OF_A_WEEK = ("catalogue", "people", "as_of")  # arguments that are no settings


def contenders(week: Week, /) -> tuple[str, ...]:
    """The names of those that compete on a platform of this size.

    Left out are those that were nowhere the best. (NDCG@10 of a week on a simulated platform of 5,000 people: hybrid
    .282, blend .272, item neighbours .271, EASE .265, user neighbours .255, matrix factorisation .208; the blend adds
    less than a CPU second to training there and with twice as many people, where it has .260 beside .261 of EASE.)
    """
    cells = len(week.catalogue) * max(1, len(week.people))
    everything = (Hybrid.name,) if cells <= HYBRID_CELLS else ()
    blended = (Blend.name,) if neighbourly_pairs(week) <= BLENDED_PAIRS else ()
    return (*SINGLE, *collaborative(week), *blended, *everything)


def neighbourly_pairs(week: Week, /) -> float:
    """How often somebody had an item that one of those asked by `UserNeighbours` had too: what its lists cost."""
    people = week.used.groupby("item_id").size().to_numpy(dtype="float64")
    return float((people**2).sum() * min(1.0, UserNeighbours().asked / max(1, week.used["user_id"].nunique())))


def collaborative(week: Week, /) -> tuple[str, ...]:
    """Those that learn from who had what alone: contenders, and parts of the hybrid."""
    return ("item_neighbours", "rp3beta", "ease" if len(week.catalogue) <= LARGE_SHELF else "graph_filter")


def made(name: str, week: Week, settings: Settings, /) -> Recommender:
    """The recommender of this name for a week, not fitted; it shows only what is on sale and fits the rules."""
    kind: Any = load_class(name)
    given: dict[str, Any] = {}
    if issubclass(kind, OnPlatform):
        given = {"catalogue": week.catalogue[list(COLUMNS)], "as_of": week.as_of}
    if issubclass(kind, Hybrid | Audience):
        given["people"] = week.people.assign(refused=False)  # who refused is never shown a list of these
    model: Recommender = kind(**{name: value for name, value in settings.items() if name not in _OF_A_WEEK}, **given)
    return model.restrict(week.on_sale, rules=week.rules)


def bare(name: str, settings: Settings, /) -> Recommender:
    """The same without any person or item: what an artifact may hold."""
    catalogue = pd.DataFrame(columns=[*COLUMNS, "on_sale"]).astype({"on_sale": bool})
    used, people = pd.DataFrame(columns=["user_id", "item_id", *WEIGHTS]), pd.DataFrame(columns=list(PEOPLE))
    return made(name, Week(date.min, used, catalogue, people), settings).restrict(None)


def listed(
    model: Recommender, users: "pd.Index | pd.Series", week: Week, /, *, k: int, diversity: float = 0.0
) -> pd.DataFrame:
    """The lists that a week shows to `users`, as `Recommender.recommend` has them, in the order that ships."""
    if not diversity:
        return model.recommend(users, k=k, exclude=week.exclude)
    return varied(model.recommend(users, k=longer(k), exclude=week.exclude), model, week, k=k, diversity=diversity)


def longer(k: int, /) -> int:
    """The length of the lists out of which diverse ones of `k` are picked."""
    return k * LONGER // 2


def varied(lists: pd.DataFrame, model: Recommender, week: Week, /, *, k: int, diversity: float) -> pd.DataFrame:
    """The `k` rows of each of the longer `lists` of a model that `diversity` picks, with new ranks and scores."""
    side = aligned(week.catalogue[list(COLUMNS)], pd.Index(week.catalogue["item_id"]), as_of=week.as_of)
    places = model.quota if isinstance(model, Hybrid) else 0
    return diverse(lists, side=side, k=k, share=diversity, new_places=places)


def tuned_settings(
    before: Week, after: Week, /, *, start: Mapping[str, Settings], budget_seconds: float, seed: int
) -> dict[str, Settings]:
    """Settings by name that were best at `before` for what people had new by `after`; searched from `start`."""
    known, wanted = gathered(before.used), new_pairs(before.used, after.used)
    found: dict[str, Settings] = {**start, "popularity": {"by": _window(before, wanted)}}
    moves = {**MOVES, Blend.name: blend.moves(len(known.items))}
    search = [name for name in contenders(before) if name in moves]
    for name in search:
        from_here = start.get(name, {})
        if name == Blend.name:
            from_here = {**from_here, "parts": blended_parts(found)}
        best = tuned(
            made(name, before, from_here),
            known,
            wanted,
            moves=moves[name],
            k=CHOSEN_AT,
            budget_seconds=budget_seconds / len(search),
            seed=seed,
        )
        found[name] = best.settings
    return found


def blended_parts(settings: Mapping[str, Settings], /) -> list[tuple[str, Settings]]:
    """The parts of a blend with their settings among `settings`, as they were tuned by themselves."""
    return [(name, settings.get(name, own)) for name, own in blend.PARTS]


def taught_settings(known: Sequence[Week], settings: Settings, /, *, seed: int) -> Settings:
    """`settings` of a hybrid with the weights that explain what people had new from each week to the next one."""
    lessons, hybrid = [], None
    for before, after in pairwise(known):
        hybrid = _hybrid(before, settings, seed)
        people = LESSON_CELLS // (len(known) * max(1, len(hybrid.items) * len(hybrid.evidence.names)))
        taken = few(new_pairs(before.used, after.used), people=people)
        lessons.append(hybrid.lesson(taken, exclude=before.exclude))
    return (
        settings_of({"settings": taught(hybrid, lessons, trees=False, seed=seed).settings()}) if hybrid else settings
    )


def _hybrid(known: Week, settings: Settings, seed: int) -> Hybrid:
    model = made(Hybrid.name, known, settings).fit(known.used, seed=seed)
    if not isinstance(model, Hybrid):
        raise TypeError(f"{model.name} weighs no evidence")
    return model


def few(pairs: pd.DataFrame, /, *, people: int) -> pd.DataFrame:
    """The pairs of at most so many people (at least one), spread over all by id."""
    users = np.sort(pairs["user_id"].unique())
    step = max(1, -(-len(users) // max(1, people)))
    return pairs[pairs["user_id"].isin(users[::step])]


def _window(before: Week, wanted: pd.DataFrame) -> str:
    """The weight by which popular items were wanted most; that of the recent past where nobody can be asked."""
    figures = {by: _gained(before, by, wanted) for by in (RECENT, *WEIGHTS)}
    return max(figures, key=lambda by: figures[by])


def _gained(before: Week, by: str, wanted: pd.DataFrame) -> float:
    asked = few(wanted, people=PEOPLE_MEASURED)
    shown = Popularity(by=by).restrict(before.on_sale, rules=before.rules).fit(before.used, seed=0)
    gains = ndcg_at_k(shown.listed(pd.Index(asked["user_id"].unique()), k=CHOSEN_AT), asked, k=CHOSEN_AT)
    return float(gains.mean()) if len(gains) else 0.0


def settings_of(state: Mapping[str, Any], /) -> dict[str, Any]:
    """The settings in the state of a recommender; those of an earlier version that had none are the defaults."""
    held: Iterable[tuple[str, Any]] = dict(state.get("settings", {})).items()
    return {name: value for name, value in held if name not in _OF_A_WEEK}
