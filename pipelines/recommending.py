"""Recommendations of a week: measured on the last four weeks, fitted on everything, shown to the active."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from features import pairs
from lyceum.tables import marts
from lyceum.tables.features import ITEM_SNAPSHOT
from models.recommendation.evaluation import compare
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.popularity import Popularity
from models.recommendation.recommender import Recommender
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.steps import WHY, Part, skipped
from pipelines.workspace import Workspace

MEASURED_DAYS = 28
MEASURED_AT = (10, 20)
CHOSEN_BY = "ndcg_at_10"
NEIGHBOURS_SHOWN = 20


def had(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """user_id, item_id, weight, owned: who had what before a Monday."""
    used = space.daily.rows("user_items")
    rows = pairs.interactions(used, as_of=as_of, window_days=space.ctx.settings.interaction_days)
    return space.frame(rows.select("user_id", "item_id", "weight", "owned"), order=("user_id", "item_id"))


def train_recommendation(space: Workspace, as_of: date, /) -> Part:
    """Measure the recommenders on the last four weeks and keep the name of the one that ships."""
    ctx = space.ctx
    if champions.entry(ctx.home, "recommendation", as_of=as_of) is not None:
        return Part("recommendation", code="champion_kept", why=WHY["champion_kept"])
    before = had(space, as_of - timedelta(days=MEASURED_DAYS))
    after = had(space, as_of)
    if after.empty:
        return skipped("recommendation", "no_items")
    contenders: list[Recommender] = [Popularity(k=max(MEASURED_AT)), ItemNeighbours(k=max(MEASURED_AT))]
    figures = compare(contenders, before, after, k=MEASURED_AT, seed=ctx.settings.seed)
    chosen = _chosen(figures)
    recommender = next(each for each in contenders if each.name == chosen)
    card = {"metrics": _lines(figures, chosen, as_of - timedelta(days=MEASURED_DAYS))}
    code = "rule_ships" if chosen == Popularity.name else ""
    digest = champions.keep_at_once(
        ctx.home,
        "recommendation",
        recommender.fit(after, seed=ctx.settings.seed),
        as_of=as_of,
        card=card,
        why=WHY.get(code, ""),
    )
    return Part("recommendation", rows=len(after), digest=digest[:16], code=code, why=WHY.get(code, ""))


def _chosen(figures: pd.DataFrame) -> str:
    """The recommender with the best figure; popularity where nothing could be measured or nothing beats it."""
    ranked = figures[figures["metric"] == CHOSEN_BY].set_index("estimator")["value"]
    if ranked.empty or ranked.max() <= ranked[Popularity.name]:
        return Popularity.name
    return str(ranked.idxmax())


def _lines(figures: pd.DataFrame, chosen: str, measured_on: date) -> list[dict[str, object]]:
    lines = figures.assign(
        role=["champion" if name == chosen else "baseline" for name in figures["estimator"]],
        slice="all",
        measured_on=str(measured_on),
        note="people with something new in the four weeks after",
    )
    return [{str(key): value for key, value in line.items()} for line in lines.astype("object").to_dict("records")]


def recommendation_tables(keeper: Keeper, eligible: pd.Series, /) -> Iterator[Part]:
    """recommendations for the people of `eligible`, and item_to_item."""
    space, as_of = keeper.space, keeper.as_of
    held = champions.champion(space.ctx.home, "recommendation", as_of=as_of)
    known = had(space, as_of)
    if held is None or known.empty:
        yield keeper.skip(marts.RECOMMENDATIONS, "no_items")
        yield keeper.skip(marts.ITEM_TO_ITEM, "no_items")
        return
    shelf = space.stored(space.ctx.features, ITEM_SNAPSHOT, where=f"as_of = DATE '{as_of}'", order=("item_id",))
    repeatable = set(shelf.loc[shelf["repeatable"], "item_id"])
    known["owned"] = known["owned"] & ~known["item_id"].isin(repeatable)
    settings = space.ctx.settings
    kinds: dict[str, type[ItemNeighbours] | type[Popularity]] = {
        kind.name: kind for kind in (ItemNeighbours, Popularity)
    }
    model = kinds[held.estimator](k=settings.recommendations).fit(known, seed=settings.seed)
    model = model.restrict(shelf.loc[shelf["on_sale"], "item_id"], repeatable=repeatable)
    code = "rule_ships" if held.estimator == Popularity.name else ""
    shown = model.score(_histories(known, eligible))
    yield keeper.keep(marts.RECOMMENDATIONS, shown, code=code, if_empty="nothing_to_show")
    neighbours = ItemNeighbours(k=settings.recommendations).fit(known, seed=settings.seed)
    yield keeper.keep(marts.ITEM_TO_ITEM, neighbours.neighbours(NEIGHBOURS_SHOWN))


def _histories(known: pd.DataFrame, eligible: pd.Series) -> pd.DataFrame:
    own = known[known["user_id"].isin(eligible)]
    without = eligible[~eligible.isin(own["user_id"])]
    nothing = pd.DataFrame({"user_id": without, "item_id": None, "weight": 0.0, "owned": False})
    return pd.concat([own, nothing.astype(own.dtypes)], ignore_index=True)
